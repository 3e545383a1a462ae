"""Docks: the parts of a workbench in the window of a napari viewer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QMainWindow, QSplitter, QWidget

from mirage_viewer.theme import scaled

if TYPE_CHECKING:
    from napari import Viewer

    from napari_mirage.bench.bench import Bench

WORKBENCH, FUNDUS, WORKLIST, TEACH = "Workbench", "Fundus", "Worklist", "Teach"
"""Names of the widgets in the manifest."""
_TITLE = "{} (MIRAGE)"
"""What napari calls their docks when they are opened from its menu."""
_STRIP_PX = 92
_AREAS = {WORKBENCH: "right", FUNDUS: "left", WORKLIST: "bottom", TEACH: "right"}


class Docks:
    """Shows and hides the docks of one bench.

    napari makes a dock when it is asked for and forgets it when it is closed; what was in it
    stays with the bench and goes into the next one.

    Attributes
    ----------
    window : QMainWindow
        The window of the viewer.
    """

    def __init__(self, viewer: Viewer, bench: Bench) -> None:
        self._viewer, self._bench = viewer, bench
        self.window: QMainWindow = viewer.window._qt_window
        self._fundus: QSplitter | None = None
        self._began = self._teaching_ready = False

    @property
    def widgets(self) -> tuple[QWidget, ...]:
        """What is in the docks, or was."""
        always = self._bench, self.fundus, self._bench.worklist.page
        dialog = self._bench.teach.dialog
        return always if dialog is None else (*always, dialog)

    @property
    def fundus(self) -> QWidget:
        """The fundus image over the strip of B-scans."""
        if self._fundus is None:
            self._bench.strip.setMaximumHeight(scaled(_STRIP_PX))
            self._fundus = QSplitter(Qt.Orientation.Vertical)
            self._fundus.addWidget(self._bench.slo)
            self._fundus.addWidget(self._bench.strip)
            self._fundus.setStretchFactor(0, 4)
            self._fundus.setStretchFactor(1, 1)
            self._fundus.setChildrenCollapsible(False)
        return self._fundus

    def show(self, name: str) -> None:
        """Show the dock called `name`, and bring it to the front."""
        widget, dock = self._widget(name), self._dock(name)
        if dock is None:
            size = widget.size()
            dock = self._viewer.window.add_dock_widget(
                widget, name=_TITLE.format(name), area=_AREAS[name]
            )
            if name == TEACH:  # as wide as a window; who has the room puts it beside the image
                dock.setFloating(True)
                dock.resize(size)
        widget.show()
        dock.show()
        dock.raise_()
        if name == WORKBENCH and not self._began:
            # Where one is on the fundus is wanted as soon as one works on a scan.
            self._began = True
            self.show(FUNDUS)

    def show_worklist(self, on: bool) -> None:
        """Show the worklist's dock, or hide it."""
        if on:
            self.show(WORKLIST)
            return
        self.hide(WORKLIST)

    def hide(self, name: str) -> None:
        """Hide the dock called `name`, if it is there."""
        dock = self._dock(name)
        if dock is not None:
            dock.hide()

    @property
    def teaching(self) -> QWidget:
        """The Teach window, as what is in a dock."""
        dialog = self._bench.teach.made()
        if not self._teaching_ready:
            self._teaching_ready = True
            dialog.setWindowFlags(Qt.WindowType.Widget)
            # Esc closes a window; here what is around it goes.
            dialog.finished.connect(lambda _: self.hide(TEACH))
            self._bench.wear_theme()
        return dialog

    def _dock(self, name: str) -> QWidget | None:
        return self._viewer.window._wrapped_dock_widgets.get(_TITLE.format(name))

    def _widget(self, name: str) -> QWidget:
        if name == TEACH:
            return self.teaching
        return dict(zip((WORKBENCH, FUNDUS, WORKLIST), self.widgets[:3], strict=True))[name]
