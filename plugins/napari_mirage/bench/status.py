"""DockStatus: what the app's status bar says, in the width of a dock."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from mirage_viewer.panels.widgets import ElidedLabel
from mirage_viewer.status import SaysState


class DockStatus(SaysState, QFrame):
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
        self.make_parts()
        self.point = ElidedLabel("muted")
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
        layout.addWidget(self.terms, 0, Qt.AlignmentFlag.AlignLeft)

    def show_device(self, name: str) -> None:
        """Tell what took the scan where the pointer's place is told, when one rests on it."""
        self.point.setToolTip(f"Device: {name}" if name else "")

    def show_point(self, pixels: str, microns: str, structure: str) -> None:
        """Show where the pointer is and what lies there; empty when it is elsewhere."""
        self.point.setText("  ·  ".join(words for words in (structure, pixels, microns) if words))
