"""ComparisonMarks: a second annotation over the first, and where they differ."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from qtpy.QtGui import QColor, QImage
from vispy.scene import Node

from mirage_core.scan import LabelScheme
from mirage_viewer.canvas.colors import DIFFERENCE, ONE, OTHER
from mirage_viewer.canvas.comparison_layer import Compared
from mirage_viewer.canvas.hatch_item import HatchItem
from mirage_viewer.canvas.items import BufferItem, MaskItem
from napari_mirage.canvas.curve_lines import CurveLines
from napari_mirage.canvas.rasters import Raster

Bool = NDArray[np.bool_]

_MASK_OPACITY = 0.2


class FillItem(BufferItem):
    """Pixels filled with one translucent colour."""

    def __init__(self, color: QColor) -> None:
        super().__init__(QImage.Format.Format_ARGB32_Premultiplied, smooth=False)
        share = color.alphaF()
        red, green, blue = (round(v * share) for v in (color.red(), color.green(), color.blue()))
        self._color = np.uint32(color.alpha() << 24 | red << 16 | green << 8 | blue)

    def set_marks(self, marks: Bool) -> None:
        """Fill the pixels `marks` ``[z, x]``."""
        self.resize(*marks.shape)
        self.buffer[...] = np.where(marks, self._color, np.uint32(0))


class ComparisonMarks:
    """Curves of two annotations, shaded and striped differences, in one scene.

    Parameters
    ----------
    parent : vispy Node
    below, above : int
        Orders of the areas, which lie under the surfaces shown, and of the curves over them.
    """

    def __init__(self, parent: Node, below: int, above: int) -> None:
        self.ones = CurveLines(parent, above)
        self.others = CurveLines(parent, above + 2)
        self.mask = Raster(parent, below, MaskItem())
        self.shade = Raster(parent, below + 1, FillItem(DIFFERENCE))
        self.stripes = Raster(parent, below + 2, HatchItem(OTHER))
        self.stripes_one = Raster(parent, below + 3, HatchItem(ONE))

    def set_scheme(self, scheme: LabelScheme) -> None:
        """Take the mask colours of `scheme`."""
        self.mask.item.set_scheme(scheme, _MASK_OPACITY)

    def show(self, compared: Compared | None) -> None:
        """Show a comparison; None takes away what is shown."""
        if compared is None:
            for part in (self.mask, self.shade, self.stripes, self.stripes_one):
                part.show(False)
            for lines in (self.ones, self.others):
                lines.set_colors([])
            return
        ones = np.where(compared.draw_one, compared.one, np.float32(np.nan))
        others = np.where(compared.draw_other, compared.other, np.float32(np.nan))
        for lines, curves, color, dashed in (
            (self.ones, ones, ONE, not compared.solid_one),
            (self.others, others, OTHER, True),
        ):
            lines.set_colors([color.getRgb()[:3]] * len(curves))
            lines.set_curves(curves, np.full(curves.shape, dashed))
        size = compared.masks_differ.shape
        only_one = compared.only_one if compared.only_one is not None else np.zeros(size, bool)
        for part, marks in (
            (self.shade, between(compared, size[0])),
            (self.stripes, compared.masks_differ & ~only_one),
            (self.stripes_one, only_one),
        ):
            part.item.set_marks(marks)
            part.show(bool(marks.any()))
        if compared.mask_one is not None:
            self.mask.item.set_labels(compared.mask_one)
        self.mask.show(compared.mask_one is not None and bool(compared.mask_one.any()))


def between(compared: Compared, height: int) -> Bool:
    """Return the pixels ``[z, x]`` between two curves where they differ, a row at least."""
    rows = np.arange(height, dtype=np.float32)[:, None]
    inside = np.zeros((height, compared.one.shape[1]), bool)
    for one, other, differs in zip(compared.one, compared.other, compared.differs, strict=True):
        there = differs & np.isfinite(one) & np.isfinite(other)
        if there.any():
            top = np.where(there, np.minimum(one, other), np.inf)
            bottom = np.where(there, np.maximum(one, other), -np.inf)
            inside |= (rows >= np.rint(top)) & (rows <= np.rint(bottom))
    return inside
