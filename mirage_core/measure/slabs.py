"""Slabs: how much of the eye each B-scan stands for, along the axis across B-scans."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mirage_core.scan import LinePosition, Provenance, ScanGeometry, ScanPattern, Spacing

F64 = NDArray[np.float64]

_EVEN = 0.2
_SAME = 0.1
"""Share by which the file's gap and that of its positions may differ."""
_NOT_SIDE_BY_SIDE = {ScanPattern.RADIAL: "radial scan", ScanPattern.CIRCLE: "circle scan"}


class NoSlabsError(ValueError):
    """The B-scans of this pattern do not lie side by side; the text is for the user."""


def slab_widths_mm(spacing: Spacing, geometry: ScanGeometry, n_b_scans: int) -> F64:
    """Return the width in mm that each B-scan stands for, ``[b]``; see :func:`slab_halves_mm`."""
    widths: F64 = slab_halves_mm(spacing, geometry, n_b_scans).sum(axis=1)
    return widths


def slab_halves_mm(spacing: Spacing, geometry: ScanGeometry, n_b_scans: int) -> F64:
    """Return how far the slab of each B-scan reaches to either side in mm, ``[b, 2]``.

    First to where places on the axis across B-scans are less, then to where they are more
    (:func:`~mirage_core.measure.plane.across_mm`). It is half the gap between B-scans. Where the
    file's positions tell that gaps differ by more than a fifth from their median, it is half the
    gap to the neighbour on that side; the outermost reach as far outwards as inwards. Where
    positions tell another gap than the file's figure, they count, as they do for layers. A gap
    that the user typed counts for all.

    Raises
    ------
    SpacingUnknownError
        If the gap between B-scans is unknown.
    NoSlabsError
        If B-scans are not side by side.
    """
    if geometry.pattern in _NOT_SIDE_BY_SIDE:
        raise NoSlabsError(
            f"The B-scans of a {_NOT_SIDE_BY_SIDE[geometry.pattern]} do not lie side by side; "
            "it has no volume."
        )
    (gap_mm,) = spacing.require_mm("b")
    even = np.full((n_b_scans, 2), gap_mm / 2)
    if spacing.b.source is Provenance.USER or n_b_scans < 3:
        return even
    places_mm = _places_mm(geometry)
    if places_mm is None:
        return even
    # By place: some devices take every other B-scan first.
    order = np.argsort(places_mm, kind="stable")
    gaps_mm = np.diff(places_mm[order])
    middle = float(np.median(gaps_mm))
    if np.all(np.abs(gaps_mm - middle) <= _EVEN * middle):
        return even if abs(middle - gap_mm) <= _SAME * gap_mm else np.full_like(even, middle / 2)
    around = np.concatenate([gaps_mm[:1], gaps_mm, gaps_mm[-1:]]) / 2
    halves_mm = np.empty((n_b_scans, 2))
    halves_mm[order] = np.stack([around[:-1], around[1:]], axis=1)
    return halves_mm


def _places_mm(geometry: ScanGeometry) -> F64 | None:
    """Return where parallel lines lie on the axis across them, ``[b]``; None if unknown."""
    scale = geometry.slo_mm_per_px
    lines = [p for p in geometry.positions if isinstance(p, LinePosition)]
    if scale is None or geometry.positions_assumed or len(lines) != len(geometry.positions):
        return None
    ends = np.array([(line.start, line.end) for line in lines], float).reshape(-1, 2, 2) * scale
    along = (ends[:, 1] - ends[:, 0]).sum(axis=0)
    length = float(np.hypot(*along)) if len(lines) else 0.0
    if length == 0:
        return None
    across = np.array([-along[1], along[0]]) / length
    places_mm: F64 = ends.mean(axis=1) @ across
    return places_mm
