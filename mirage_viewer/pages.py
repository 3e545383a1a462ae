"""Pages: what the middle of the window shows: the way in, the image, or the worklist."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QStackedWidget, QWidget


class Pages(QStackedWidget):
    """Start page or image, whichever there is reason for, and the worklist over either.

    The worklist takes the room of the panels beside the image, which have no object there.

    Signals
    -------
    worklist_shown(bool)
        The worklist came, or went.
    """

    worklist_shown = Signal(bool)

    def __init__(self, start: QWidget, image: QWidget, worklist: QWidget) -> None:
        super().__init__()
        self._start, self._image, self._worklist = start, image, worklist
        self._beside: tuple[QWidget, ...] = ()
        self._session: object = None
        for page in (start, image, worklist):
            self.addWidget(page)

    @property
    def on_worklist(self) -> bool:
        """True while the worklist is shown."""
        return self.currentWidget() is self._worklist

    @property
    def on_image(self) -> bool:
        """True while the image is shown."""
        return self.currentWidget() is self._image

    def set_beside(self, *panels: QWidget) -> None:
        """Hide `panels` while the worklist is shown."""
        self._beside = panels

    def show_session(self, session: object) -> None:
        """Show the image of a session, the start page for None.

        The worklist stays unless another scan has been opened.
        """
        another = session is not None and session is not self._session
        self._session = session
        if another or not self.on_worklist:
            self.show_worklist(False)

    def show_worklist(self, on: bool) -> None:
        """Show the worklist, or what lies behind it."""
        before = self.on_worklist
        behind = self._start if self._session is None else self._image
        if on != before:
            for panel in self._beside:
                panel.setVisible(not on)
        self.setCurrentWidget(self._worklist if on else behind)
        if on != before:
            self.worklist_shown.emit(on)
