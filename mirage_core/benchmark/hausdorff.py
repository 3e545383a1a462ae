"""HD95 of one B-scan under a convention, which says what it is where a mask is empty."""

from __future__ import annotations

import numpy as np

from mirage_core.benchmark.conventions import CORRECT, Convention
from mirage_core.measure.hausdorff import IN_PX, Mask, Spacing2D, hd95


def b_scan_hd95(
    found: Mask,
    truth: Mask,
    convention: Convention = CORRECT,
    spacing: Spacing2D = IN_PX,
) -> float:
    """Return the HD95 of one B-scan, and what the convention says where a mask is empty.

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
