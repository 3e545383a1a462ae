"""DockStatus: what the app's status bar says, in the width of a dock."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFrame, QHBoxLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from mirage_core import RESEARCH_USE_ONLY
from mirage_viewer.panels.widgets import ElidedLabel, label, look
from mirage_viewer.status import saved_words


class DockStatus(QFrame):
    """How the tool in hand is used, what is under the pointer, and whether all is saved.

    Signals
    -------
    retry_requested()
        The grader wants to try saving again.
    teaching_clicked()
        The grader wants to see how teaching gets on.
    """

    retry_requested = Signal()
    teaching_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("look", "panel")
        self.hint = ElidedLabel("muted")
        self.point = ElidedLabel("muted")
        self.saved = label("", "good")
        self.retry = QPushButton("Retry")
        self.retry.hide()
        self.retry.clicked.connect(self.retry_requested)
        self.teaching = QToolButton()
        self.teaching.setProperty("look", "words")
        self.teaching.setToolTip("Show the Teach window")
        self.teaching.clicked.connect(self.teaching_clicked)
        self.teaching.hide()
        terms = label(RESEARCH_USE_ONLY.rstrip("."), "chip")
        terms.setToolTip("Not for diagnosis or treatment decisions")
        last = QHBoxLayout()
        last.addWidget(self.saved, 1, Qt.AlignmentFlag.AlignLeft)
        for widget in (self.teaching, self.retry):
            last.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 6)
        layout.setSpacing(3)
        layout.addWidget(self.point)
        layout.addWidget(self.hint)
        layout.addLayout(last)
        layout.addWidget(terms, 0, Qt.AlignmentFlag.AlignLeft)

    def show_device(self, name: str) -> None:
        """Show what took the scan: when the pointer rests on the saved state."""
        self.point.setToolTip(f"Device: {name}" if name else "")

    def show_hint(self, text: str) -> None:
        """Show how the tool in hand is used."""
        self.hint.setText(text)
        self.hint.setToolTip(text)

    def show_teaching(self, words: str) -> None:
        """Show how teaching gets on, ``""`` while nothing is taught."""
        self.teaching.setText(words)
        self.teaching.setVisible(bool(words))

    def show_point(self, pixels: str, microns: str, structure: str) -> None:
        """Show where the pointer is and what lies there; empty when it is elsewhere."""
        self.point.setText("  ·  ".join(words for words in (structure, pixels, microns) if words))

    def show_saved(self, problem: str | None, *, note: str = "") -> None:
        """Show the saved state: None when nothing is open, ``""`` when all is saved."""
        words, tip, how = saved_words(problem, note)
        self.retry.setVisible(bool(problem))
        self.saved.setText(words)
        self.saved.setToolTip(tip)
        look(self.saved, how)
