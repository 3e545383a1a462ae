"""How a map, its scale and the grid are drawn over the fundus."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QImage,
    QPainter,
    QPainterPath,
    QPen,
    QTransform,
)
from qtpy.QtWidgets import QStyleOptionGraphicsItem, QWidget

from mirage_viewer.canvas.color_maps import COLOR_MAPS, color_index, color_table
from mirage_viewer.canvas.colors import CURRENT, HALO, OVERLAY_TEXT
from mirage_viewer.canvas.fundus_figures import F64, FundusGrid, HeatMap
from mirage_viewer.canvas.items import BufferItem
from mirage_viewer.guard import guarded

_BAR_VIEW_PX = (9.0, 96.0)
_MARGIN_VIEW_PX = 8.0
_QUIET = QColor(205, 210, 218)
_SPOKES = np.radians([45.0, 135.0, 225.0, 315.0])


@guarded
class HeatItem(BufferItem):
    """A map in colours over the whole picture; clear where it is not known."""

    def __init__(self) -> None:
        super().__init__(QImage.Format_ARGB32_Premultiplied, smooth=True)
        self.heat: HeatMap | None = None
        self.colors = COLOR_MAPS[0]

    def set_heat(self, heat: HeatMap | None, area: QRectF) -> None:
        """Show `heat` stretched over `area` of the scene."""
        self.heat = heat
        if heat is None:
            return
        self._smooth = heat.smooth
        rows, columns = heat.values.shape
        self.resize(rows, columns)
        np.take(
            color_table(self.colors),
            color_index(heat.values, heat.low, heat.high),
            out=self.buffer,
            mode="clip",
        )
        place = QTransform.fromTranslate(area.x(), area.y())
        self.setTransform(place.scale(area.width() / columns, area.height() / rows))
        self.update()

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        # Cells are large on screen: whether they run into each other is not for zoom to decide.
        painter.setRenderHint(QPainter.SmoothPixmapTransform, self._smooth)
        painter.drawImage(QPointF(0, 0), self._image)


def paint_scale(painter: QPainter, view: QRectF, heat: HeatMap, colors: str, font: QFont) -> None:
    """Draw the scale of colours at the lower right of `view`, with its ends and its middle."""
    width, height = _BAR_VIEW_PX[0], min(_BAR_VIEW_PX[1], view.height() / 3)
    metrics = QFontMetricsF(font)
    words = [f"{v:.0f}" for v in (heat.high, (heat.low + heat.high) / 2, heat.low)]
    room = max(metrics.horizontalAdvance(w) for w in words) + 4
    left = view.right() - _MARGIN_VIEW_PX - width - room
    top = view.bottom() - _MARGIN_VIEW_PX - height
    table = color_table(colors)[:0:-1].reshape(-1, 1).copy()
    bar = QRectF(left, top, width, height)
    painter.setRenderHint(QPainter.SmoothPixmapTransform, True)
    painter.drawImage(bar, QImage(table.data, 1, len(table), 4, QImage.Format_RGB32))
    painter.setPen(QPen(HALO, 1.0))
    painter.setBrush(Qt.NoBrush)
    painter.drawRect(bar)
    for share, text in zip((0.0, 0.5, 1.0), words, strict=True):
        baseline = top + share * height + metrics.ascent() * (0.75 - 0.6 * share)
        write_over(painter, QPointF(left + width + 4, baseline), text, font, OVERLAY_TEXT)
    unit = heat.unit
    at = QPointF(left + width - metrics.horizontalAdvance(unit) / 2, top - 5)
    write_over(painter, at, unit, font, OVERLAY_TEXT)


def paint_grid(
    painter: QPainter, grid: FundusGrid, to_view: Callable[[F64], QPointF], font: QFont, held: bool
) -> None:
    """Draw circles, spokes, figures and letters of `grid`.

    Parameters
    ----------
    painter : QPainter
        In view coordinates.
    grid : FundusGrid
    to_view : callable
        From ``(x, y)`` mm to a point of the view.
    font : QFont
    held : bool
        The fovea is being moved: its circle is bright.
    """
    centre, radii = grid.centre_mm, grid.radii_mm
    # From mm about the fovea to the view: point by point, circles would cost more than a frame.
    middle = to_view(centre)
    right, up = (to_view(centre + np.array(way)) - middle for way in ((1.0, 0.0), (0.0, 1.0)))
    placed = QTransform(right.x(), right.y(), up.x(), up.y(), middle.x(), middle.y())
    lines = QPainterPath()
    for radius in radii:
        lines.addEllipse(QPointF(0, 0), radius, radius)
    for angle in _SPOKES:
        along = QPointF(np.cos(angle), np.sin(angle))
        lines.moveTo(along * radii[0])
        lines.lineTo(along * radii[-1])
    lines = placed.map(lines)
    painter.setRenderHint(QPainter.Antialiasing, True)
    painter.setBrush(Qt.NoBrush)
    for color, width in ((HALO, 2.8), (OVERLAY_TEXT, 1.1)):
        painter.setPen(QPen(color, width))
        painter.drawPath(lines)
    metrics = QFontMetricsF(font)
    if held:
        ring = QPainterPath()
        ring.addEllipse(QPointF(0, 0), radii[0], radii[0])
        ring = placed.map(ring)
        for color, width in ((HALO, 4.0), (CURRENT, 2.0)):
            painter.setPen(QPen(color, width))
            painter.drawPath(ring)
    if np.hypot(up.x(), up.y()) * radii[0] < 0.5 * metrics.height():
        return  # no room for figures at this zoom
    for cell in (*grid.cells, *grid.sides):
        at = placed.map(QPointF(cell.x_mm, cell.y_mm))
        left = at.x() - metrics.horizontalAdvance(cell.text) / 2
        baseline = QPointF(left, at.y() + 0.36 * metrics.ascent() + 0.5)
        write_over(painter, baseline, cell.text, font, _QUIET if cell.quiet else OVERLAY_TEXT)


def write_over(painter: QPainter, baseline: QPointF, text: str, font: QFont, color: QColor) -> None:
    """Write `text` in `color` with a dark rim, readable on any colour of a map."""
    path = QPainterPath()
    path.addText(baseline, font, text)
    painter.setRenderHint(QPainter.Antialiasing, True)
    painter.strokePath(path, QPen(HALO, 3.0, Qt.SolidLine, Qt.RoundCap, Qt.RoundJoin))
    painter.fillPath(path, color)
