"""Segment: choose an engine, run it, see how far it is, stop it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QCheckBox, QProgressBar, QPushButton, QStackedWidget, QWidget

from mirage_viewer.engines import always_there
from mirage_viewer.panels.device_button import DeviceButton
from mirage_viewer.panels.widgets import (
    Card,
    ElidedLabel,
    IconButton,
    Picker,
    column,
    duration,
    label,
    row,
)
from mirage_viewer.theme import current_colors, icon, scaled

MODES = (
    ("exact", "Exact", "Computes as the model was trained; its published figures hold for this."),
    ("fast", "Fast", "Rounds more to be several times quicker; some boundary pixels may differ."),
)
"""Name, title, and what it means in one sentence."""


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """An engine as the panel offers it.

    Attributes
    ----------
    name, title : str
    about : str
        For the tooltip.
    modes : tuple of str
        Modes it knows, none if there is but one way.
    movable : bool
        Whether it can run on a graphics card.
    """

    name: str
    title: str
    about: str = ""
    modes: tuple[str, ...] = ()
    movable: bool = False


class SegmentPanel(Card):
    """Engine, mode, device, "Segment volume", "This B-scan", progress with time left, cancel.

    Signals
    -------
    segment_requested(str, bool, bool)
        Engine name, whole volume, keep corrected B-scans.
    cancel_requested()
    engine_picked(str), mode_picked(str), device_picked(str)
        The user chose another.
    project_picked(bool)
        The engine chosen is to be the project's, or the project is to have none.
    """

    segment_requested = Signal(str, bool, bool)
    cancel_requested = Signal()
    engine_picked = Signal(str)
    mode_picked = Signal(str)
    device_picked = Signal(str)
    project_picked = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Segment")
        if parent is not None:
            self.setParent(parent)
        self._choices: tuple[EngineChoice, ...] = ()
        self.engine = Picker()
        self.engine.setToolTip("What finds the layers and the fluid")
        self.mode = Picker()
        self.mode.setMinimumContentsLength(5)
        self.mode.setFixedWidth(scaled(98))
        for name, title, meaning in MODES:
            self.mode.addItem(title, name)
            self.mode.setItemData(
                self.mode.count() - 1, f"{title}: {meaning}", Qt.ItemDataRole.ToolTipRole
            )
        self.mode.setToolTip("\n".join(f"{title}: {meaning}" for _, title, meaning in MODES))
        self.pin = IconButton("project", tooltip="Use for this project")
        self.pin.setCheckable(True)
        self.where = label("on this computer's CPU", "small")
        self.where.setToolTip("The graph search always runs on the CPU, in a process of its own")
        self.device = DeviceButton()
        self.header.addWidget(self.where)
        self.header.addWidget(self.device)
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
        self.words = ElidedLabel("small", 0)  # long words must not make the panel wider
        for button in (self.volume, self.one, self.keep, self.cancel):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.body.addLayout(row(self.engine, self.mode, self.pin, wide=self.engine))
        # What runs takes the place of the buttons, so that the tools below stay where they are.
        self._pages = QStackedWidget()
        self._pages.addWidget(self._idle_page())
        self._pages.addWidget(self._running_page())
        self.body.addWidget(self._pages)
        self.volume.clicked.connect(lambda: self.request(whole=True))
        self.one.clicked.connect(lambda: self.request(whole=False))
        self.cancel.clicked.connect(self.cancel_requested)
        self.engine.activated.connect(lambda _: self.engine_picked.emit(self.chosen))
        self.engine.currentIndexChanged.connect(self._show_engine)
        self.mode.activated.connect(lambda _: self.mode_picked.emit(self.mode.currentData()))
        self.device.picked.connect(self.device_picked)
        self.pin.clicked.connect(self.project_picked)
        known = always_there()
        self.set_engines([EngineChoice(*k) for k in known.items()], next(iter(known)))
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

    @property
    def chosen(self) -> str:
        """Name of the engine that is chosen."""
        return str(self.engine.currentData())

    def set_engines(self, engines: Sequence[EngineChoice], chosen: str) -> None:
        """Offer `engines`, `chosen` by default, or the first if it is not among them."""
        self._choices = tuple(engines)
        self.engine.blockSignals(True)
        self.engine.clear()
        for i, choice in enumerate(engines):
            self.engine.addItem(choice.title, choice.name)
            self.engine.setItemData(i, choice.about or choice.title, Qt.ItemDataRole.ToolTipRole)
        self.engine.setCurrentIndex(max(0, self.engine.findData(chosen)))
        self.engine.blockSignals(False)
        self._show_engine()

    def set_how(self, mode: str, device: str) -> None:
        """Show how models run."""
        self.mode.setCurrentIndex(max(0, self.mode.findData(mode)))
        self.device.show_choice(device)

    def show_project(self, *, offered: bool, own: bool) -> None:
        """Offer to make the engine chosen the project's.

        Parameters
        ----------
        offered : bool
            It can be.
        own : bool
            It is.
        """
        self.pin.setVisible(offered)
        self.pin.setChecked(own)
        title = self.engine.currentText()
        self.pin.setToolTip(
            f"{title} is this project's model; click to let everyone use their own choice"
            if own
            else f"Use for this project: new segmentations take {title}, whoever makes them"
        )

    def _show_engine(self) -> None:
        choice = self._choices[self.engine.currentIndex()]
        self.mode.setVisible(bool(choice.modes))
        self.device.setVisible(choice.movable)
        self.where.setVisible(not choice.movable)
        self.engine.setToolTip(choice.about or "What finds the layers and the fluid")

    def request(self, *, whole: bool) -> None:
        """Ask for a segmentation with what is chosen here."""
        self.segment_requested.emit(self.chosen, whole, self.keep.isChecked())

    def show_idle(self, *, ready: bool) -> None:
        """No run; `ready` says whether one can be started."""
        self._pages.setCurrentIndex(0)
        self._enable(ready)
        for widget in (self.engine, self.mode, self.device):
            widget.setEnabled(True)

    def show_running(
        self,
        fraction: float,
        left_s: float | None,
        *,
        cancelling: bool = False,
        where: str = "",
        loading: str = "Starting…",
    ) -> None:
        """A run is at `fraction` (0..1) with `left_s` seconds to go, None if not known yet.

        Parameters
        ----------
        cancelling : bool
        where : str
            Said before anything else: what runs, if it is not this scan's segmentation.
        loading : str
            What is done while the fraction is 0.
        """
        self._enable(False)
        self._pages.setCurrentIndex(1)
        self.cancel.setEnabled(not cancelling)
        # Moving without a number until the worker has said something.
        self.bar.setRange(0, 1000 if fraction > 0 else 0)
        self.bar.setValue(round(fraction * 1000))
        if cancelling:
            words = "Stopping…"
        elif fraction <= 0:
            words = loading
        else:
            words = f"{fraction:.0%}"
            if left_s is not None:
                words += f", {duration(left_s)} left"
        self.words.setText(f"{where}{words}")
        self.words.setToolTip(self.words.text())

    def _enable(self, on: bool) -> None:
        for widget in (self.volume, self.one, self.keep, self.engine, self.mode, self.device):
            widget.setEnabled(on)

    def repaint_icons(self) -> None:
        """Draw the icons in the theme's colours again."""
        self.pin.repaint_icon()
        self.volume.setIcon(icon("segment", current_colors().on_accent))
        self.one.setIcon(icon("segment_one"))
        self.cancel.setIcon(icon("stop"))
