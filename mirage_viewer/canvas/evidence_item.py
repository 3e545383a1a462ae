"""EvidenceItem: what speaks for a class, as a translucent heat map with its legend."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QFont, QFontMetricsF, QImage, QLinearGradient, QPainter

from mirage_viewer.canvas.badges import badge_rect, draw_badge
from mirage_viewer.canvas.items import BufferItem

F32 = NDArray[np.float32]
U32 = NDArray[np.uint32]

NOT_A_SEGMENTATION = "not a segmentation"
_STOPS = ((0.0, (35, 20, 140)), (0.5, (205, 65, 120)), (1.0, (245, 240, 60)))
"""Blue, magenta, yellow: lighter all the way, so that it is read without telling red from green."""
_MOST = 0.72
"""How much of the image the strongest evidence hides."""
_BAR_PX = 46.0


class EvidenceItem(BufferItem):
    """Evidence ``[z, x]`` of one B-scan, 0 clear and 1 yellow.

    Attributes
    ----------
    b : int
        The B-scan it is of.
    words : str
        What it is, for the legend; empty while there is nothing.
    """

    def __init__(self) -> None:
        super().__init__(QImage.Format_ARGB32_Premultiplied, smooth=True)
        self.b, self.words = -1, ""
        self._table = _table()
        self.setVisible(False)

    def set_heat(self, b: int, heat: F32 | None, words: str) -> None:
        """Hold the evidence on B-scan `b`; None: none."""
        self.b, self.words = b, words if heat is not None else ""
        if heat is not None:
            self.resize(*heat.shape)
            level = np.clip(np.nan_to_num(heat) * 255, 0, 255).astype(np.uint8)
            np.take(self._table, level, out=self.buffer)
        self.update()


def draw_legend(painter: QPainter, at: QPointF, words: str, width: float, font: QFont) -> QRectF:
    """Say at `at` (view px) what the heat map is, in at most `width`; return the place it takes.

    However narrow the view, "not a segmentation" stays.
    """
    tail = f"; {NOT_A_SEGMENTATION}"
    room = width - badge_rect(font, tail).width() - _BAR_PX - 12
    first = QFontMetricsF(font).elidedText(words, Qt.TextElideMode.ElideRight, room)
    text = f"{first}{tail}"
    box = draw_badge(painter, at, text, font)
    bar = QRectF(box.right() + 6, box.top() + 4, _BAR_PX, box.height() - 8)
    ramp = QLinearGradient(bar.topLeft(), bar.topRight())
    for place, color in _STOPS:
        ramp.setColorAt(place, QColor(*color))
    painter.setPen(QColor(0, 0, 0, 165))
    painter.setBrush(ramp)
    painter.drawRoundedRect(bar, 3, 3)
    return box | bar


def _table() -> U32:
    """Return premultiplied ARGB32 of 256 levels: the more evidence, the lighter and the denser."""
    level = np.linspace(0, 1, 256)
    places = [place for place, _ in _STOPS]
    alpha = _MOST * level**0.7
    table: U32 = np.round(255 * alpha).astype(np.uint32) << np.uint32(24)
    for shift, channel in ((16, 0), (8, 1), (0, 2)):
        value = np.interp(level, places, [color[channel] for _, color in _STOPS])
        table |= np.round(value * alpha).astype(np.uint32) << np.uint32(shift)
    return table
