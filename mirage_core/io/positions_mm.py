"""B-scan positions given in mm on the fundus: order, gaps, and places in SLO pixels.

Arrays are ``[b, (x, y)]`` in mm from the upper left corner of the SLO, y downwards, as
Heidelberg devices store them: a volume that begins inferior begins with the greatest y. The
end lies one A-scan beyond the last one, so that a line is as long as its A-scans are wide.
"""

from __future__ import annotations

import statistics

import numpy as np
from numpy.typing import NDArray

from mirage_core.io.limits import GAP_LIMITS_MM, possible
from mirage_core.scan import LinePosition

F64 = NDArray[np.float64]


def superior_first(start_mm: F64, end_mm: F64) -> bool | None:
    """Return whether B-scan 0 is superior, from positions ``[b, (x, y)]`` in mm, y downwards.

    None for a single B-scan, and where B-scans follow each other sideways.
    """
    middle = (start_mm + end_mm) / 2
    if len(middle) < 2:
        return None
    dx, dy = middle[-1] - middle[0]
    if abs(dy) <= abs(dx):
        return None
    return bool(dy > 0)


def usual_gap_mm(start_mm: F64, end_mm: F64) -> float | None:
    """Return the usual distance in mm between neighbouring parallel B-scans, None if not any.

    Positions are ``[b, (x, y)]``; the distance is taken across the lines, so that B-scans
    shifted along themselves do not count as further apart. It is the median gap; where all gaps
    lie within a fifth of it, their mean, which rounded positions do not bias.
    """
    if len(start_mm) < 2:
        return None
    along = (end_mm - start_mm).sum(axis=0)
    length = float(np.hypot(*along))
    if not length > 0:
        return None
    across = np.array([-along[1], along[0]]) / length
    gaps = np.abs(np.diff((start_mm + end_mm) / 2 @ across))
    # Not numpy's median, whose first call imports masked arrays: ten times the rest of opening.
    gap = statistics.median(gaps.tolist())
    if np.all(np.abs(gaps - gap) <= gap / 5):
        gap = float(gaps.mean())
    return gap if possible(gap, GAP_LIMITS_MM) else None


def line_positions(
    start_mm: F64, end_mm: F64, slo_mm_per_px: tuple[float, float], n_a_scans: int
) -> tuple[LinePosition, ...]:
    """Return the lines in SLO px from their first to their last A-scan.

    ``slo_mm_per_px`` is along (row, col); empty if one of the lines has no length.
    """
    scale = np.array(slo_mm_per_px)
    start, beyond = start_mm[:, ::-1] / scale, end_mm[:, ::-1] / scale
    if np.any(np.all(start == beyond, axis=1)):
        return ()
    last = start + (beyond - start) * ((n_a_scans - 1) / n_a_scans)
    return tuple(
        LinePosition((float(s[0]), float(s[1])), (float(e[0]), float(e[1])))
        for s, e in zip(start, last, strict=True)
    )
