"""Segment: run an engine, see how far it is, stop it."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QCheckBox, QProgressBar, QPushButton, QStackedWidget, QWidget

from mirage_viewer.panels.widgets import Card, Picker, column, duration, label, row
from mirage_viewer.theme import current_colors, icon

# Name and title of the engines; asking the registry would import every engine's libraries.
ENGINES = (("graph", "Graph search (no weights needed)"),)


class SegmentPanel(Card):
    """Engine, "Segment volume", "This B-scan", progress with time left, cancel.

    Signals
    -------
    segment_requested(str, bool, bool)
        Engine name, whole volume, keep corrected B-scans.
    cancel_requested()
    """

    segment_requested = Signal(str, bool, bool)
    cancel_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Segment")
        if parent is not None:
            self.setParent(parent)
        self.engine = Picker()
        self.engine.setToolTip("What finds the layers and the fluid")
        where = label("on this computer's CPU", "small")
        where.setToolTip("Segmentation runs in a process of its own beside the window")
        self.header.addWidget(where)
        self.volume = QPushButton("Segment volume")
        self.volume.setProperty("look", "primary")
        self.one = QPushButton("This B-scan")
        self.keep = QCheckBox("Keep corrected B-scans")
        self.keep.setChecked(True)
        self.keep.setToolTip(
            "Leave what you corrected or approved as it is; off replaces it (can be undone)"
        )
        self.cancel = QPushButton("Cancel")
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.words = label("", "small")
        for button in (self.volume, self.one, self.keep, self.cancel):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.body.addWidget(self.engine)
        # What runs takes the place of the buttons, so that the tools below stay where they are.
        self._pages = QStackedWidget()
        self._pages.addWidget(self._idle_page())
        self._pages.addWidget(self._running_page())
        self.body.addWidget(self._pages)
        self.volume.clicked.connect(lambda: self.request(whole=True))
        self.one.clicked.connect(lambda: self.request(whole=False))
        self.cancel.clicked.connect(self.cancel_requested)
        self.set_engines(ENGINES)
        self.show_idle(ready=False)
        self.repaint_icons()

    def _idle_page(self) -> QWidget:
        page = QWidget()
        inner = column(page, 7)
        inner.addLayout(row(self.volume, self.one, wide=self.volume))
        inner.addWidget(self.keep)
        return page

    def _running_page(self) -> QWidget:
        page = QWidget()
        inner = column(page, 7)
        inner.addStretch()
        inner.addWidget(self.bar)
        inner.addLayout(row(self.words, self.cancel, wide=self.words))
        inner.addStretch()
        return page

    def set_engines(self, engines: Sequence[tuple[str, str]]) -> None:
        """Offer `engines` as (name, title), the first by default."""
        self.engine.clear()
        for name, title in engines:
            self.engine.addItem(title, name)

    def request(self, *, whole: bool) -> None:
        """Ask for a segmentation with what is chosen here."""
        self.segment_requested.emit(str(self.engine.currentData()), whole, self.keep.isChecked())

    def show_idle(self, *, ready: bool) -> None:
        """No run; `ready` says whether one can be started."""
        self._pages.setCurrentIndex(0)
        self._enable(ready)

    def show_running(
        self, fraction: float, left_s: float | None, *, cancelling: bool = False, where: str = ""
    ) -> None:
        """A run is at `fraction` (0..1) with `left_s` seconds to go, None if not known yet."""
        self._enable(False)
        self._pages.setCurrentIndex(1)
        self.cancel.setEnabled(not cancelling)
        # Moving without a number until the worker has said something.
        self.bar.setRange(0, 1000 if fraction > 0 else 0)
        self.bar.setValue(round(fraction * 1000))
        if cancelling:
            words = "Stopping…"
        elif fraction <= 0:
            words = "Starting…"
        else:
            words = f"{fraction:.0%}"
            if left_s is not None:
                words += f", {duration(left_s)} left"
        self.words.setText(f"{where}{words}")

    def _enable(self, on: bool) -> None:
        for widget in (self.volume, self.one, self.keep, self.engine):
            widget.setEnabled(on)

    def repaint_icons(self) -> None:
        """Draw the icons in the theme's colours again."""
        self.volume.setIcon(icon("segment", current_colors().on_accent))
        self.one.setIcon(icon("segment_one"))
        self.cancel.setIcon(icon("stop"))
