"""HD95: how far apart the outlines of two masks lie, the farthest twentieth left aside."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from mirage_core.benchmark.conventions import CORRECT, Convention

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
    a, b = (np.argwhere(outline(mask)) * np.asarray(spacing, np.float64) for mask in (found, truth))
    if not len(a) or not len(b):
        return float("nan")
    there, back = KDTree(b).query(a)[0], KDTree(a).query(b)[0]
    return float(max(np.percentile(there, 95), np.percentile(back, 95)))


def b_scan_hd95(
    found: Mask,
    truth: Mask,
    convention: Convention = CORRECT,
    spacing: Spacing2D = IN_PX,
) -> float:
    """Return :func:`hd95` of one B-scan, and what the convention says where a mask is empty.

    Parameters
    ----------
    found, truth : bool arrays ``[z, x]``
    convention : Convention
    spacing : (float, float)
        Size of a pixel along ``z`` and ``x``, in the unit wanted: 1 for px.
    """
    if not found.any() and not truth.any():
        return convention.absent_hd95
    if all(_ends(mask, convention) for mask in (found, truth)):
        return hd95(found, truth, spacing)
    if found.all() and truth.all():
        return 0.0
    if convention.one_sided_hd95 == "nan":
        return float("nan")
    height, width = (n * step for n, step in zip(found.shape, spacing, strict=True))
    return float(np.hypot(height, width))


def _ends(mask: Mask, convention: Convention) -> bool:
    return bool(mask.any()) and (convention.full_has_contour or not mask.all())
