"""ComparisonLayer: a second annotation over the first, and where they differ."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, Qt
from qtpy.QtGui import QColor, QPainterPath, QPolygonF
from qtpy.QtWidgets import QGraphicsPathItem, QGraphicsScene

from mirage_core.scan import LabelScheme
from mirage_viewer.canvas.colors import DIFFERENCE, ONE, OTHER
from mirage_viewer.canvas.hatch_item import HatchItem
from mirage_viewer.canvas.items import MaskItem
from mirage_viewer.canvas.surface_item import SurfaceItem

F32 = NDArray[np.float32]
Bool = NDArray[np.bool_]

U8 = NDArray[np.uint8]
Size = tuple[int, int]

_MASK_OPACITY = 0.2
_Z_MASK, _Z_SHADE, _Z_STRIPES, _Z_CURVES = 1.6, 1.7, 1.8, 2.5


class Compared(Protocol):
    """Two annotations of one B-scan.

    Attributes
    ----------
    one, other : float32 arrays ``[s, x]``
        Surfaces of either, row by row the same ones, px from the top, NaN undefined.
    differs : bool array ``[s, x]``
        Where they are further apart than is tolerated: shaded.
    draw_one, draw_other : bool arrays ``[s, x]``
        Where their curves are drawn.
    masks_differ : bool array ``[z, x]``
        Pixels that carry different labels: striped.
    mask_one : uint8 array ``[z, x]`` or None
        Labels of the first that are drawn.
    only_one : bool array ``[z, x]`` or None
        Pixels that differ because the first alone marks them: striped in its colour.
    solid_one : bool
        The curves of the first are lines, not dashed.
    """

    @property
    def one(self) -> F32: ...
    @property
    def other(self) -> F32: ...
    @property
    def differs(self) -> Bool: ...
    @property
    def draw_one(self) -> Bool: ...
    @property
    def draw_other(self) -> Bool: ...
    @property
    def masks_differ(self) -> Bool: ...
    @property
    def mask_one(self) -> U8 | None: ...
    @property
    def only_one(self) -> Bool | None: ...
    @property
    def solid_one(self) -> bool: ...


class ComparisonLayer:
    """The scene items of a comparison: curves of two, shaded and striped differences."""

    def __init__(self, scene: QGraphicsScene) -> None:
        self._scene = scene
        self.ones: list[SurfaceItem] = []
        self.others: list[SurfaceItem] = []
        self.shade = QGraphicsPathItem()
        self.shade.setPen(Qt.PenStyle.NoPen)
        self.shade.setBrush(DIFFERENCE)
        self.stripes = HatchItem(OTHER)
        self.stripes_one = HatchItem(ONE)
        self.mask = MaskItem()
        for item, z in (
            (self.mask, _Z_MASK),
            (self.shade, _Z_SHADE),
            (self.stripes, _Z_STRIPES),
            (self.stripes_one, _Z_STRIPES),
        ):
            item.setZValue(z)
            scene.addItem(item)
        self.show(None)

    def set_scheme(self, scheme: LabelScheme) -> None:
        """Take the mask colours of `scheme`."""
        self.mask.set_scheme(scheme, _MASK_OPACITY)

    def show(self, compared: Compared | None) -> None:
        """Show a comparison; None takes away what is shown."""
        shown = compared is not None
        for item in (self.shade, self.stripes, self.stripes_one, *self.ones, *self.others):
            item.setVisible(shown)
        self.mask.setVisible(shown and compared.mask_one is not None)
        if compared is None:
            return
        size = compared.masks_differ.shape
        ones = np.where(compared.draw_one, compared.one, np.float32(np.nan))
        others = np.where(compared.draw_other, compared.other, np.float32(np.nan))
        self._show_curves(self.ones, ONE, ones, size, dashed=not compared.solid_one)
        self._show_curves(self.others, OTHER, others, size, dashed=True)
        self.shade.setPath(difference_path(compared))
        only_one = compared.only_one
        if only_one is None:
            only_one = np.zeros(size, bool)
        self.stripes.set_marks(compared.masks_differ & ~only_one)
        self.stripes_one.set_marks(only_one)
        if compared.mask_one is not None:
            self.mask.set_labels(compared.mask_one)

    def _show_curves(
        self, items: list[SurfaceItem], color: QColor, curves: F32, size: Size, *, dashed: bool
    ) -> None:
        """Show `curves` ``[s, x]`` by `items`, of which there will be `s`."""
        while len(items) > len(curves):
            self._scene.removeItem(items.pop())
        while len(items) < len(curves):
            items.append(SurfaceItem(color))
            items[-1].setZValue(_Z_CURVES + (0.1 if items is self.others else 0.0))
            self._scene.addItem(items[-1])
        for item, depths in zip(items, curves, strict=True):
            item.set_bounds(*size)
            item.set_depths(depths, np.full(depths.shape, dashed))
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
