"""TeachWindow: three steps on one page, beside the scan."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QApplication, QDialog, QHBoxLayout, QScrollArea, QSizePolicy, QWidget

from mirage_viewer.guard import guarded
from mirage_viewer.panels.widgets import column
from mirage_viewer.teach_window.choose import ChooseCard
from mirage_viewer.teach_window.result import ResultCard
from mirage_viewer.teach_window.run import RunCard
from mirage_viewer.theme import scaled

_LEFT_PX = 430
_FRAME_PX = 40


@guarded
class TeachWindow(QDialog):
    """Choose, watch, compare; closing it stops nothing."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Teach a model from corrections")
        screen = QApplication.primaryScreen()
        wide, high = scaled(1240), scaled(780)
        if screen is not None:
            room = screen.availableGeometry()
            wide, high = min(wide, room.width()), min(high, room.height() - _FRAME_PX)
        self.resize(wide, high)
        self.choose_card, self.run_card, self.result_card = ChooseCard(), RunCard(), ResultCard()
        left, right = QWidget(), QWidget()
        beside = column(left, 8)
        beside.addWidget(self.choose_card)
        beside.addStretch()
        scroll = QScrollArea()
        scroll.setWidget(left)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setFixedWidth(scaled(_LEFT_PX))
        inner = column(right, 10)
        inner.addWidget(self.run_card)
        inner.addWidget(self.result_card, 1)
        self.result_card.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(12)
        layout.addWidget(scroll)
        layout.addWidget(right, 1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter is the focused button's alone."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.accept()
        else:
            super().keyPressEvent(event)

    def repaint_icons(self) -> None:
        """Draw the icons in the theme's colours again."""
        for card in (self.choose_card, self.run_card, self.result_card):
            card.repaint_icons()
