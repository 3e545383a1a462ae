"""Scene items of the SLO: B-scan lines, the current one, and the crosshair's point."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPainterPath, QPen
from qtpy.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from mirage_core.scan import State
from mirage_viewer.canvas.colors import CURRENT, HALO, STATE_STYLES
from mirage_viewer.canvas.surface_item import path_of
from mirage_viewer.guard import guarded

F64 = NDArray[np.float64]

_POINT_VIEW_PX = 6.0
_CURVE_POINTS = 256


def line_path(points: F64) -> QPainterPath:
    """Return the path through SLO ``points [n, (row, col)]`` px, in scene coordinates."""
    starts = np.zeros(len(points), bool)
    starts[0] = True
    return path_of(points[:, 1] + 0.5, points[:, 0] + 0.5, starts)


def sample_count(straight: bool) -> int:
    """Return how many points draw a B-scan's line well enough."""
    return 2 if straight else _CURVE_POINTS


@guarded
class LinesItem(QGraphicsItem):
    """All B-scans' positions, quiet, in the colours of their states."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[QPainterPath] = []
        self._by_state: dict[State, QPainterPath] = {}
        self._bounds = QRectF()
        self._alpha = 110

    def set_lines(self, lines: list[QPainterPath]) -> None:
        """Show `lines`, one per B-scan."""
        self.prepareGeometryChange()
        self._lines = lines
        self._by_state = {}
        # Many lines would hide the fundus: the more there are, the fainter each is.
        self._alpha = int(np.clip(4000 / max(len(lines), 1), 45, 140))
        around = QRectF()
        for line in lines:
            # The tiny rectangle keeps level lines, whose own has no height, in the union.
            around |= line.boundingRect().adjusted(-1e-3, -1e-3, 1e-3, 1e-3)
        self._bounds = around.adjusted(-4, -4, 4, 4) if lines else QRectF()

    def set_states(self, states: tuple[State, ...]) -> None:
        """Colour the lines by `states`, one per B-scan."""
        self._by_state = {}
        for line, state in zip(self._lines, states, strict=True):
            self._by_state.setdefault(state, QPainterPath()).addPath(line)
        self.update()

    def boundingRect(self) -> QRectF:
        return self._bounds

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        painter.setRenderHint(QPainter.Antialiasing, True)
        for state, path in self._by_state.items():
            color = QColor(STATE_STYLES[state].qcolor)
            color.setAlpha(self._alpha)
            pen = QPen(color, 1.0)
            pen.setCosmetic(True)
            painter.setPen(pen)
            painter.drawPath(path)


@guarded
class CurrentLineItem(QGraphicsItem):
    """The current B-scan's position, bright on a dark rim, with a dot at its first A-scan."""

    def __init__(self) -> None:
        super().__init__()
        self._line = QPainterPath()

    def set_line(self, line: QPainterPath) -> None:
        """Show `line`."""
        self.prepareGeometryChange()
        self._line = line

    def boundingRect(self) -> QRectF:
        if self._line.isEmpty():
            return QRectF()
        return self._line.boundingRect().adjusted(-10, -10, 10, 10)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        if self._line.isEmpty():
            return
        painter.setRenderHint(QPainter.Antialiasing, True)
        place = painter.transform()
        for color, width in ((HALO, 3.4), (CURRENT, 1.6)):
            pen = QPen(color, width)
            pen.setCosmetic(True)
            painter.setPen(pen)
            painter.drawPath(self._line)
        painter.resetTransform()
        first = self._line.elementAt(0)
        painter.setPen(QPen(HALO, 1.0))
        painter.setBrush(CURRENT)
        painter.drawEllipse(place.map(QPointF(first.x, first.y)), 3.0, 3.0)


@guarded
class PointItem(QGraphicsItem):
    """The crosshair's point: a ring of fixed size on screen."""

    def __init__(self) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.ItemIgnoresTransformations)

    def boundingRect(self) -> QRectF:
        reach = _POINT_VIEW_PX + 4
        return QRectF(-reach, -reach, 2 * reach, 2 * reach)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        painter.setRenderHint(QPainter.Antialiasing, True)
        painter.setBrush(Qt.NoBrush)
        for color, width in ((HALO, 4.0), (QColor(255, 255, 255), 1.8)):
            painter.setPen(QPen(color, width))
            painter.drawEllipse(QPointF(0, 0), _POINT_VIEW_PX, _POINT_VIEW_PX)
