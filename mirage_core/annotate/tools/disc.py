"""Filling the area a round brush covers on its way."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate.tools.base import Point, Rect

U8 = NDArray[np.uint8]

_PIECE_RADII = 4.0
"""Long moves are drawn in pieces, so that a diagonal one does not cost its bounding box."""


def sweep_disc(
    mask: U8, last: Point, at: Point, radius_px: float, aspect: float, value: int
) -> Rect | None:
    """Set every pixel within `radius_px` of the way from `last` to `at`, in place.

    Parameters
    ----------
    mask : uint8 array ``[z, x]``
    last, at : Point
        px; pixel centres at integers.
    radius_px : float
        In columns; the disc reaches ``radius_px * aspect`` rows up and down. The pixel under
        the pointer is set however small the radius.
    aspect : float
        Depth px per column px of equal length on screen.
    value : int
        Label to set.

    Returns
    -------
    Rect or None
        The rectangle that was drawn into; None if it lies outside the mask.
    """
    length = math.hypot((at.z - last.z) / aspect, at.x - last.x)
    pieces = max(1, math.ceil(length / max(_PIECE_RADII * radius_px, 8.0)))
    drawn: Rect | None = None
    a = last
    for k in range(1, pieces + 1):
        share = k / pieces
        b = Point(last.z + share * (at.z - last.z), last.x + share * (at.x - last.x))
        rect = _capsule(mask, a, b, radius_px, aspect, value)
        if rect is not None:
            drawn = rect if drawn is None else drawn.union(rect)
        a = b
    # Only where the pointer is: at the end of a piece on the way a thin disc may miss the pixel.
    z, x = round(at.z), round(at.x)
    if 0 <= z < mask.shape[0] and 0 <= x < mask.shape[1]:
        mask[z, x] = value
    return drawn


def _capsule(
    mask: U8, a: Point, b: Point, radius_px: float, aspect: float, value: int
) -> Rect | None:
    height, width = mask.shape
    reach_x, reach_z = max(radius_px, 0.5), max(radius_px * aspect, 0.5)
    z0 = max(math.ceil(min(a.z, b.z) - reach_z), 0)
    z1 = min(math.floor(max(a.z, b.z) + reach_z) + 1, height)
    x0 = max(math.ceil(min(a.x, b.x) - reach_x), 0)
    x1 = min(math.floor(max(a.x, b.x) + reach_x) + 1, width)
    if z0 >= z1 or x0 >= x1:
        return None
    # Distances are taken in columns: rows are divided by the aspect.
    dz = (np.arange(z0, z1, dtype=np.float32)[:, None] - a.z) / aspect
    dx = np.arange(x0, x1, dtype=np.float32)[None, :] - a.x
    vz, vx = (b.z - a.z) / aspect, b.x - a.x
    squared = vz * vz + vx * vx
    if squared > 1e-12:
        along = np.clip((dz * vz + dx * vx) / squared, 0.0, 1.0)
        distance = (dz - along * vz) ** 2 + (dx - along * vx) ** 2
    else:
        distance = dz**2 + dx**2
    box = mask[z0:z1, x0:x1]
    box[distance <= radius_px**2] = value
    return Rect(z0, z1, x0, x1)
