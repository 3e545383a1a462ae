"""How far a dark region is closed to its left and right, which a piece of a layer is not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bool = NDArray[np.bool_]
F32 = NDArray[np.float32]

_BEYOND_PX = 8
"""So far beyond the ends of a region brighter tissue is looked for."""
_SURROUND = 60.0
"""Percentile of the grey beyond all ends that counts as the grey around the region."""
_HALF_WAY = 0.5


def closed_sideways(smooth: F32, region: Bool, allowed: Bool) -> float:
    """Return which share of a region's rows end at brighter tissue on the left and right.

    A dark layer has brighter ones above and below, but goes on sideways: the piece of it that
    was cut out by a box ends there at what is as dark as itself. A pocket ends on all sides. The
    edge of the image closes nothing. Rows that end where the region may not go on, at a surface
    or another mark, tell nothing and do not count.

    Parameters
    ----------
    smooth : float32 array ``[z, x]``
        Grey with little noise.
    region : bool array ``[z, x]``
        In one piece.
    allowed : bool array ``[z, x]``
        Where regions may extend.

    Returns
    -------
    float
        0 to 1; 0 also where no row counts or nothing around the region is brighter.
    """
    if not region.any():
        return 0.0
    padded = np.pad(smooth, _BEYOND_PX, constant_values=-np.inf)
    free = np.pad(allowed, 1, constant_values=True)
    sides, counts = _beyond(padded, free, region)
    ends = np.concatenate([sides, _beyond(padded.T, free.T, region.T)[0]])
    ends = ends[np.isfinite(ends)]
    here = float(np.median(smooth[region]))
    around = float(np.percentile(ends, _SURROUND)) if ends.size else here
    if around <= here or not counts.any():
        return 0.0
    return float((sides[counts] > here + _HALF_WAY * (around - here)).mean())


def _beyond(padded: F32, free: Bool, region: Bool) -> tuple[F32, Bool]:
    """Return the brightest beyond both ends of each row, and whether the row could go on there."""
    rows = np.flatnonzero(region.any(axis=1))
    first = region[rows].argmax(axis=1)
    last = region.shape[1] - 1 - region[rows, ::-1].argmax(axis=1)
    at, reach = rows[:, None] + _BEYOND_PX, np.arange(1, _BEYOND_PX + 1)
    before = padded[at, first[:, None] + _BEYOND_PX - reach]
    after = padded[at, last[:, None] + _BEYOND_PX + reach]
    brightest = np.concatenate([before.max(axis=1), after.max(axis=1)])
    return brightest, np.concatenate([free[rows + 1, first], free[rows + 1, last + 2]])
