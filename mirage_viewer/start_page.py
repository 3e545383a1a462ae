"""What the window shows while no scan is open."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from mirage_core import RESEARCH_USE_ONLY
from mirage_viewer.panels.widgets import column, label
from mirage_viewer.theme import current_colors, icon

_SHOWN = 6
_WIDTH_PX = 520


class StartPage(QWidget):
    """Two ways in, what was open last, and the notice that this is for research.

    Signals
    -------
    recent_picked(str)
        Path of a recent file.
    """

    recent_picked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.picture = QLabel()
        self.open = QPushButton("Open scan…")
        self.open.setProperty("look", "primary")
        self.demo = QPushButton("Try the built-in eye")
        for button in (self.open, self.demo):
            button.setMinimumHeight(38)
        middle = QWidget()
        middle.setMaximumWidth(_WIDTH_PX)
        inner = column(middle, 12)
        inner.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignHCenter)
        title = label("Open an eye", "title")
        title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        inner.addWidget(title)
        words = label(
            "Drop a scan file or a folder of B-scans here, or choose one. Then press Segment, "
            "correct what is wrong, and export the masks.",
            "muted",
        )
        words.setWordWrap(True)
        words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        inner.addWidget(words)
        buttons = QHBoxLayout()
        buttons.addWidget(self.open)
        buttons.addWidget(self.demo)
        inner.addLayout(buttons)
        self.heading = label("Recent", "heading")
        inner.addSpacing(8)
        inner.addWidget(self.heading)
        self._recent = QWidget()
        self._recent_layout = column(self._recent, 0)
        inner.addWidget(self._recent)
        inner.addSpacing(8)
        notice = label(RESEARCH_USE_ONLY, "small")
        notice.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        inner.addWidget(notice)
        outer = QVBoxLayout(self)
        outer.addStretch(2)
        line = QHBoxLayout()
        line.addStretch()
        line.addWidget(middle, 1)
        line.addStretch()
        outer.addLayout(line)
        outer.addStretch(3)
        self.set_recent(())
        self.repaint_icons()

    def connect_actions(self, open_action: QAction, demo_action: QAction) -> None:
        """Let the two buttons do the same as the menu."""
        for button, action in ((self.open, open_action), (self.demo, demo_action)):
            button.clicked.connect(action.trigger)
            button.setToolTip(action.toolTip())

    def set_recent(self, paths: Sequence[str]) -> None:
        """List the files opened last; only this user's settings hold them."""
        while self._recent_layout.count():
            old = self._recent_layout.takeAt(0).widget()
            old.hide()
            old.deleteLater()
        for path in paths[:_SHOWN]:
            entry = QPushButton(short_path(path))
            entry.setProperty("look", "link")
            entry.setToolTip(path)
            entry.clicked.connect(lambda _=False, p=path: self.recent_picked.emit(p))
            self._recent_layout.addWidget(entry)
        self.heading.setVisible(bool(paths))
        self._recent.setVisible(bool(paths))

    def repaint_icons(self) -> None:
        """Draw the icons in the theme's colours again."""
        colors = current_colors()
        self.picture.setPixmap(icon("eye", colors.accent).pixmap(72, 72))
        self.open.setIcon(icon("open", colors.on_accent))
        self.demo.setIcon(icon("eye"))


def short_path(path: str, most: int = 62) -> str:
    """Return `path` with the middle of its folders left out when it is long."""
    parts = Path(path)
    text = f"{parts.parent.name}/{parts.name}" if len(path) > most else path
    return text if len(text) <= most else f"…{text[-most:]}"
