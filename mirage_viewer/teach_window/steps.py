"""Three steps on one page: what is chosen at the left, the run and its result at the right."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHBoxLayout, QScrollArea, QSizePolicy, QWidget

from mirage_viewer.panels.widgets import Card, column
from mirage_viewer.theme import scaled

_LEFT_PX = 430


def steps(page: QWidget, choose: Card, run: Card, result: Card) -> None:
    """Lay the cards of three steps out on `page`."""
    left, right = QWidget(), QWidget()
    beside = column(left, 8)
    beside.addWidget(choose)
    beside.addStretch()
    scroll = QScrollArea()
    scroll.setWidget(left)
    scroll.setWidgetResizable(True)
    scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    scroll.setFixedWidth(scaled(_LEFT_PX))
    inner = column(right, 10)
    inner.addWidget(run)
    inner.addWidget(result, 1)
    result.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
    layout = QHBoxLayout(page)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(12)
    layout.addWidget(scroll)
    layout.addWidget(right, 1)
