"""WorkBar: the foot of the dialog: what is being done, how it ended, Close."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFrame, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from mirage_viewer.messages import Message
from mirage_viewer.panels.widgets import label, row
from mirage_viewer.theme import current_colors, icon


class WorkBar(QWidget):
    """Progress with cancel while something is done, and the last message.

    Signals
    -------
    cancel_requested()
    close_requested()
    """

    cancel_requested = Signal()
    close_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.message: Message | None = None
        self.frame = QFrame()
        self.symbol = QLabel()
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.action = QPushButton()
        self.frame.setLayout(row(self.symbol, self.text, self.action, spacing=10, wide=self.text))
        self.frame.layout().setContentsMargins(10, 6, 10, 6)
        self.words = label("", "muted")
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.cancel = QPushButton("Cancel")
        self.close_button = QPushButton("Close")
        for button in (self.action, self.cancel, self.close_button):
            button.setAutoDefault(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.frame)
        layout.addLayout(row(self.words, self.bar, self.cancel, 1, self.close_button))
        self.bar.setMinimumWidth(240)
        self.action.clicked.connect(self._act)
        self.cancel.clicked.connect(self.cancel_requested)
        self.close_button.clicked.connect(self.close_requested)
        self.hush()
        self.show_work("", None)

    def show_message(self, message: Message) -> None:
        """Show `message` in place of the one before."""
        from html import escape

        self.message = message
        hint = f" {escape(message.hint)}" if message.hint else ""
        self.text.setText(f"<b>{escape(message.text)}</b>{hint}")
        self.action.setText(message.action)
        self.action.setVisible(bool(message.action))
        self.frame.setProperty("message", message.level.value)
        self.frame.style().unpolish(self.frame)
        self.frame.style().polish(self.frame)
        self.frame.show()
        self.repaint_icons()

    def hush(self) -> None:
        """Take the message away."""
        self.message = None
        self.frame.hide()

    def show_work(self, words: str, fraction: float | None, *, cancelling: bool = False) -> None:
        """Show what is being done, ``""`` for nothing; `fraction` 0..1, None if not known."""
        for widget in (self.words, self.bar, self.cancel):
            widget.setVisible(bool(words))
        if words:
            self.hush()
        self.words.setText("Stopping…" if cancelling else words)
        self.cancel.setEnabled(not cancelling)
        self.bar.setRange(0, 1000 if fraction else 0)
        self.bar.setValue(round(1000 * (fraction or 0.0)))

    def _act(self) -> None:
        message = self.message
        self.hush()
        if message is not None and message.do is not None:
            message.do()

    def repaint_icons(self) -> None:
        """Draw the icons in the theme's colours again."""
        self.cancel.setIcon(icon("stop"))
        if self.message is not None:
            level = self.message.level.value
            color = getattr(current_colors(), level)
            self.symbol.setPixmap(icon(level, color).pixmap(20, 20))
