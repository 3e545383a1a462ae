"""FollowUpWindow: visits, pictures, how they were brought together, warnings, changes."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QEvent, Qt, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import (
    QApplication,
    QButtonGroup,
    QDialog,
    QFrame,
    QLabel,
    QProgressBar,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from mirage_core import RESEARCH_USE_ONLY
from mirage_viewer.follow_up.changes_table import ChangesTable
from mirage_viewer.follow_up.maps_page import MapsPage
from mirage_viewer.follow_up.overlay import OverlayView
from mirage_viewer.follow_up.registration_card import RegistrationCard
from mirage_viewer.follow_up.visit_list import VisitList
from mirage_viewer.guard import guarded
from mirage_viewer.panels.widgets import ElidedLabel, Picker, column, label, row
from mirage_viewer.theme import scaled

_FRAME_PX = 40
_TABLE_PX = 120
_HEAD_PX = 32


@guarded
class FollowUpWindow(QDialog):
    """Two visits of one eye; closing it changes nothing.

    Signals
    -------
    pair_picked(str, str)
        Surfaces of the maps.
    copy_requested(), table_requested(), cancel_requested(), again_requested()
    """

    pair_picked = Signal(str, str)
    copy_requested = Signal()
    table_requested = Signal()
    cancel_requested = Signal()
    again_requested = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Follow-up")
        screen = QApplication.primaryScreen()
        wide, high = scaled(1320), scaled(900)
        if screen is not None:
            room = screen.availableGeometry()
            wide, high = min(wide, room.width()), min(high, room.height() - _FRAME_PX)
        self.resize(wide, high)
        self.visits = VisitList()
        self.maps, self.overlay, self.card = MapsPage(), OverlayView(), RegistrationCard()
        self.changes = ChangesTable()
        self._make_head()
        self._make_foot()
        self.warnings = QFrame()
        self.warnings.setProperty("message", "warning")
        self.warning_words = QLabel()
        self.warning_words.setWordWrap(True)
        self.warning_words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column(self.warnings).addWidget(self.warning_words)
        self.warnings.layout().setContentsMargins(10, 5, 10, 6)
        self.empty = label()
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._lay_out()
        self._listed: tuple[str, ...] = ()
        self.card.mixed.connect(self.overlay.set_mix)
        self.card.flicker_requested.connect(self.overlay.flicker)

    def _make_head(self) -> None:
        self.maps_button = QPushButton("Maps")
        self.maps_button.setToolTip("Both visits and their change, side by side")
        self.registration_button = QPushButton("Registration")
        self.registration_button.setToolTip("How one visit lies over the other; move it by hand")
        self._pages_group = QButtonGroup(self)
        for button in (self.maps_button, self.registration_button):
            button.setCheckable(True)
            button.setAutoDefault(False)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self._pages_group.addButton(button)
        self.maps_button.setChecked(True)
        self.maps_button.clicked.connect(lambda: self.show_page(registration=False))
        self.registration_button.clicked.connect(lambda: self.show_page(registration=True))
        self.upper_surface, self.lower_surface = Picker(), Picker()
        for picker, name in (
            (self.upper_surface, "Upper surface of the maps"),
            (self.lower_surface, "Lower surface of the maps"),
        ):
            picker.setMinimumContentsLength(9)
            picker.setMaximumWidth(scaled(150))
            picker.setToolTip(name)
            picker.setAccessibleName(name)
            picker.activated.connect(self._picked)
        self.how = ElidedLabel("small", 2)

    def _make_foot(self) -> None:
        self.state = ElidedLabel("muted", 0)
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(scaled(110))
        self.cancel = QPushButton("Cancel")
        self.again = QPushButton("Compare again")
        self.copy = QPushButton("Copy")
        self.copy.setToolTip("Copy the table as it is sorted, for a spreadsheet")
        self.csv = QPushButton("CSV…")
        self.csv.setToolTip("Write the changes from the baseline to each later visit, a row each")
        for button in (self.cancel, self.again, self.copy, self.csv):
            button.setAutoDefault(False)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.cancel.clicked.connect(self.cancel_requested)
        self.again.clicked.connect(self.again_requested)
        self.copy.clicked.connect(self.copy_requested)
        self.csv.clicked.connect(self.table_requested)

    def _lay_out(self) -> None:
        overlay_page = QWidget()
        beside = row(self.overlay, self.card, wide=self.overlay)
        column(overlay_page, 0).addLayout(beside)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.maps)
        self.pages.addWidget(overlay_page)
        below = QWidget()
        under = column(below, 5)
        under.addWidget(self.warnings)
        under.addWidget(self.changes, 1)
        self.changes.setMinimumHeight(scaled(_TABLE_PX))
        parts = QSplitter(Qt.Orientation.Vertical)
        parts.addWidget(self.pages)
        parts.addWidget(below)
        parts.setStretchFactor(0, 3)
        parts.setStretchFactor(1, 2)
        parts.setChildrenCollapsible(False)
        self.content = QWidget()
        inside = column(self.content, 6)
        head = row(
            self.maps_button,
            self.registration_button,
            self.how,
            label("Thickness", "muted"),
            self.upper_surface,
            label("to", "muted"),
            self.lower_surface,
            wide=self.how,
            spacing=5,
        )
        head.addStrut(scaled(_HEAD_PX))  # what it was measured at before it had a style is less
        inside.addLayout(head)
        inside.addWidget(parts, 1)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.content)
        self._stack.addWidget(self.empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 10, 12, 10)
        layout.setSpacing(7)
        layout.addWidget(self.visits)
        layout.addWidget(self._stack, 1)
        layout.addLayout(
            row(
                self.state,
                self.bar,
                self.cancel,
                self.again,
                label(RESEARCH_USE_ONLY.split(".")[0], "small"),
                self.copy,
                self.csv,
                wide=self.state,
            )
        )

    # ------------------------------------------------------------------ what is shown

    def show_page(self, *, registration: bool) -> None:
        """Show how the visits were brought together, or the maps."""
        (self.registration_button if registration else self.maps_button).setChecked(True)
        self.pages.setCurrentIndex(int(registration))
        if registration:
            self.overlay.setFocus()

    def show_empty(self, words: str) -> None:
        """Say why nothing is compared and what to do; ``""`` shows the comparison."""
        self.empty.setText(words)
        self._stack.setCurrentWidget(self.empty if words else self.content)

    def show_surfaces(self, names: Sequence[str], pair: tuple[str, str]) -> None:
        """List surfaces for the maps, `pair` chosen."""
        listed = tuple(dict.fromkeys((*names, *pair)))
        if listed != self._listed:
            self._listed = listed
            for picker in (self.upper_surface, self.lower_surface):
                picker.clear()
                picker.addItems(list(listed))
        for picker, name in zip((self.upper_surface, self.lower_surface), pair, strict=True):
            picker.setCurrentIndex(picker.findText(name))

    def _picked(self) -> None:
        self.pair_picked.emit(self.upper_surface.currentText(), self.lower_surface.currentText())

    def show_warnings(self, words: Sequence[str]) -> None:
        """Say what makes changes doubtful, above the table."""
        self.warnings.setVisible(bool(words))
        self.warning_words.setText("\n".join(f"⚠  {w}" for w in words))

    def show_work(self, words: str, *, busy: bool, stopped: bool) -> None:
        """Show what goes on."""
        self.state.setText(words)
        self.state.setToolTip(words)
        self.bar.setVisible(busy)
        self.cancel.setVisible(busy)
        self.again.setVisible(stopped)

    def changeEvent(self, event: QEvent) -> None:
        """Write what is greyed in the colours of another theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "changes"):
            self.changes.show_lines(self.changes.lines)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter is the focused button's alone."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.accept()
        else:
            super().keyPressEvent(event)
