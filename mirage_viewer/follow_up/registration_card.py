"""RegistrationCard: how the visits were brought together, and what moves one over the other."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import (
    QDoubleSpinBox,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QSlider,
    QVBoxLayout,
)

from mirage_viewer.follow_up.overlay import Mix
from mirage_viewer.panels.widgets import Picker, label, look, row
from mirage_viewer.theme import scaled

_NO_ARROWS = "QDoubleSpinBox::up-button, QDoubleSpinBox::down-button { width: 0; border: none; }"
_WIDTH_PX = 540
_STEP_PX = 38
_NAME_PX = 40
_HINT = (
    "Drag the picture, or use the arrow keys: a pixel, with Shift ten, with Ctrl a tenth. "
    "F shows one visit, then the other."
)


class RegistrationCard(QFrame):
    """What was found, and controls.

    Signals
    -------
    turned(float)
        Turn in degrees.
    scaled(float)
        Scale beside what the files say.
    find_requested(), keep_requested(), flicker_requested()
    mixed(object, float)
        Mix, and the share of the later visit.
    """

    turned = Signal(float)
    scaled = Signal(float)
    find_requested = Signal()
    keep_requested = Signal()
    flicker_requested = Signal()
    mixed = Signal(object, float)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("look", "card")
        self.setFixedWidth(scaled(_WIDTH_PX))
        self.how = label("", "heading")
        self.facts = label("")
        for words in (self.how, self.facts):
            words.setWordWrap(True)
            words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.turn = _spin(-180.0, 180.0, 0.1, 2, "°", "Turn of the later visit")
        self.scale = _spin(0.3, 3.0, 0.002, 3, "", "Scale of the later visit beside its file's")
        self.steps: dict[QDoubleSpinBox, tuple[QPushButton, QPushButton]] = {}
        self.mix = Picker()
        for mix in Mix:
            self.mix.addItem(mix.value, mix)
        self.mix.setAccessibleName("How both are seen")
        self.share = QSlider(Qt.Orientation.Horizontal)
        self.share.setRange(0, 100)
        self.share.setValue(50)
        self.share.setToolTip("How much of the later visit is seen")
        self.flicker = QPushButton("Flicker (F)")
        self.flicker.setToolTip("See one visit alone, then the other")
        self.find = QPushButton("Find again")
        self.find.setToolTip("Drop what was moved by hand; find it by the vessels")
        self.keep = QPushButton("Use it as it is")
        self.keep.setToolTip("You looked, and it lies right; this is kept with the comparison")
        self.hint = label(_HINT, "small")
        self.hint.setWordWrap(True)
        self.note = label("", "small")
        self.note.setWordWrap(True)
        for button in (self.flicker, self.find, self.keep):
            button.setAutoDefault(False)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._lay_out()
        self.turn.valueChanged.connect(self.turned)
        self.scale.valueChanged.connect(self.scaled)
        self.find.clicked.connect(self.find_requested)
        self.keep.clicked.connect(self.keep_requested)
        self.flicker.clicked.connect(self.flicker_requested)
        self.mix.activated.connect(self._mixed)
        self.share.valueChanged.connect(self._mixed)
        self._mixed()

    def _lay_out(self) -> None:
        controls = QVBoxLayout()
        controls.setSpacing(6)
        for words, spin in (("Turn", self.turn), ("Scale", self.scale)):
            less, more = _step(spin, "−", -1), _step(spin, "+", 1)
            self.steps[spin] = less, more
            name = label(words)
            name.setMinimumWidth(scaled(_NAME_PX))
            controls.addLayout(row(name, spin, less, more, wide=spin, spacing=4))
        controls.addLayout(row(self.find, self.keep, wide=self.keep))
        controls.addLayout(row(self.mix, self.flicker, wide=self.mix))
        controls.addWidget(self.share)
        controls.addStretch()
        told = QVBoxLayout()
        told.setSpacing(6)
        for words in (self.how, self.facts, self.hint, self.note):
            told.addWidget(words)
        told.addStretch()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(11, 9, 11, 10)
        layout.setSpacing(14)
        layout.addLayout(told, 1)
        layout.addLayout(controls, 1)

    def show_registration(
        self,
        how: str,
        facts: Sequence[str],
        values: tuple[float, float] | None,
        *,
        by_hand: bool,
        can_keep: bool,
    ) -> None:
        """Show what was found, and let it be changed.

        Parameters
        ----------
        how : str
            Who brought the visits together.
        facts : sequence of str
        values : (float, float) or None
            Turn in degrees, and scale; None where nothing can be moved.
        by_hand : bool
            A person did, or must.
        can_keep : bool
            It can be used as it is.
        """
        self.how.setText(how[:1].upper() + how[1:])
        look(self.how, "warning" if by_hand else "heading")
        self.facts.setText("\n".join(facts))
        movable = values is not None
        if values is not None:
            for spin, value in zip((self.turn, self.scale), values, strict=True):
                with QSignalBlocker(spin):
                    spin.setValue(value)
        for widget in (self.turn, self.scale, self.mix, self.share, self.flicker, self.find):
            widget.setEnabled(movable)
        for button in (b for pair in self.steps.values() for b in pair):
            button.setEnabled(movable)
        self.share.setEnabled(movable and self.mix.currentData() is Mix.BLEND)
        self.keep.setEnabled(movable and can_keep)

    def _mixed(self, *_: object) -> None:
        mix = Mix(self.mix.currentData())
        self.share.setEnabled(mix is Mix.BLEND)
        self.mixed.emit(mix, self.share.value() / 100)


def _spin(
    low: float, high: float, step: float, digits: int, suffix: str, name: str
) -> QDoubleSpinBox:
    made = QDoubleSpinBox()
    made.setRange(low, high)
    made.setSingleStep(step)
    made.setDecimals(digits)
    made.setSuffix(suffix)
    made.setAccessibleName(name)
    made.setToolTip(name)
    made.setKeyboardTracking(False)
    # Buttons of their own beside it are larger, and follow the theme.
    made.setStyleSheet(_NO_ARROWS)
    return made


def _step(spin: QDoubleSpinBox, text: str, by: int) -> QPushButton:
    made = QPushButton(text)
    made.setAccessibleName(f"{spin.accessibleName()}, {'more' if by > 0 else 'less'}")
    made.setAutoDefault(False)
    made.setAutoRepeat(True)
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    made.setFixedWidth(scaled(_STEP_PX))
    made.clicked.connect(lambda: spin.stepBy(by))
    return made
