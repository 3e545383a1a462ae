"""DoubtItem: where the engine was unsure, as a heat map over the fundus."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QRectF
from qtpy.QtGui import QImage, QTransform

from mirage_viewer.canvas.colors import DOUBT
from mirage_viewer.canvas.items import BufferItem

SEEN_FROM = 0.15
"""Doubt below this is what the best scans have."""
FULL_AT = 0.6
"""From here on it is no more orange."""
_ALPHA = 190


class DoubtItem(BufferItem):
    """A map of doubt, 0..1, clear where the engine was sure and where it did not look."""

    def __init__(self) -> None:
        super().__init__(QImage.Format_ARGB32_Premultiplied, smooth=True)
        self.setVisible(False)

    def set_map(self, doubt: NDArray[np.float32], area: QRectF) -> None:
        """Show `doubt` ``[row, col]``, NaN where there is none, stretched over `area`."""
        self.resize(*doubt.shape)
        rows, columns = doubt.shape
        np.take(_TABLE, np.nan_to_num(doubt * 255).astype(np.uint8), out=self.buffer, mode="clip")
        place = QTransform.fromTranslate(area.x(), area.y())
        self.setTransform(place.scale(area.width() / columns, area.height() / rows))
        self.update()


def _table() -> NDArray[np.uint32]:
    doubt = np.arange(256) / 255
    share = np.clip((doubt - SEEN_FROM) / (FULL_AT - SEEN_FROM), 0, 1)
    alpha = np.rint(share * _ALPHA).astype(np.uint32)
    out = alpha << 24
    # Premultiplied, as Qt blends fastest.
    for shift, value in ((16, DOUBT.red()), (8, DOUBT.green()), (0, DOUBT.blue())):
        out |= np.rint(value * (alpha / 255)).astype(np.uint32) << shift
    return out.astype(np.uint32)


_TABLE = _table()
