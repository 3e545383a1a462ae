"""TsnitPlot: the nerve fibre layer around the disc."""

from __future__ import annotations

import math
from collections.abc import Sequence

from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from mirage_viewer.guard import guarded
from mirage_viewer.theme import current_colors, scaled, text_px

_TITLE = "Nerve fibre layer, µm"
_SIDES = "TSNIT"


@guarded
class TsnitPlot(QWidget):
    """Thickness from temporal over superior, nasal and inferior back to temporal."""

    def __init__(self) -> None:
        super().__init__()
        self.points: tuple[tuple[float, float], ...] = ()
        self.title = _TITLE
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(_TITLE)

    def sizeHint(self) -> QSize:
        """Return the size it is drawn for."""
        return QSize(scaled(300), scaled(112))

    def show_points(self, points: Sequence[tuple[float, float]], circle: str = "") -> None:
        """Draw ``(degrees, um)`` in ascending order; NaN is a gap, none at all hides the plot.

        `circle` says which one it is, where there are several.
        """
        self.title = f"{_TITLE}, {circle}" if circle else _TITLE
        self.points = tuple(points)
        self.setVisible(any(math.isfinite(um) for _, um in self.points))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw axes and curve."""
        colors = current_colors()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = self.font()
        font.setPixelSize(text_px() - 2)
        painter.setFont(font)
        metrics = painter.fontMetrics()
        highest = max((um for _, um in self.points if math.isfinite(um)), default=100.0)
        top = 50 * math.ceil(max(highest, 1.0) / 50)
        left = metrics.horizontalAdvance(f"{top}") + 8
        area = QRectF(
            left,
            metrics.height() + 4,
            self.width() - left - 10,
            self.height() - 2 * metrics.height() - 10,
        )
        painter.setPen(QColor(colors.muted))
        painter.drawText(QPointF(0, metrics.ascent()), self.title)
        for um in (0, top // 2, top):
            at = area.bottom() - area.height() * um / top
            painter.setPen(QPen(QColor(colors.border), 1))
            painter.drawLine(QPointF(area.left(), at), QPointF(area.right(), at))
            painter.setPen(QColor(colors.muted))
            room = QRectF(0, at - metrics.height() / 2, left - 6, metrics.height())
            painter.drawText(room, Qt.AlignmentFlag.AlignRight, f"{um}")
        for i, side in enumerate(_SIDES):
            at = area.left() + area.width() * i / (len(_SIDES) - 1)
            room = QRectF(at - 12, area.bottom() + 3, 24, metrics.height())
            painter.drawText(room, Qt.AlignmentFlag.AlignHCenter, side)
        curve, drawing = QPainterPath(), False
        # The first point once more at 360 degrees: the profile is a ring.
        for degrees, um in (*self.points, *((360.0, um) for _, um in self.points[:1])):
            if not math.isfinite(um):
                drawing = False
                continue
            here = QPointF(
                area.left() + area.width() * degrees / 360,
                area.bottom() - area.height() * max(um, 0.0) / top,
            )
            if drawing:
                curve.lineTo(here)
            else:
                curve.moveTo(here)
            drawing = True
        painter.setPen(QPen(QColor(colors.accent), 1.8))
        painter.drawPath(curve)
