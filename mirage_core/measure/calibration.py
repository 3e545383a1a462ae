"""Whether an engine's confidence means what it says, and whether it finds the worst B-scans."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr


def calibration_error(
    confidence: NDArray[np.floating], hit: NDArray[np.bool_], bins: int = 10
) -> float:
    """Return the expected calibration error, 0..1 (Guo et al., ICML 2017).

    The gap between mean confidence and share of hits, over bins of equal width, weighted by how
    many fall into each.

    Parameters
    ----------
    confidence : float array
        0..1; NaN is left out.
    hit : bool array of the same shape
    bins : int

    Returns
    -------
    float
        NaN if there is nothing to count.
    """
    known = np.isfinite(confidence)
    sure, right = confidence[known], hit[known].astype(float)
    if not sure.size:
        return float("nan")
    at = np.minimum((sure * bins).astype(int), bins - 1)
    gap = np.bincount(at, sure - right, minlength=bins)
    return float(np.abs(gap).sum() / sure.size)


def rank_agreement(doubt: NDArray[np.floating], error: NDArray[np.floating]) -> float:
    """Return Spearman's rank correlation of the doubt and the true error of B-scans, -1..1.

    B-scans in which either is NaN are left out; NaN if fewer than three are left, or all are
    alike.
    """
    known = np.isfinite(doubt) & np.isfinite(error)
    a, b = doubt[known], error[known]
    if known.sum() < 3 or not (np.ptp(a) and np.ptp(b)):
        return float("nan")
    return float(spearmanr(a, b).statistic)
