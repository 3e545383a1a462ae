"""DockPages: the worklist as a dock beside the image; in the app it takes the image's place."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QObject, Signal


class DockPages(QObject):
    """Stands for the app's pages. The image is always seen: it is napari's.

    Parameters
    ----------
    parent : QObject
    show : callable
        Shows the worklist's dock, or hides it.

    Signals
    -------
    worklist_shown(bool)
        The worklist came, or went.
    """

    worklist_shown = Signal(bool)
    on_worklist = False

    def __init__(self, parent: QObject, show: Callable[[bool], None]) -> None:
        super().__init__(parent)
        self._show = show

    def show_session(self, session: object) -> None:
        """Nothing to do: layers come and go with the session."""

    def show_worklist(self, on: bool) -> None:
        """Show the worklist, or hide it."""
        self._show(on)
        self.worklist_shown.emit(on)
