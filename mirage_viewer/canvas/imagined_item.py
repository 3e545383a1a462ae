"""ImaginedItem: what a model imagined, blended over the real image and always named as such."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QFont, QFontMetricsF, QImage, QPainter

from mirage_viewer.canvas.badges import badge_rect, draw_badge
from mirage_viewer.canvas.colors import CLASS_COLORS, IMAGINED, ON_IMAGINED
from mirage_viewer.canvas.contrast import grey_table
from mirage_viewer.canvas.items import BufferItem

U8 = NDArray[np.uint8]
U32 = NDArray[np.uint32]

NOT_A_MEASUREMENT = "not a measurement"


@dataclass(frozen=True, eq=False, slots=True)
class Overlay:
    """A picture to lay over an image of the same size.

    Attributes
    ----------
    image : uint8 array ``[row, col]``
        Grey, or class numbers if `is_map`.
    inside : bool array ``[row, col]`` or None
        Where there is something of it; None: everywhere.
    model : str
        Title of the model that imagined it.
    is_map : bool
    """

    image: U8
    inside: NDArray[np.bool_] | None
    model: str
    is_map: bool


class ImaginedItem(BufferItem):
    """The pixels of an overlay. Blending is the item's opacity, so that it costs a repaint only."""

    def __init__(self) -> None:
        super().__init__(QImage.Format_ARGB32_Premultiplied, smooth=True)
        self.overlay: Overlay | None = None
        self._grey = grey_table(0, 255)
        self.setVisible(False)

    def set_overlay(self, overlay: Overlay | None) -> None:
        """Hold `overlay`; whether it is seen is :meth:`setVisible`'s."""
        if overlay is self.overlay:
            return
        self.overlay = overlay
        self._smooth = overlay is None or not overlay.is_map
        if overlay is not None:
            self.resize(*overlay.image.shape)
            self._fill(overlay)
        self.update()

    def set_table(self, table: U32) -> None:
        """Show grey through `table`, as the image below it is shown."""
        self._grey = table
        if self.overlay is not None and not self.overlay.is_map:
            self._fill(self.overlay)
            self.update()

    def _fill(self, overlay: Overlay) -> None:
        table = _class_table() if overlay.is_map else self._grey
        np.take(table, overlay.image, out=self.buffer, mode="clip")
        if overlay.inside is not None:
            self.buffer[_rim(overlay.inside)] = IMAGINED.rgb()
            self.buffer[~overlay.inside] = 0


def draw_notice(
    painter: QPainter, at: QPointF, overlay: Overlay, width: float, font: QFont
) -> QRectF:
    """Say at `at` (view px) what the overlay is, in at most `width`; return the place it takes.

    However narrow the view and long the model's title, "not a measurement" stays.
    """
    metrics = QFontMetricsF(font)
    whole = f"Imagined by {overlay.model} – {NOT_A_MEASUREMENT}"
    bold = QFont(font)
    bold.setBold(True)
    if badge_rect(bold, whole).width() <= width:
        return draw_badge(painter, at, whole, bold, plate=IMAGINED, ink=ON_IMAGINED)
    room = width - badge_rect(bold, "").width() - metrics.averageCharWidth()
    first = QFontMetricsF(bold).elidedText(
        f"Imagined by {overlay.model}", Qt.TextElideMode.ElideRight, room
    )
    above = draw_badge(painter, at, first, bold, plate=IMAGINED, ink=ON_IMAGINED)
    below = draw_badge(
        painter,
        QPointF(at.x(), above.bottom() + 2),
        NOT_A_MEASUREMENT,
        bold,
        plate=IMAGINED,
        ink=ON_IMAGINED,
    )
    return above | below


def _class_table() -> U32:
    """Return opaque ARGB32 of all class numbers; those beyond the table are white."""
    table = np.full(256, 0xFFFFFFFF, np.uint32)
    for number, (red, green, blue) in enumerate(CLASS_COLORS):
        table[number] = 0xFF000000 | red << 16 | green << 8 | blue
    return table


def _rim(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pixels of `inside` that touch its outside or the border, two wide."""
    padded = np.pad(inside, 2)
    within = inside.copy()
    rows, columns = inside.shape
    for by in (1, 2):
        for down, right in ((by, 0), (-by, 0), (0, by), (0, -by)):
            within &= padded[2 + down : 2 + down + rows, 2 + right : 2 + right + columns]
    return inside & ~within
