"""Scene items of image canvases: pictures over numpy buffers, crosshair, brush ring, pointer.

Scene coordinates: pixel ``(z, x)`` covers the unit square from ``(x, z)``, so its centre, which
image coordinates call ``(z, x)``, lies at scene ``(x + 0.5, z + 0.5)``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QCursor, QImage, QPainter, QPen
from qtpy.QtWidgets import (
    QGraphicsItem,
    QGraphicsLineItem,
    QGraphicsScene,
    QStyleOptionGraphicsItem,
    QWidget,
)

from mirage_core.scan import LabelScheme
from mirage_viewer.canvas.colors import CROSSHAIR
from mirage_viewer.guard import guarded

U8 = NDArray[np.uint8]
U32 = NDArray[np.uint32]

# From this many view pixels per image pixel on, pixels are shown as squares, not blurred.
SQUARE_PIXELS_FROM = 4.0
_MINUS_VIEW_PX = 3.5
_PLAIN_VIEW_PX = 8.0


@guarded
class BufferItem(QGraphicsItem):
    """A picture whose pixels live in a numpy buffer that is changed in place.

    Parameters
    ----------
    pixel_format : QImage.Format
        A 32-bit format.
    smooth : bool
        Interpolate between pixels while they are small on screen.
    """

    def __init__(self, pixel_format: QImage.Format, smooth: bool) -> None:
        super().__init__()
        self._format = pixel_format
        self._smooth = smooth
        self._image = QImage()
        self.buffer: U32 = np.zeros((0, 0), np.uint32)

    def resize(self, height: int, width: int) -> None:
        """Make the buffer ``[height, width]``; contents are zero if the shape changed."""
        if self.buffer.shape == (height, width):
            return
        self.prepareGeometryChange()
        self.buffer = np.zeros((height, width), np.uint32)
        # The QImage borrows the buffer, which lives as long as this item.
        self._image = QImage(self.buffer.data, width, height, 4 * width, self._format)

    def boundingRect(self) -> QRectF:
        height, width = self.buffer.shape
        return QRectF(0, 0, width, height)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        large = abs(painter.transform().m11()) >= SQUARE_PIXELS_FROM
        painter.setRenderHint(QPainter.SmoothPixmapTransform, self._smooth and not large)
        painter.drawImage(QPointF(0, 0), self._image)


@guarded
class GreyItem(BufferItem):
    """A grey image shown through a 256-entry table."""

    def __init__(self) -> None:
        super().__init__(QImage.Format_RGB32, smooth=True)
        self._grey: U8 = np.zeros((0, 0), np.uint8)
        self._table: U32 = np.zeros(256, np.uint32)

    def set_grey(self, grey: U8) -> None:
        """Show `grey` ``[row, col]``."""
        self._grey = grey
        self.resize(*grey.shape)
        self._fill()

    def set_table(self, table: U32) -> None:
        """Show the image through `table`, 256 RGB32 values."""
        self._table = table
        self._fill()

    def _fill(self) -> None:
        if self._grey.size:
            np.take(self._table, self._grey, out=self.buffer, mode="clip")
        self.update()


@guarded
class MaskItem(BufferItem):
    """Labels of one B-scan as translucent colours with a stronger rim."""

    def __init__(self) -> None:
        super().__init__(QImage.Format_ARGB32_Premultiplied, smooth=False)
        self._labels: U8 = np.zeros((0, 0), np.uint8)
        self._tables: tuple[U32, U32] = (np.zeros(256, np.uint32), np.zeros(256, np.uint32))
        self._empty = True

    @property
    def labels(self) -> U8:
        """The labels shown, ``[z, x]``. Read only."""
        return self._labels

    def set_scheme(self, scheme: LabelScheme, opacity: float) -> None:
        """Take colours from `scheme`; `opacity` 0..1 is that of the filled area."""
        rim = min(1.0, 2.0 * opacity)
        self._tables = (_color_table(scheme, opacity), _color_table(scheme, rim))
        if self._labels.size:
            self._fill(slice(0, self._labels.shape[0]), slice(0, self._labels.shape[1]))
            self.update()

    def set_labels(self, labels: U8) -> None:
        """Show `labels` ``[z, x]``."""
        was_empty = self._empty and self._labels.shape == labels.shape
        self._labels = labels.copy()
        self.resize(*labels.shape)
        self._empty = not labels.any()
        if self._empty:
            if not was_empty:
                self.buffer[...] = 0
                self.update()
            return
        self._fill(slice(0, labels.shape[0]), slice(0, labels.shape[1]))
        self.update()

    def update_labels(self, labels: U8, z0: int, z1: int, x0: int, x1: int) -> None:
        """Take the rectangle ``z0:z1, x0:x1`` of `labels` ``[z, x]`` over and redraw only it."""
        height, width = self._labels.shape
        z0, z1, x0, x1 = max(z0, 0), min(z1, height), max(x0, 0), min(x1, width)
        if z0 >= z1 or x0 >= x1:
            return
        self._labels[z0:z1, x0:x1] = labels[z0:z1, x0:x1]
        self._empty = False
        # A pixel's rim depends on its neighbours, so the frame around the rectangle changes too.
        z0, z1, x0, x1 = max(z0 - 1, 0), min(z1 + 1, height), max(x0 - 1, 0), min(x1 + 1, width)
        self._fill(slice(z0, z1), slice(x0, x1))
        self.update(QRectF(x0, z0, x1 - x0, z1 - z0))

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        if not self._empty:
            super().paint(painter, option, widget)

    def _fill(self, rows: slice, columns: slice) -> None:
        z0, x0 = max(rows.start - 1, 0), max(columns.start - 1, 0)
        around = self._labels[z0 : rows.stop + 1, x0 : columns.stop + 1]
        rim = np.zeros(around.shape, bool)
        below, beside = around[1:] != around[:-1], around[:, 1:] != around[:, :-1]
        rim[1:] |= below
        rim[:-1] |= below
        rim[:, 1:] |= beside
        rim[:, :-1] |= beside
        body, edge = self._tables
        colors = np.where(rim, edge[around], body[around])
        top, left = rows.start - z0, columns.start - x0
        self.buffer[rows, columns] = colors[
            top : top + rows.stop - rows.start, left : left + columns.stop - columns.start
        ]


def _color_table(scheme: LabelScheme, opacity: float) -> U32:
    """Return premultiplied ARGB32 of all 256 labels; labels outside the scheme are white."""
    table = np.zeros(256, np.uint32)
    colors = {c.value: c.color for c in scheme}
    alpha = round(255 * opacity)
    for value in range(1, 256):
        red, green, blue = (round(v * opacity) for v in colors.get(value, (255, 255, 255)))
        table[value] = alpha << 24 | red << 16 | green << 8 | blue
    return table


class Crosshair:
    """A horizontal and a vertical line through one pixel centre.

    Two line items, because one item would have to repaint the whole image when it moves.
    """

    def __init__(self, scene: QGraphicsScene, z_value: float) -> None:
        pen = QPen(CROSSHAIR, 1.0)
        pen.setCosmetic(True)
        self._lines = (QGraphicsLineItem(), QGraphicsLineItem())
        for line in self._lines:
            line.setPen(pen)
            line.setZValue(z_value)
            line.setVisible(False)
            scene.addItem(line)
        self.z = 0.0
        self.x = 0.0

    def move_to(self, z: float, x: float, height: int, width: int) -> None:
        """Go through image point ``(z, x)`` px of an image of ``height × width``."""
        self.z, self.x = z, x
        self._lines[0].setLine(0, z + 0.5, width, z + 0.5)
        self._lines[1].setLine(x + 0.5, 0, x + 0.5, height)

    def set_visible(self, visible: bool) -> None:
        """Show or hide both lines."""
        for line in self._lines:
            line.setVisible(visible)


@guarded
class BrushRing(QGraphicsItem):
    """Outline of the brush, in image pixels, following the pointer.

    In the colour of what it paints; one that takes away is white, with a minus in its middle.
    """

    def __init__(self) -> None:
        super().__init__()
        self._rect = QRectF()
        self._color = QColor(255, 255, 255)
        self._minus = False

    def set_look(self, color: QColor, minus: bool) -> None:
        """Draw it in `color`, with or without a minus."""
        if (color, minus) != (self._color, self._minus):
            self._color, self._minus = QColor(color), minus
            self.update()

    def place(self, z: float, x: float, radius_z: float, radius_x: float) -> None:
        """Put the ring around image point ``(z, x)``; radii in px of each axis."""
        rect = QRectF(x + 0.5 - radius_x, z + 0.5 - radius_z, 2 * radius_x, 2 * radius_z)
        if rect != self._rect:
            self.prepareGeometryChange()
            self._rect = rect
        self.setVisible(True)

    def boundingRect(self) -> QRectF:
        # The pen is cosmetic: a few image pixels cover it at every zoom one can work at.
        return self._rect.adjusted(-6, -6, 6, 6)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        painter.setRenderHint(QPainter.Antialiasing, True)
        painter.setBrush(Qt.NoBrush)
        center = painter.transform().map(self._rect.center())
        for color, width in ((QColor(0, 0, 0, 170), 3.6), (self._color, 1.6)):
            pen = QPen(color, width)
            pen.setCosmetic(True)
            painter.setPen(pen)
            painter.drawEllipse(self._rect)
            if self._minus:
                painter.save()
                painter.resetTransform()
                reach = QPointF(_MINUS_VIEW_PX, 0)
                painter.drawLine(center - reach, center + reach)
                painter.restore()


@guarded
class PointerMark(QGraphicsItem):
    """The pointer that keys move: the picture of the tool's cursor, as large at every zoom."""

    def __init__(self) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.ItemIgnoresTransformations)
        self._cursor = QCursor(Qt.CrossCursor)

    def set_cursor(self, cursor: QCursor) -> None:
        """Look like `cursor`."""
        self.prepareGeometryChange()
        self._cursor = cursor
        self.update()

    def boundingRect(self) -> QRectF:
        size, hot = self._cursor.pixmap().deviceIndependentSize(), self._cursor.hotSpot()
        if size.isEmpty():
            return QRectF(-_PLAIN_VIEW_PX, -_PLAIN_VIEW_PX, 2 * _PLAIN_VIEW_PX, 2 * _PLAIN_VIEW_PX)
        # The middle of the pixel under the hot spot is what points.
        return QRectF(QPointF(-hot.x() - 0.5, -hot.y() - 0.5), size)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        pixmap = self._cursor.pixmap()
        if not pixmap.isNull():
            painter.drawPixmap(self.boundingRect().topLeft(), pixmap)
            return
        for color, width in ((QColor(0, 0, 0, 170), 3.0), (QColor(255, 255, 255), 1.0)):
            painter.setPen(QPen(color, width))
            painter.drawLine(QPointF(-_PLAIN_VIEW_PX, 0), QPointF(_PLAIN_VIEW_PX, 0))
            painter.drawLine(QPointF(0, -_PLAIN_VIEW_PX), QPointF(0, _PLAIN_VIEW_PX))
