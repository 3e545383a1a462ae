"""EmptyWorklist: what stands where no scan can be listed."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QPushButton, QWidget

from mirage_viewer.panels.widgets import column, label, row
from mirage_viewer.theme import current_colors, icon, scaled

_WORDS_PX = 500


class EmptyWorklist(QWidget):
    """Why there is nothing, and a button for what to do about it."""

    def __init__(self) -> None:
        super().__init__()
        self.picture = QLabel()
        self.title = label("", "title")
        self.words = label("", "muted")
        self.words.setWordWrap(True)
        self.import_button = QPushButton("Import folder…")
        self.import_button.setProperty("look", "primary")
        self.clear_button = QPushButton("Show all scans")
        middle = QWidget()
        middle.setFixedWidth(scaled(_WORDS_PX))
        inner = column(middle, 12)
        for line in (self.picture, self.title, self.words):
            line.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            inner.addWidget(line)
        inner.addLayout(row(1, self.import_button, self.clear_button, 1))
        whole = column(self, 0)
        whole.addStretch(2)
        whole.addLayout(row(1, middle, 1))
        whole.addStretch(3)
        self.repaint_icons()

    def show_words(self, title: str, words: str, *, filtered: bool) -> None:
        """Say why there is nothing; `filtered` if it is by search or filters."""
        self.title.setText(title)
        self.words.setText(words)
        self.import_button.setVisible(not filtered)
        self.clear_button.setVisible(filtered)

    def repaint_icons(self) -> None:
        """Draw the picture in the theme's colours again."""
        colors = current_colors()
        self.picture.setPixmap(icon("table", colors.accent).pixmap(64, 64))
        self.import_button.setIcon(icon("drop", colors.on_accent))
