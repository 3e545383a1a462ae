"""TeachWindow: three steps on one page, beside the scan; a page for layers, one for classes."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import (
    QApplication,
    QButtonGroup,
    QDialog,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from mirage_viewer.guard import guarded
from mirage_viewer.panels.widgets import row
from mirage_viewer.teach_window.choose import ChooseCard
from mirage_viewer.teach_window.classes.page import ClassesPage
from mirage_viewer.teach_window.result import ResultCard
from mirage_viewer.teach_window.run import RunCard
from mirage_viewer.teach_window.steps import steps
from mirage_viewer.theme import scaled

_FRAME_PX = 40


@guarded
class TeachWindow(QDialog):
    """Choose, watch, compare; closing it stops nothing.

    Signals
    -------
    page_shown(bool)
        That of classes, not that of layers and lesions.
    """

    page_shown = Signal(bool)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Teach a model from corrections")
        screen = QApplication.primaryScreen()
        wide, high = scaled(1240), scaled(820)
        if screen is not None:
            room = screen.availableGeometry()
            wide, high = min(wide, room.width()), min(high, room.height() - _FRAME_PX)
        self.resize(wide, high)
        self.choose_card, self.run_card, self.result_card = ChooseCard(), RunCard(), ResultCard()
        self.classes = ClassesPage()
        self.layers_button = QPushButton("Layers and lesions")
        self.layers_button.setToolTip("Teach a model from corrected B-scans")
        self.classes_button = QPushButton("Classes")
        self.classes_button.setToolTip("Teach a model to tell the labels of B-scans or scans")
        self._group = QButtonGroup(self)
        for button in (self.layers_button, self.classes_button):
            button.setCheckable(True)
            button.setAutoDefault(False)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self._group.addButton(button)
        self.layers_button.setChecked(True)
        layers = QWidget()
        steps(layers, self.choose_card, self.run_card, self.result_card)
        self._pages = QStackedWidget()
        self._pages.addWidget(layers)
        self._pages.addWidget(self.classes)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 10, 12, 12)
        layout.setSpacing(10)
        layout.addLayout(row(self.layers_button, self.classes_button, 1, spacing=4))
        layout.addWidget(self._pages, 1)
        self.layers_button.clicked.connect(lambda: self.show_page(classes=False))
        self.classes_button.clicked.connect(lambda: self.show_page(classes=True))

    @property
    def on_classes(self) -> bool:
        """Whether the page of classes is shown."""
        return self._pages.currentWidget() is self.classes

    def show_page(self, *, classes: bool) -> None:
        """Show the page of classes, or that of layers and lesions."""
        (self.classes_button if classes else self.layers_button).setChecked(True)
        if classes != self.on_classes:
            self._pages.setCurrentIndex(int(classes))
            self.page_shown.emit(classes)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter is the focused button's alone."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.accept()
        else:
            super().keyPressEvent(event)

    def repaint_icons(self) -> None:
        """Draw the icons in the theme's colours again."""
        for part in (self.choose_card, self.run_card, self.result_card, self.classes):
            part.repaint_icons()
