"""What neighbouring B-scans say about a B-scan: a soft expectation for every boundary."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mirage_core.engines.base import EngineInput
from mirage_core.engines.graph.scale import Scale
from mirage_core.scan import ScanPattern

F32 = NDArray[np.float32]

REACH_B_SCANS = 3
_REACH_UM = 130.0  # beyond this distance the retina next door is another one
_PULL_PER_UM = 0.02
_PULL_LIMIT = 0.6  # below the price of one full edge: what is clearly seen wins


def neighbourhoods(source: EngineInput, scale: Scale) -> list[range]:
    """Return for every B-scan given which ones inform it, itself among them.

    Those are up to :data:`REACH_B_SCANS` on either side within reach; one on either side where
    no distance is known. Radial B-scans cross each other: away from the centre the next one
    shows another part of the retina, so that each stands alone.
    """
    n = len(source.b_scans)
    if source.pattern is ScanPattern.RADIAL:
        return [range(b, b + 1) for b in range(n)]
    if source.gaps_mm is not None and len(source.gaps_mm) == n - 1:
        gaps_um = [gap * 1000 for gap in source.gaps_mm]
    elif scale.gap_um is not None:
        gaps_um = [scale.gap_um] * (n - 1)
    else:
        return [range(max(b - 1, 0), min(b + 2, n)) for b in range(n)]
    return [range(b - _count(gaps_um[:b][::-1]), b + 1 + _count(gaps_um[b:])) for b in range(n)]


def _count(gaps_um: Sequence[float]) -> int:
    """Return how many B-scans lie within reach when one walks over `gaps_um`."""
    away = np.cumsum(gaps_um[:REACH_B_SCANS])
    return int((away <= _REACH_UM).sum())


def expected_heights(heights: F32, near: Sequence[range]) -> F32:
    """Return the median over neighbouring B-scans of heights above the lowest boundary.

    Parameters
    ----------
    heights : float32 array ``[s, b, X]``
        Measured from a surface of the same B-scan, so that movement between B-scans drops out.
    near : sequence of range
        For each B-scan the neighbours that inform it, as places along ``b``.

    Returns
    -------
    float32 array ``[s, b, X]``
    """
    out = np.empty_like(heights)
    for b, places in enumerate(near):
        out[:, b] = np.median(heights[:, places.start : places.stop], axis=1)
    return out


def pull(cost: F32, expected: F32, scale: Scale) -> F32:
    """Return `cost` ``[b, X, d]`` with a bounded price for leaving `expected` ``[b, X]`` rows."""
    rows = np.arange(cost.shape[2], dtype=np.float32)
    away = np.abs(rows - expected[:, :, None]) * scale.axial_um
    return np.asarray(cost + np.minimum(_PULL_PER_UM * away, _PULL_LIMIT), np.float32)
