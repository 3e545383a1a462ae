"""LinePlot: a small plot with labelled axes, painted in the colours of the theme."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QWidget

from mirage_viewer.guard import guarded
from mirage_viewer.theme import current_colors, scaled, text_px

_TICKS_X, _TICKS_Y = 5, 4
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Line:
    """One curve: its points ``{x: y}``, the name of a theme colour, and its name if it is told.

    A level has a single point and runs, dashed, through the whole plot.
    """

    points: Mapping[int, float]
    color: str = "accent"
    name: str = ""
    width: float = 1.8
    level: bool = False


@guarded
class LinePlot(QWidget):
    """Curves over one axis; without any it says why.

    Parameters
    ----------
    x_label, y_label : str
        Written at the axes.
    limits : (float, float), optional
        Of the y axis; by default what the curves need.
    """

    def __init__(
        self, x_label: str, y_label: str, limits: tuple[float, float] | None = None
    ) -> None:
        super().__init__()
        self._x_label, self._y_label, self._limits = x_label, y_label, limits
        self.lines: tuple[Line, ...] = ()
        self.empty = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(y_label)

    def sizeHint(self) -> QSize:
        """Return the size it is drawn for."""
        return QSize(scaled(320), scaled(170))

    def minimumSizeHint(self) -> QSize:
        """Return the size below which nothing can be read."""
        return QSize(scaled(200), scaled(120))

    def show_lines(self, lines: tuple[Line, ...], empty: str = "") -> None:
        """Draw `lines`; `empty` is said while none has a point."""
        self.lines, self.empty = tuple(line for line in lines if line.points), empty
        self.setAccessibleDescription(_described(self.lines) or empty)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw everything."""
        colors = current_colors()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = self.font()
        font.setPixelSize(text_px() - 2)
        painter.setFont(font)
        height = painter.fontMetrics().height()
        x, y = self._ranges()
        ticks = _ticks(*y, _TICKS_Y)
        texts = [_number(t) for t in ticks]
        left = max(painter.fontMetrics().horizontalAdvance(t) for t in texts) + 8
        area = QRectF(left, height + 6, self.width() - left - 12, self.height() - 3 * height - 8)
        muted = QColor(colors.muted)
        painter.setPen(muted)
        room = self._draw_legend(painter)
        painter.setPen(muted)
        label = painter.fontMetrics().elidedText(
            self._y_label, Qt.TextElideMode.ElideRight, round(room)
        )
        painter.drawText(QPointF(0, height - 3), label)
        painter.setPen(muted)
        painter.drawText(
            QRectF(area.left(), self.height() - height, area.width(), height),
            Qt.AlignmentFlag.AlignRight,
            self._x_label,
        )
        if not self.lines:
            painter.drawText(
                area.adjusted(12, 0, -12, 0),
                int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap),
                self.empty,
            )
            painter.setPen(QPen(QColor(colors.border), 1))
            painter.drawLine(area.bottomLeft(), area.bottomRight())
            painter.drawLine(area.bottomLeft(), area.topLeft())
            return
        for tick, text in zip(ticks, texts, strict=True):
            at = _across(tick, y, area.bottom(), area.top())
            painter.setPen(QPen(QColor(colors.border), 1))
            painter.drawLine(QPointF(area.left(), at), QPointF(area.right(), at))
            painter.setPen(muted)
            painter.drawText(
                QRectF(0, at - height / 2, left - 6, height), Qt.AlignmentFlag.AlignRight, text
            )
        for tick in _ticks(*x, _TICKS_X):
            at = _across(tick, x, area.left(), area.right())
            painter.drawText(
                QRectF(at - 40, area.bottom() + 3, 80, height),
                Qt.AlignmentFlag.AlignHCenter,
                _number(tick),
            )
        for line in self.lines:
            self._draw(painter, line, x, y, area)

    def _draw(
        self,
        painter: QPainter,
        line: Line,
        x: tuple[float, float],
        y: tuple[float, float],
        area: QRectF,
    ) -> None:
        pen = QPen(QColor(getattr(current_colors(), line.color)), line.width)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        places = [
            QPointF(
                _across(a, x, area.left(), area.right()), _across(b, y, area.bottom(), area.top())
            )
            for a, b in sorted(line.points.items())
        ]
        if line.level:
            pen.setStyle(Qt.PenStyle.DashLine)
            painter.setPen(pen)
            at = places[0].y()
            painter.drawLine(QPointF(area.left(), at), QPointF(area.right(), at))
            return
        painter.setPen(pen)
        painter.drawPolyline(QPolygonF(places))
        painter.setBrush(pen.color())
        painter.drawEllipse(places[-1], 2.6, 2.6)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _draw_legend(self, painter: QPainter) -> float:
        """Write the names of the lines at the top right, each in its colour; return what is left.

        That is the room beside them, in px.
        """
        metrics = painter.fontMetrics()
        right = float(self.width() - 12)
        for line in reversed([line for line in self.lines if line.name]):
            right -= metrics.horizontalAdvance(line.name)
            painter.setPen(QColor(getattr(current_colors(), line.color)))
            painter.drawText(QPointF(right, metrics.height() - 3), line.name)
            right -= metrics.horizontalAdvance("    ")
        return max(right, 0.0)

    def _ranges(self) -> tuple[tuple[float, float], tuple[float, float]]:
        xs = [float(a) for line in self.lines if not line.level for a in line.points]
        ys = [b for line in self.lines for b in line.points.values()]
        y = self._limits or (min([0.0, *ys]), max(ys, default=1.0) or 1.0)
        return (min([0.0, *xs]), max([*xs, 1.0])), y


def _across(value: float, of: tuple[float, float], first: float, last: float) -> float:
    low, high = of
    return first + (value - low) / ((high - low) or 1.0) * (last - first)


def _ticks(low: float, high: float, about: int) -> list[float]:
    """Return round numbers from `low` to `high`, `about` as many."""
    rough = (high - low or 1.0) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(s * power for s in _STEPS if s * power >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [n * step for n in range(first, last + 1)]


def _number(value: float) -> str:
    return f"{value:.3g}"


def _described(lines: tuple[Line, ...]) -> str:
    parts = []
    for line in lines:
        at = max(line.points)
        parts.append(f"{line.name or 'now'} {line.points[at]:.3g}")
    return ", ".join(parts)
