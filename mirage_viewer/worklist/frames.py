"""Frames: thumbnails as they are drawn, in the middle of a dark frame."""

from __future__ import annotations

from qtpy.QtCore import QRect, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QImage, QPainter, QPainterPath, QPixmap

from mirage_viewer.canvas.colors import CANVAS_BACKGROUND, QUIET_TEXT
from mirage_viewer.theme import icon, scaled

_CORNER_PX = 4
_KEPT = 128
_SYMBOL_PX = 22


class Frames:
    """Draws thumbnails, and keeps them as drawn: scaling one at every redraw would be slow."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, int, int, float], QPixmap] = {}

    def draw(
        self, painter: QPainter, box: QRect, image: QImage | None, *, missing: bool = False
    ) -> None:
        """Draw `image` into `box` on the ground that both themes have around images.

        `missing` says that there is no image because the scan has no pixels in the project.
        """
        if image is not None:
            painter.drawPixmap(box.topLeft(), self._framed(painter, box.size(), image))
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(CANVAS_BACKGROUND)
        painter.drawRoundedRect(box, _CORNER_PX, _CORNER_PX)
        if missing:
            size = scaled(_SYMBOL_PX)
            place = QRect(0, 0, size, size)
            place.moveCenter(box.center())
            icon("eye_off", QUIET_TEXT.name()).paint(painter, place)

    def _framed(self, painter: QPainter, size: QSize, image: QImage) -> QPixmap:
        ratio = painter.device().devicePixelRatio()
        key = image.cacheKey(), size.width(), size.height(), ratio
        if key not in self._kept:
            while len(self._kept) >= _KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = _frame(size, ratio, image, CANVAS_BACKGROUND)
        return self._kept[key]


def _frame(size: QSize, ratio: float, image: QImage, ground: QColor) -> QPixmap:
    """Return `image` as large as fits into `size`, its proportions kept, on `ground`."""
    pixmap = QPixmap(size * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    box = QRectF(0, 0, size.width(), size.height())
    shape = QPainterPath()
    shape.addRoundedRect(box, _CORNER_PX, _CORNER_PX)
    painter = QPainter(pixmap)
    hints = QPainter.RenderHint
    painter.setRenderHints(hints.Antialiasing | hints.SmoothPixmapTransform)
    painter.setClipPath(shape)
    painter.fillRect(box, ground)
    scale = min(box.width() / image.width(), box.height() / image.height())
    place = QRectF(0, 0, image.width() * scale, image.height() * scale)
    place.moveCenter(box.center())
    painter.drawImage(place, image)
    painter.end()
    return pixmap
