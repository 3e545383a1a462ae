"""ImportBar: the button that imports a folder; while it runs, how far it is, and Cancel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QProgressBar, QPushButton, QStackedWidget, QWidget

from mirage_viewer.panels.widgets import column, duration, label, row
from mirage_viewer.theme import icon, scaled

if TYPE_CHECKING:
    from mirage_core.project.folder_import import ImportProgress

_BAR_PX = 150


class ImportBar(QStackedWidget):
    """Two faces of one place: a button, and the run that it began.

    Signals
    -------
    import_requested()
    cancel_requested()
    """

    import_requested = Signal()
    cancel_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.button = QPushButton("Import folder…")
        self.button.setToolTip("Bring every scan under a folder into this project")
        self.words = label("", "muted")
        self.words.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setMinimumWidth(scaled(_BAR_PX))
        self.cancel = QPushButton("Cancel")
        self.cancel.setToolTip("Stop; scans that are in the project stay there")
        for button in (self.button, self.cancel):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        idle, running = QWidget(), QWidget()
        idle.setLayout(row(1, self.button))
        told = QWidget()
        inner = column(told, 4)
        inner.addWidget(self.words)
        inner.addWidget(self.bar)
        running.setLayout(row(1, told, self.cancel, spacing=9))
        self.addWidget(idle)
        self.addWidget(running)
        self.button.clicked.connect(self.import_requested)
        self.cancel.clicked.connect(self.cancel_requested)
        self.repaint_icons()

    def show_run(
        self, words: str, progress: ImportProgress | None, *, cancelling: bool = False
    ) -> None:
        """Show a run; without `progress`, scans are still being looked for."""
        self.setCurrentIndex(1)
        self.cancel.setEnabled(not cancelling)
        self.bar.setRange(0, 1000 if progress is not None else 0)
        if progress is not None:
            self.bar.setValue(round(1000 * progress.fraction))
            if progress.left_s is not None:
                words = f"{words}, {duration(progress.left_s)} left"
        self.words.setText("Stopping…" if cancelling else words)

    def show_idle(self) -> None:
        """Show the button."""
        self.setCurrentIndex(0)

    def repaint_icons(self) -> None:
        """Draw the icons in the theme's colours again."""
        self.button.setIcon(icon("drop"))
        self.cancel.setIcon(icon("stop"))
