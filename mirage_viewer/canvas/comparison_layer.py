"""ComparisonLayer: a second annotation over the first, and where they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, Qt
from qtpy.QtGui import QColor, QPainterPath, QPolygonF
from qtpy.QtWidgets import QGraphicsPathItem, QGraphicsScene

from mirage_viewer.canvas.colors import DIFFERENCE, ONE, OTHER
from mirage_viewer.canvas.hatch_item import HatchItem
from mirage_viewer.canvas.surface_item import SurfaceItem

F32 = NDArray[np.float32]
Bool = NDArray[np.bool_]

_Z_SHADE, _Z_MASKS, _Z_CURVES = 1.7, 1.8, 2.5


@dataclass(frozen=True, eq=False)
class Compared:
    """Two annotations of one B-scan.

    Attributes
    ----------
    one, other : float32 arrays ``[s, x]``
        Surfaces of either, row by row the same ones, px from the top, NaN undefined.
    differs : bool array ``[s, x]``
        Where they are further apart than is tolerated.
    masks_differ : bool array ``[z, x]``
        Pixels that carry different labels.
    third : bool
        Neither is the annotation that is shown: `one` is drawn, too.
    """

    one: F32
    other: F32
    differs: Bool
    masks_differ: Bool
    third: bool = False


class ComparisonLayer:
    """The scene items of a comparison: dashed curves of the other, shaded differences."""

    def __init__(self, scene: QGraphicsScene) -> None:
        self._scene = scene
        self.ones: list[SurfaceItem] = []
        self.others: list[SurfaceItem] = []
        self.shade = QGraphicsPathItem()
        self.shade.setPen(Qt.PenStyle.NoPen)
        self.shade.setBrush(DIFFERENCE)
        self.shade.setZValue(_Z_SHADE)
        self.masks = HatchItem(OTHER)
        self.masks.setZValue(_Z_MASKS)
        scene.addItem(self.shade)
        scene.addItem(self.masks)
        self.show(None)

    def show(self, compared: Compared | None) -> None:
        """Show a comparison; None takes away what is shown."""
        for item in (self.shade, self.masks, *self.ones, *self.others):
            item.setVisible(compared is not None)
        if compared is None:
            return
        size = compared.masks_differ.shape
        self._show_curves(self.ones, ONE, compared.one if compared.third else (), size)
        self._show_curves(self.others, OTHER, compared.other, size)
        self.shade.setPath(difference_path(compared))
        self.masks.set_marks(compared.masks_differ)

    def _show_curves(
        self,
        items: list[SurfaceItem],
        color: QColor,
        curves: Sequence[F32] | F32,
        size: tuple[int, int],
    ) -> None:
        """Show `curves` by `items`, of which there will be as many."""
        while len(items) > len(curves):
            self._scene.removeItem(items.pop())
        while len(items) < len(curves):
            items.append(SurfaceItem(color))
            items[-1].setZValue(_Z_CURVES)
            self._scene.addItem(items[-1])
        for item, depths in zip(items, curves, strict=True):
            item.set_bounds(*size)
            item.set_depths(depths, np.ones(depths.shape, bool))
            item.setVisible(True)


def difference_path(compared: Compared) -> QPainterPath:
    """Return the areas between two curves where they differ, in scene coordinates."""
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.WindingFill)
    for one, other, differs in zip(compared.one, compared.other, compared.differs, strict=True):
        columns = np.flatnonzero(differs & np.isfinite(one) & np.isfinite(other))
        for run in np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1):
            if run.size:
                path.addPolygon(_between(run, one, other))
    return path


def _between(run: NDArray[np.intp], one: F32, other: F32) -> QPolygonF:
    """Return the closed polygon between two curves over the columns of `run`."""
    # Over whole pixels, so that a single column shows, too.
    x = np.concatenate([[run[0]], run + 0.5, [run[-1] + 1]])
    at = np.concatenate([[run[0]], run, [run[-1]]])
    there = [QPointF(float(a), float(z) + 0.5) for a, z in zip(x, one[at], strict=True)]
    back = [QPointF(float(a), float(z) + 0.5) for a, z in zip(x, other[at], strict=True)]
    return QPolygonF([*there, *reversed(back), there[0]])
