"""The Compare tab: graders or models."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QButtonGroup, QPushButton, QStackedWidget, QWidget

from mirage_viewer.panels.compare import ComparePanel
from mirage_viewer.panels.compare_models import CompareModelsPanel
from mirage_viewer.panels.widgets import column, row


class CompareTab(QWidget):
    """What is compared: another grader's work, or two models.

    Signals
    -------
    source_picked(bool)
        Models are compared, not graders.
    """

    source_picked = Signal(bool)

    def __init__(self, graders: ComparePanel, models: CompareModelsPanel) -> None:
        super().__init__()
        self.graders, self.models = QPushButton("Graders"), QPushButton("Models")
        self.graders.setToolTip("Lay another grader's work over this one")
        self.models.setToolTip("Lay two models over the image; leaving this takes them away")
        self._group = QButtonGroup(self)
        for button in (self.graders, self.models):
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self._group.addButton(button)
        self.graders.setChecked(True)
        self._pages = QStackedWidget()
        self._pages.addWidget(graders)
        self._pages.addWidget(models)
        layout = column(self, 6)
        choice = row(self.graders, self.models, spacing=4)
        choice.setContentsMargins(10, 9, 10, 0)
        choice.setStretch(0, 1)
        choice.setStretch(1, 1)
        layout.addLayout(choice)
        layout.addWidget(self._pages, 1)
        self.graders.clicked.connect(lambda: self.choose(models=False))
        self.models.clicked.connect(lambda: self.choose(models=True))

    def choose(self, *, models: bool) -> None:
        """Compare models, or graders."""
        (self.models if models else self.graders).setChecked(True)
        if self._pages.currentIndex() != int(models):
            self._pages.setCurrentIndex(int(models))
            self.source_picked.emit(models)
