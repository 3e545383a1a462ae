"""One surface of a B-scan as an item that draws a path.

Not a QGraphicsPathItem: its ``setPath`` repaints the whole item, and here only the columns that
changed are to be repainted.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QByteArray, QDataStream, QRectF
from qtpy.QtGui import QColor, QPainter, QPainterPath, QPen, QTransform
from qtpy.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from mirage_viewer.guard import guarded

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

# Serialised form of QPainterPath (Qt's documented data stream format): the fastest way in.
_ELEMENT = np.dtype([("kind", ">i4"), ("x", ">f8"), ("y", ">f8")])
_MOVE, _LINE = 0, 1
_TAIL = np.array([0, 0], ">i4").tobytes()

DASH_COLUMNS = 6
# Offsets in view pixels at which the one-pixel line is repeated to look thicker: Qt draws
# antialiased one-pixel lines some 20 times faster than wider ones.
_NORMAL = (-0.3, 0.3)
_THICK = (-0.9, 0.0, 0.9)


def path_of(x: F64, y: F64, starts: NDArray[np.bool_]) -> QPainterPath:
    """Return the path through points ``x, y`` that begins anew where `starts` is True."""
    elements = np.empty(len(x), _ELEMENT)
    elements["kind"] = np.where(starts, _MOVE, _LINE)
    elements["x"], elements["y"] = x, y
    path = QPainterPath()
    if len(x):
        head = np.array([len(x)], ">i4").tobytes()
        stream = QDataStream(QByteArray(head + elements.tobytes() + _TAIL))
        stream >> path
    return path


def surface_path(depths: NDArray[np.floating], drawn: NDArray[np.bool_]) -> QPainterPath:
    """Return a surface as a path in scene coordinates.

    Parameters
    ----------
    depths : float array ``[x]``
        px from the top, pixel centres at integers.
    drawn : bool array ``[x]``
        Columns to draw; the path has gaps at the others. Every run of columns begins and ends
        at the outer edges of its first and last pixel, so that a single column shows too.
    """
    columns = np.flatnonzero(drawn)
    if columns.size == 0:
        return QPainterPath()
    breaks = np.flatnonzero(np.diff(columns) > 1) + 1
    first = np.concatenate([[0], breaks])
    last = np.concatenate([breaks - 1, [columns.size - 1]])
    x, y = columns + 0.5, depths[columns].astype(np.float64) + 0.5
    # Where a run ends and the next begins at one index, the end comes first.
    at = np.concatenate([last + 1, first])
    x = np.insert(x, at, np.concatenate([x[last] + 0.5, x[first] - 0.5]))
    y = np.insert(y, at, np.concatenate([y[last], y[first]]))
    starts = np.zeros(len(x), bool)
    starts[first + 2 * np.arange(len(first))] = True
    return path_of(x, y, starts)


@guarded
class SurfaceItem(QGraphicsItem):
    """A surface that repaints only the columns that changed.

    Its bounding rectangle is the whole image, so that a change never has to repaint where the
    curve does not pass.
    """

    def __init__(self, color: QColor) -> None:
        super().__init__()
        self._pen = QPen(color, 1.0)
        self._pen.setCosmetic(True)
        self._path = QPainterPath()
        self._bounds = QRectF()
        self._depths: F32 = np.zeros(0, np.float32)
        self._drawn: NDArray[np.bool_] = np.zeros(0, bool)
        self._active = False

    @property
    def active(self) -> bool:
        """True while this is the surface that tools draw."""
        return self._active

    def set_active(self, active: bool) -> None:
        """Draw it thicker, above the others."""
        if active != self._active:
            self._active = active
            self.setZValue(self.zValue() + (0.5 if active else -0.5))
            self.update()

    def set_bounds(self, height: int, width: int) -> None:
        """Say how large the image is."""
        bounds = QRectF(0, 0, width, height).adjusted(-4, -4, 4, 4)
        if bounds != self._bounds:
            self.prepareGeometryChange()
            self._bounds = bounds

    def set_depths(self, depths: F32, unsure: NDArray[np.bool_]) -> bool:
        """Show `depths` ``[x]`` (px, NaN = gap), dashed where `unsure`; return if it changed."""
        drawn = np.isfinite(depths)
        if unsure.any():
            # Dashes belong to columns, not to path length: a change never shifts those beside it.
            drawn &= ~(unsure & (np.arange(len(depths)) // DASH_COLUMNS % 2 == 1))
        if self._depths.shape == depths.shape:
            moved = (depths != self._depths) & (drawn | self._drawn)
            changed = np.flatnonzero(moved | (drawn != self._drawn))
            if changed.size == 0:
                return False
            self._mark(changed, self._depths)
            self._mark(changed, depths)
        else:
            self.update()
        self._depths, self._drawn = depths.copy(), drawn
        self._path = surface_path(depths, drawn)
        return True

    def _mark(self, changed: NDArray[np.intp], depths: F32) -> None:
        """Ask for a repaint around the `changed` columns of a curve and the pixels beside them."""
        x0, x1 = max(int(changed[0]) - 1, 0), int(changed[-1]) + 2
        span = depths[x0:x1]
        span = span[np.isfinite(span)]
        if span.size:
            top, bottom = float(span.min()), float(span.max())
            self.update(QRectF(x0 - 3, top - 3, x1 - x0 + 6, bottom - top + 7))

    def boundingRect(self) -> QRectF:
        return self._bounds

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        if self._path.isEmpty():
            return
        painter.setRenderHint(QPainter.Antialiasing, True)
        painter.setPen(self._pen)
        place = painter.transform()
        for offset in _THICK if self._active else _NORMAL:
            painter.setTransform(place * QTransform.fromTranslate(0.0, offset))
            painter.drawPath(self._path)
