"""Helper lines and knots that a tool shows over the image."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPainterPath, QPen, QTransform
from qtpy.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from mirage_core.annotate.tools.base import Guide
from mirage_viewer.canvas.colors import GUIDE, NOT_WANTED, WANTED
from mirage_viewer.canvas.surface_item import path_of
from mirage_viewer.guard import guarded

_KNOT_VIEW_PX = 4.0
_RIM = QColor(0, 0, 0, 200)
_STROKE_VIEW_PX = 2.5
_LINES = ("line", "with", "against")


@guarded
class GuidesItem(QGraphicsItem):
    """Lines and knots of the stroke in hand; circles are the brush ring's business.

    What belongs to a region is green; what does not is orange and dashed, since colour alone
    must not tell them apart.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lines = {kind: QPainterPath() for kind in _LINES}
        self._knots: list[tuple[float, float]] = []
        self._bounds = QRectF()

    def set_guides(self, guides: tuple[Guide, ...]) -> None:
        """Show `guides`."""
        lines = {kind: QPainterPath() for kind in _LINES}
        knots: list[tuple[float, float]] = []
        around = QRectF()
        for guide in guides:
            if guide.kind == "circle" or len(guide.points) == 0:
                continue
            x, y = guide.points[:, 1] + 0.5, guide.points[:, 0] + 0.5
            if guide.kind in lines:
                if len(x) == 1:  # a dot is a line of no length
                    x, y = np.array([x[0], x[0] + 1e-3]), y.repeat(2)
                starts = np.zeros(len(x), bool)
                starts[0] = True
                lines[guide.kind].addPath(path_of(x, y, starts))
            else:
                knots += zip(x.tolist(), y.tolist(), strict=True)
            around |= QRectF(x.min(), y.min(), np.ptp(x) + 1e-3, np.ptp(y) + 1e-3)
        if around.isNull() and self._bounds.isNull():
            return
        self.prepareGeometryChange()
        self._lines, self._knots = lines, knots
        # Knots are drawn in view pixels; the margin covers them at every zoom one can work at.
        self._bounds = QRectF() if around.isNull() else around.adjusted(-16, -16, 16, 16)

    def boundingRect(self) -> QRectF:
        return self._bounds

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        painter.setRenderHint(QPainter.Antialiasing, True)
        painter.setBrush(Qt.NoBrush)
        place = painter.transform()
        for color, offset in ((_RIM, 1.0), (GUIDE, 0.0)):
            painter.setPen(_cosmetic(color, 1.0))
            painter.setTransform(place * QTransform.fromTranslate(offset, offset))
            painter.drawPath(self._lines["line"])
        painter.setTransform(place)
        for kind, color, style in (
            ("with", WANTED, Qt.SolidLine),
            ("against", NOT_WANTED, Qt.DashLine),
        ):
            for ink, width in ((_RIM, _STROKE_VIEW_PX + 2), (color, _STROKE_VIEW_PX)):
                painter.setPen(_cosmetic(ink, width, style if ink is color else Qt.SolidLine))
                painter.drawPath(self._lines[kind])
        painter.resetTransform()
        painter.setPen(QPen(_RIM, 1.0))
        painter.setBrush(GUIDE)
        for x, y in self._knots:
            painter.drawEllipse(place.map(QPointF(x, y)), _KNOT_VIEW_PX, _KNOT_VIEW_PX)


def _cosmetic(color: QColor, width: float, style: Qt.PenStyle = Qt.SolidLine) -> QPen:
    pen = QPen(color, width, style, Qt.FlatCap if style == Qt.DashLine else Qt.RoundCap)
    pen.setCosmetic(True)
    return pen
