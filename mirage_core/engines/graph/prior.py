"""What neighbouring B-scans say about a B-scan: a soft expectation for every boundary."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mirage_core.engines.graph.scale import Scale

F32 = NDArray[np.float32]

REACH_B_SCANS = 3
_REACH_UM = 130.0  # beyond this distance the retina next door is another one
_PULL_PER_UM = 0.02
_PULL_LIMIT = 0.6  # below the price of one full edge: what is clearly seen wins


def reach_in_b_scans(scale: Scale) -> int:
    """Return how many B-scans on each side may inform one; 1 where their gap is unknown."""
    if scale.gap_um is None:
        return 1
    return int(min(REACH_B_SCANS, _REACH_UM // scale.gap_um))


def expected_heights(heights: F32, reach: int) -> F32:
    """Return the median over neighbouring B-scans of heights above the lowest boundary.

    Parameters
    ----------
    heights : float32 array ``[s, b, X]``
        Measured from a surface of the same B-scan, so that movement between B-scans drops out.
    reach : int
        B-scans on each side; fewer at the ends.

    Returns
    -------
    float32 array ``[s, b, X]``
    """
    n = heights.shape[1]
    out = np.empty_like(heights)
    for b in range(n):
        out[:, b] = np.median(heights[:, max(0, b - reach) : b + reach + 1], axis=1)
    return out


def pull(cost: F32, expected: F32, scale: Scale) -> F32:
    """Return `cost` ``[b, X, d]`` with a bounded price for leaving `expected` ``[b, X]`` rows."""
    rows = np.arange(cost.shape[2], dtype=np.float32)
    away = np.abs(rows - expected[:, :, None]) * scale.axial_um
    return np.asarray(cost + np.minimum(_PULL_PER_UM * away, _PULL_LIMIT), np.float32)
