"""Footprints: the patch of fundus that each A-scan stands for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mirage_core.measure.plane import Plane
from mirage_core.measure.slabs import NoSlabsError, slab_halves_mm
from mirage_core.scan import Scan, ScanPattern

F64 = NDArray[np.float64]

_STEP_MM = 0.02


@dataclass(frozen=True, eq=False)
class Footprints:
    """Areas that A-scans stand for: as wide as the A-scans' distance, as high as their slab.

    Attributes
    ----------
    halves_mm : float64 array ``[b, 2]``
        How far the slabs reach to either side; see :func:`~.slabs.slab_halves_mm`.
    dx_mm : float
    """

    halves_mm: F64
    dx_mm: float

    @property
    def widths_mm(self) -> F64:
        """Widths of the slabs, ``[b]``."""
        widths: F64 = self.halves_mm.sum(axis=1)
        return widths

    @property
    def areas_mm2(self) -> F64:
        """Area of a footprint on each B-scan, ``[b]``."""
        return self.widths_mm * self.dx_mm

    def inside(self, plane: Plane, centre_mm: F64, diameter_mm: float) -> F64:
        """Return how much of each footprint lies in a circle about ``(x, y)``, 0..1, ``[b, x]``.

        Only of B-scans that lie side by side.
        """
        widths_mm, before_mm = self.widths_mm, self.halves_mm[:, 0]
        n_parts = max(int(np.ceil(widths_mm.max() / _STEP_MM)), 1)
        parts = (np.arange(n_parts) + 0.5) / n_parts
        start, end = plane.lines_mm[:, 0], plane.lines_mm[:, 1]
        along = (end - start).sum(axis=0)
        across = np.array([-along[1], along[0]]) / np.hypot(*along)
        t = np.linspace(0.0, 1.0, plane.width)
        out = np.zeros((plane.n_b_scans, plane.width))
        edge_mm = max(self.dx_mm, _STEP_MM)
        for part in parts:
            shifted = start + (part * widths_mm - before_mm)[:, None] * across - centre_mm
            x = shifted[:, :1] + t * (end - start)[:, :1]
            y = shifted[:, 1:] + t * (end - start)[:, 1:]
            out += np.clip((diameter_mm / 2 - np.hypot(x, y)) / edge_mm + 0.5, 0.0, 1.0)
        return out / n_parts


def footprints_of(scan: Scan) -> Footprints:
    """Return the footprints of the A-scans of `scan`.

    Raises
    ------
    SpacingUnknownError
        If the gap between B-scans or the lateral scale is unknown.
    NoSlabsError
        If B-scans do not lie side by side.
    """
    if scan.n_b_scans < 2 or scan.geometry.pattern is ScanPattern.LINE:
        raise NoSlabsError("A line scan has no volume and no area.")
    halves_mm = slab_halves_mm(scan.spacing, scan.geometry, scan.n_b_scans)
    (dx_mm,) = scan.spacing.require_mm("x")
    return Footprints(halves_mm, dx_mm)
