"""Raster: a picture of one B-scan over napari's layers, coloured as the app colours it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from vispy.scene import Node
from vispy.scene.visuals import Image
from vispy.visuals.transforms import STTransform

from mirage_viewer.canvas.items import BufferItem

U8 = NDArray[np.uint8]


class Raster:
    """Shows the pixels of one of the app's picture items.

    The items hold what a picture looks like, as a buffer of colours; they never get into a Qt
    scene here.

    Parameters
    ----------
    parent : vispy Node
    order : int
    item : BufferItem
        Of premultiplied ARGB.
    smooth : bool
        Interpolate between pixels.
    """

    def __init__(self, parent: Node, order: int, item: BufferItem, *, smooth: bool = False) -> None:
        self.item = item
        self._node = Image(
            np.zeros((1, 1, 4), np.uint8),
            interpolation="linear" if smooth else "nearest",
            method="subdivide",
            parent=parent,
        )
        self._node.order = order
        self._node.transform = STTransform()
        self._node.set_gl_state(
            depth_test=False, blend=True, blend_func=("one", "one_minus_src_alpha")
        )
        self._node.visible = False

    @property
    def visible(self) -> bool:
        """Whether it is drawn."""
        return bool(self._node.visible)

    def show(self, shown: bool, at: tuple[int, int] = (0, 0)) -> None:
        """Draw the item's buffer as it is now, its first pixel at ``(z, x)``; or nothing."""
        if shown:
            self._node.set_data(rgba(self.item.buffer))
            self._node.transform.translate = (at[1], at[0])
        if shown != self._node.visible:
            self._node.visible = shown

    def set_opacity(self, opacity: float) -> None:
        """Set how strongly it covers what lies under it, 0..1."""
        self._node.opacity = opacity


def rgba(buffer: NDArray[np.uint32]) -> U8:
    """Return ARGB32 ``[row, col]`` as bytes ``[row, col, (r, g, b, a)]``."""
    red, blue = buffer >> np.uint32(16) & np.uint32(255), (buffer & np.uint32(255)) << np.uint32(16)
    swapped = (buffer & np.uint32(0xFF00FF00) | red | blue).astype("<u4", copy=False)
    return swapped.view(np.uint8).reshape(*buffer.shape, 4)
