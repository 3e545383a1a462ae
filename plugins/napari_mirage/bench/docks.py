"""Docks: the parts of a workbench in the window of a napari viewer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QMainWindow, QSplitter, QWidget

from mirage_viewer.theme import scaled

if TYPE_CHECKING:
    from napari import Viewer

    from napari_mirage.bench.bench import Bench

WORKBENCH, FUNDUS, WORKLIST = "Workbench", "Fundus", "Worklist"
"""Names of the widgets in the manifest."""
_TITLE = "{} (MIRAGE)"
"""What napari calls their docks when they are opened from its menu."""
_STRIP_PX = 92
_AREAS = {WORKBENCH: "right", FUNDUS: "left", WORKLIST: "bottom"}


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
        self._began = False

    @property
    def widgets(self) -> tuple[QWidget, ...]:
        """What is in the docks."""
        return self._bench, self.fundus, self._bench.worklist.page

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
        dock = self._viewer.window._wrapped_dock_widgets.get(_TITLE.format(name))
        if dock is None:
            dock = self._viewer.window.add_dock_widget(
                self._widget(name), name=_TITLE.format(name), area=_AREAS[name]
            )
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
        dock = self._viewer.window._wrapped_dock_widgets.get(_TITLE.format(WORKLIST))
        if dock is not None:
            dock.hide()

    def _widget(self, name: str) -> QWidget:
        return dict(zip((WORKBENCH, FUNDUS, WORKLIST), self.widgets, strict=True))[name]
