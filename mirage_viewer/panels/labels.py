"""Labels: what the B-scan shown, and the scan as a whole, are labelled as."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QEvent, Qt, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import (
    QGridLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from mirage_viewer.guard import guarded
from mirage_viewer.panels.widgets import IconButton, column, label, row
from mirage_viewer.theme import scaled

NONE_OF_THEM = "None of these"
_COLUMNS, _FEWER, _SHORT = 3, 2, 9
"""Short names stand three in a row, long ones two."""
_BUTTON_PX = 26
_KEYS = 9
_TAKE_BACK = "Choose it again to take it back; Undo does not concern labels."
_WHAT_FOR = (
    "Labels say what a B-scan or a whole scan shows, such as CNV, DME or normal. A model can be "
    "taught to tell them (Teach, Classes)."
)


@guarded
class LabelGroup(QWidget):
    """The labels of one place as buttons; digits choose while one of them has the keyboard.

    Signals
    -------
    chosen(object)
        Name of a label, None for none of them.
    """

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.heading = label("", "heading")
        self.others = label("", "small")
        self.others.setWordWrap(True)
        self.buttons: list[QToolButton] = []
        self._names: tuple[str | None, ...] = ()
        self._grid = QGridLayout()
        self._grid.setSpacing(5)
        layout = column(self, 5)
        layout.addWidget(self.heading)
        layout.addLayout(self._grid)
        layout.addWidget(self.others)

    def set_names(self, names: Sequence[str], *, several: bool) -> None:
        """Offer `names`, and none of them where several may hold at once."""
        offered = (*names, *((None,) if several else ()))
        if offered == self._names:
            return
        self._names = offered
        for old in self.buttons:
            self._grid.removeWidget(old)
            old.hide()
            old.deleteLater()
        columns = _COLUMNS if all(len(name) <= _SHORT for name in names) else _FEWER
        for at in range(_COLUMNS):
            self._grid.setColumnStretch(at, int(at < columns))
        self.buttons = []
        for at, name in enumerate(offered):
            button = self._button(at, name)
            if name is None:  # beneath the others, over the whole width
                self._grid.addWidget(button, -(-at // columns), 0, 1, columns)
            else:
                self._grid.addWidget(button, *divmod(at, columns))
            self.buttons.append(button)

    def _button(self, at: int, name: str | None) -> QToolButton:
        made = QToolButton()
        key = "0" if name is None else str(at + 1) if at < _KEYS else ""
        words = NONE_OF_THEM if name is None else name.replace("&", "&&")
        made.setText(f"{key}  {words}" if key else words)
        made.setAccessibleName(words)
        made.setCheckable(True)
        made.setProperty("look", "tool")
        made.setFixedHeight(scaled(_BUTTON_PX))
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        # However long a name is, the panel stays as wide as it is; the tooltip says all of it.
        made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        made.clicked.connect(lambda: self.chosen.emit(name))
        return made

    def show_given(
        self, heading: str, given: Sequence[str] | None, others: str, why_not: str
    ) -> None:
        """Show what the place is labelled as.

        Parameters
        ----------
        heading : str
        given : sequence of str or None
            None: not labelled.
        others : str
            What others labelled it as, or ``""``.
        why_not : str
            Why nothing can be chosen, or ``""``.
        """
        self.heading.setText(heading)
        self.others.setText(others)
        self.others.setVisible(bool(others))
        for button, name in zip(self.buttons, self._names, strict=True):
            on = given is not None and (not given if name is None else name in given)
            button.setChecked(on)
            button.setEnabled(not why_not)
            words = "Looked at, and none of these holds" if name is None else name
            button.setToolTip(why_not or f"{words}. {_TAKE_BACK}")

    def event(self, event: QEvent) -> bool:
        """Keep the digits from the shortcuts while one of the buttons has the keyboard."""
        if event.type() == QEvent.Type.ShortcutOverride:
            assert isinstance(event, QKeyEvent)
            if self._at(event) >= 0:
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose with a digit."""
        at = self._at(event)
        if at >= 0:
            self.buttons[at].click()
        else:
            super().keyPressEvent(event)

    def _at(self, event: QKeyEvent) -> int:
        """Return which button a key presses, -1 for none."""
        number = event.key() - Qt.Key.Key_0
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier or not 0 <= number <= _KEYS:
            return -1
        if number == 0:
            return self._names.index(None) if None in self._names else -1
        there = number <= len(self._names) and self._names[number - 1] is not None
        return number - 1 if there else -1


class LabelsPanel(QWidget):
    """Labels of the B-scan shown and of the scan as a whole.

    Signals
    -------
    chosen(object, bool)
        Name of a label, None for none of them; whether it is the scan as a whole that is labelled.
    define_requested()
        What there is to choose from is to be changed.
    """

    chosen = Signal(object, bool)
    define_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.b_scan, self.scan = LabelGroup(), LabelGroup()
        self.what = label("", "muted")
        self.what.setWordWrap(True)
        self.define = QPushButton("")
        self.define.setToolTip("Say what there is to choose from in this project")
        self.define.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.teach = IconButton(
            "teach", tooltip="Teach a model to tell these labels (Ctrl+Shift+T)", look_name="button"
        )
        inner = QWidget()
        groups = QVBoxLayout(inner)
        groups.setContentsMargins(10, 9, 10, 4)
        groups.setSpacing(8)
        groups.addWidget(self.what)
        groups.addWidget(self.b_scan)
        groups.addWidget(self.scan)
        groups.addStretch()
        scroll = QScrollArea()
        scroll.setWidget(inner)
        scroll.setWidgetResizable(True)
        inner.setAutoFillBackground(False)  # the ground is that of the tabs
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        below = row(self.define, self.teach, wide=self.define)
        below.setContentsMargins(10, 0, 10, 9)
        layout = column(self, 4)
        layout.addWidget(scroll, 1)
        layout.addLayout(below)
        self.define.clicked.connect(self.define_requested)
        self.b_scan.chosen.connect(lambda name: self.chosen.emit(name, False))
        self.scan.chosen.connect(lambda name: self.chosen.emit(name, True))
        self.set_names((), several=False)

    def set_names(self, names: Sequence[str], *, several: bool) -> None:
        """Offer `names`."""
        for group in (self.b_scan, self.scan):
            group.set_names(names, several=several)
            group.setVisible(bool(names))
        self.what.setText("" if names else _WHAT_FOR)
        self.what.setVisible(not names)
        self.teach.setVisible(bool(names))
        self.define.setText("Labels of the project…" if names else "Choose labels…")

    def set_writable(self, on: bool, why_not: str = "") -> None:
        """Say whether what there is to choose from can be changed."""
        self.define.setEnabled(on)
        self.define.setToolTip(why_not or "Say what there is to choose from in this project")

    def take_keyboard(self) -> None:
        """Let digits label the B-scan."""
        first = self.b_scan.buttons[0] if self.b_scan.buttons else self.define
        first.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def repaint_icons(self) -> None:
        """Draw the icons in the theme's colours again."""
        self.teach.repaint_icon()
