"""HatchItem: pixels marked by stripes, whatever colour lies under them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from qtpy.QtGui import QColor, QImage, QPainter
from qtpy.QtWidgets import QStyleOptionGraphicsItem, QWidget

from mirage_viewer.canvas.items import BufferItem
from mirage_viewer.guard import guarded

Bool = NDArray[np.bool_]

_PERIOD_PX = 4
_BACK = QColor(0, 0, 0, 130)
"""Between the stripes: they are to be seen on bright tissue, too."""


@guarded
class HatchItem(BufferItem):
    """Striped pixels of one B-scan, with a rim.

    Parameters
    ----------
    color : QColor
        Of stripes and rim.
    """

    def __init__(self, color: QColor) -> None:
        super().__init__(QImage.Format_ARGB32_Premultiplied, smooth=False)
        self._color = np.uint32(_premultiplied(color))
        self.marked = 0
        """How many pixels are striped."""

    def set_marks(self, marks: Bool) -> None:
        """Stripe the pixels `marks` ``[z, x]``."""
        had, self.marked = self.marked, int(np.count_nonzero(marks))
        same_size = self.buffer.shape == marks.shape
        self.resize(*marks.shape)
        if not self.marked:
            if had and same_size:
                self.buffer[...] = 0
                self.update()
            return
        rows, columns = (np.arange(n) for n in marks.shape)
        stripe = (rows[:, None] + columns) % _PERIOD_PX < _PERIOD_PX // 2
        colored = marks & (stripe | ~_inner(marks))
        back = np.uint32(_premultiplied(_BACK))
        self.buffer[...] = np.where(colored, self._color, np.where(marks, back, np.uint32(0)))
        self.update()

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        if self.marked:
            super().paint(painter, option, widget)


def _inner(marks: Bool) -> Bool:
    """Return the marked pixels whose four neighbours are marked, too."""
    inner = np.zeros_like(marks)
    inner[1:-1, 1:-1] = (
        marks[1:-1, 1:-1] & marks[:-2, 1:-1] & marks[2:, 1:-1] & marks[1:-1, :-2] & marks[1:-1, 2:]
    )
    return inner


def _premultiplied(color: QColor) -> int:
    share = color.alphaF()
    red, green, blue = (round(v * share) for v in (color.red(), color.green(), color.blue()))
    return color.alpha() << 24 | red << 16 | green << 8 | blue
