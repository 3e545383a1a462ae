"""HD95: how far apart the outlines of two masks lie, the farthest twentieth left aside."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

Mask = NDArray[np.bool_]
Spacing2D = tuple[float, float]
IN_PX: Spacing2D = (1.0, 1.0)


def outline(mask: Mask) -> Mask:
    """Return the pixels of ``mask[z, x]`` with a neighbour (of four) outside it.

    Beyond the picture is outside.
    """
    inner = np.zeros_like(mask)
    inner[1:-1, 1:-1] = (
        mask[1:-1, 1:-1] & mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
    )
    return mask & ~inner


def hd95(found: Mask, truth: Mask, spacing: Spacing2D = IN_PX) -> float:
    """Return the larger of the two directed 95th percentiles between two outlines.

    Percentiles interpolate linearly.

    Parameters
    ----------
    found, truth : bool arrays ``[z, x]``
    spacing : (float, float)
        Size of a pixel along ``z`` and ``x``, in the unit wanted: 1 for px.

    Returns
    -------
    float
        In the unit of `spacing`; NaN if one of the masks is empty.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> found, truth = np.zeros((2, 9, 9), bool)
    >>> found[2, :], truth[5, :] = True, True
    >>> hd95(found, truth), hd95(found, truth, (0.004, 0.01))
    (3.0, 0.012)
    """
    if found.shape != truth.shape:
        raise ValueError(f"masks of different shape: {found.shape} and {truth.shape}")
    if not found.any() or not truth.any():
        return float("nan")
    box = _box(found | truth)
    a, b = (
        np.argwhere(outline(mask[box])) * np.asarray(spacing, np.float64) for mask in (found, truth)
    )
    there, back = KDTree(b).query(a)[0], KDTree(a).query(b)[0]
    return float(max(np.percentile(there, 95), np.percentile(back, 95)))


def _box(mask: Mask) -> tuple[slice, slice]:
    """Return the smallest box around a mask; outside it there is no outline to look for."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
