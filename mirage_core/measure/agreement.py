"""How well two annotations of one scan agree: boundary error and overlap.

Boundaries are compared over pairs that are finite in both; what has no pair gives NaN, never 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mirage_core.scan import Spacing

F64 = NDArray[np.float64]


def boundary_differences(found: NDArray[np.floating], truth: NDArray[np.floating]) -> F64:
    """Return `found` less `truth` in px over finite pairs, positive where `found` lies deeper.

    Parameters
    ----------
    found, truth : float arrays of one shape, e.g. ``[b, x]``
        Depths in px from the top, NaN = undefined.

    Returns
    -------
    float64 array, one-dimensional
        Empty when there is no finite pair.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    if found.shape != truth.shape:
        raise ValueError(f"boundaries of different shape: {found.shape} and {truth.shape}")
    pair = np.isfinite(found) & np.isfinite(truth)
    return np.asarray(found[pair], np.float64) - np.asarray(truth[pair], np.float64)


def signed_error(found: NDArray[np.floating], truth: NDArray[np.floating]) -> float:
    """Return the mean difference in px (bias), NaN without a finite pair."""
    differences = boundary_differences(found, truth)
    return float(differences.mean()) if differences.size else float("nan")


def unsigned_error(found: NDArray[np.floating], truth: NDArray[np.floating]) -> float:
    """Return the mean absolute difference in px, NaN without a finite pair."""
    differences = boundary_differences(found, truth)
    return float(np.abs(differences).mean()) if differences.size else float("nan")


def percentile_error(
    found: NDArray[np.floating], truth: NDArray[np.floating], percent: float = 95.0
) -> float:
    """Return a percentile of the absolute differences in px, NaN without a finite pair."""
    differences = boundary_differences(found, truth)
    return float(np.percentile(np.abs(differences), percent)) if differences.size else float("nan")


def max_error(found: NDArray[np.floating], truth: NDArray[np.floating]) -> float:
    """Return the largest absolute difference in px, NaN without a finite pair."""
    differences = boundary_differences(found, truth)
    return float(np.abs(differences).max()) if differences.size else float("nan")


def unsigned_error_per_b_scan(found: NDArray[np.floating], truth: NDArray[np.floating]) -> F64:
    """Return the mean absolute difference in px of every B-scan, ``[b]``.

    Parameters
    ----------
    found, truth : float arrays ``[b, x]``

    Returns
    -------
    float64 array ``[b]``
        NaN for B-scans without a finite pair.
    """
    if found.shape != truth.shape:
        raise ValueError(f"boundaries of different shape: {found.shape} and {truth.shape}")
    return np.array([unsigned_error(f, t) for f, t in zip(found, truth, strict=True)], np.float64)


def error_um(error_px: float, spacing: Spacing) -> float:
    """Return an axial error in px as µm.

    Raises
    ------
    SpacingUnknownError
        If the axial spacing is unknown; nothing is guessed.
    """
    (dz_mm,) = spacing.require_mm("z")
    return error_px * dz_mm * 1000


def dice(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Return the Dice overlap ``2 |A and B| / (|A| + |B|)`` of two masks (Dice, 1945).

    NaN where both are empty: two empty masks agree on absence, which is no overlap to measure.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    if found.shape != truth.shape:
        raise ValueError(f"masks of different shape: {found.shape} and {truth.shape}")
    total = int(np.count_nonzero(found)) + int(np.count_nonzero(truth))
    if total == 0:
        return float("nan")
    return 2.0 * int(np.count_nonzero(found & truth)) / total
