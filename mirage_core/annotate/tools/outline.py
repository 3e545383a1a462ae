"""Which pixels lie inside an outline."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate.tools.base import Rect


def inside_outline(
    points: NDArray[np.float64], shape: tuple[int, int]
) -> tuple[Rect, NDArray[np.bool_]] | None:
    """Return the pixels whose centres a closed outline winds around.

    The winding number decides, not the parity, so that a freehand outline which crosses itself
    leaves no holes. Own scan conversion, because importing a drawing package on the first
    stroke would make it stutter.

    Parameters
    ----------
    points : float array ``[n, (z, x)]``
        Vertices in px, pixel centres at integers; the last joins the first.
    shape : (int, int)
        Rows and columns of the B-scan; what lies outside is cut off.

    Returns
    -------
    (Rect, bool array ``[z1 - z0, x1 - x0]``) or None
        None when no pixel centre is inside.
    """
    height, width = shape
    low, high = points.min(axis=0), points.max(axis=0)
    z0, z1 = max(math.ceil(low[0]), 0), min(math.floor(high[0]) + 1, height)
    x0, x1 = max(math.ceil(low[1]), 0), min(math.floor(high[1]) + 1, width)
    if z0 >= z1 or x0 >= x1:
        return None
    turns = np.zeros((z1 - z0, x1 - x0 + 1), np.int16)
    ends = np.roll(points, -1, axis=0)
    for (az, ax), (bz, bx) in zip(points, ends, strict=True):
        upper, lower = min(az, bz), max(az, bz)
        # A row belongs to the edge when upper <= z < lower, so that a shared vertex counts once.
        rows = np.arange(max(math.ceil(upper), z0), min(math.ceil(lower), z1))
        if rows.size == 0:
            continue
        crossing = ax + (rows - az) * ((bx - ax) / (bz - az))
        columns = np.clip(np.ceil(crossing).astype(np.intp) - x0, 0, x1 - x0)
        turns[rows - z0, columns] += 1 if bz > az else -1
    inside = np.cumsum(turns[:, :-1], axis=1) != 0
    return (Rect(z0, z1, x0, x1), inside) if inside.any() else None
