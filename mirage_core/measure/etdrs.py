"""The ETDRS grid: nine subfields about the fovea, and what a map amounts to in each.

Early Treatment Diabetic Retinopathy Study Research Group, ETDRS report 10, Ophthalmology 1991:
circles of 1, 3 and 6 mm diameter; the rings are cut at 45, 135, 225 and 315 degrees.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mirage_core.measure.plane import Plane
from mirage_core.measure.sampling import Sampled
from mirage_core.scan import Laterality

F64 = NDArray[np.float64]

RADII_MM = (0.5, 1.5, 3.0)
STEP_MM = 0.02
"""Of the grid over which means are taken."""
CENTRAL = "central"
SUBFIELDS = (
    CENTRAL,
    "inner superior",
    "inner nasal",
    "inner inferior",
    "inner temporal",
    "outer superior",
    "outer nasal",
    "outer inferior",
    "outer temporal",
)
"""In the order of every array of subfields."""
AREAS_MM2: F64 = np.pi * np.repeat([0.5**2, (1.5**2 - 0.5**2) / 4, (3**2 - 1.5**2) / 4], [1, 4, 4])
"""Of the subfields."""
DISCS_MM = (1.0, 3.0, 6.0)
"""Diameters of the circles: the first 1, 5 and 9 subfields."""
_IN_DISC = {1.0: 1, 3.0: 5, 6.0: 9}


@dataclass(frozen=True, eq=False)
class Averages:
    """A map's means over regions.

    Attributes
    ----------
    mean : float64 array ``[..., region]``
        Over what is known of the region; NaN where nothing is.
    coverage : float64 array ``[..., region]``
        Share of the region's area that is known, 0..1.
    """

    mean: F64
    coverage: F64


@dataclass(frozen=True, eq=False)
class Regions:
    """How much of each region every A-scan stands for.

    Attributes
    ----------
    weights : float64 array ``[region, b, x]``
        Shares of the region's area; they sum to 1 where the scan covers the region.
    """

    weights: F64

    def of(self, maps: NDArray[np.floating]) -> Averages:
        """Return means and coverage of maps ``[..., b, x]``, NaN = not known."""
        flat = self.weights.reshape(len(self.weights), -1)
        values = maps.reshape(*maps.shape[:-2], -1)
        known = np.isfinite(values)
        if known.all():
            coverage = np.broadcast_to(flat.sum(axis=1), (*values.shape[:-1], len(flat)))
            total = values @ flat.T
        else:
            coverage = known @ flat.T
            total = np.where(known, values, 0.0) @ flat.T
        mean = np.divide(total, coverage, out=np.full_like(total, np.nan), where=coverage > 1e-9)
        return Averages(mean, np.minimum(coverage, 1.0))

    def share_of(self, b_scans: NDArray[np.bool_]) -> F64:
        """Return the share of each region, as far as scanned, on `b_scans` ``[..., b]``."""
        by_b_scan = self.weights.sum(axis=2)
        scanned = by_b_scan.sum(axis=1)
        out = np.full((*b_scans.shape[:-1], len(scanned)), np.nan)
        np.divide(b_scans @ by_b_scan.T, scanned, out=out, where=scanned > 1e-9)
        return out


@dataclass(frozen=True, eq=False)
class SampledRegions:
    """The same for one map: its values are looked up at the points of each region.

    It costs less than :class:`Regions`, which serve many maps, and gives the same figures.

    Attributes
    ----------
    sampled : Sampled
        By which A-scans the values at the ``n`` points are given.
    shares : sparse matrix ``[region, n]``
        How much of a region each point stands for.
    width : int
        A-scans of a B-scan.
    """

    sampled: Sampled
    shares: sparse.csr_matrix
    width: int

    def of(self, values: NDArray[np.floating]) -> Averages:
        """Return means and coverage of a map ``[b, x]``, NaN = not known."""
        weights = self.sampled.weights
        found = values.ravel()[self.sampled.at]
        known = np.isfinite(found)
        if not known.all():
            weights, found = weights * known, np.where(known, found, 0.0)
        total = self.shares @ np.einsum("ij,ij->i", weights, found)
        coverage: F64 = self.shares @ weights.sum(axis=1)
        mean = np.divide(total, coverage, out=np.full_like(total, np.nan), where=coverage > 1e-9)
        return Averages(mean, np.minimum(coverage, 1.0))

    def share_of(self, b_scans: NDArray[np.bool_]) -> F64:
        """Return the share of each region, as far as scanned, on `b_scans` ``[b]``."""
        weights = self.sampled.weights
        scanned = self.shares @ weights.sum(axis=1)
        out = np.full(len(scanned), np.nan)
        if b_scans.all() or not b_scans.any():
            on_them = scanned * float(b_scans.any())
        else:
            here = np.repeat(b_scans, self.width)[self.sampled.at]
            on_them = self.shares @ np.einsum("ij,ij->i", weights, here)
        np.divide(on_them, scanned, out=out, where=scanned > 1e-9)
        return out


def etdrs_samples(
    plane: Plane,
    fovea_mm: F64,
    laterality: Laterality,
    step_mm: float = STEP_MM,
    turned_deg: float = 0.0,
) -> SampledRegions:
    """Return what :func:`etdrs_regions` does, for one map; on a coarser grid if it is in haste."""
    points, shares = _grid(laterality is Laterality.OS, step_mm)
    return SampledRegions(plane.sample(_turned(points, turned_deg) + fovea_mm), shares, plane.width)


def etdrs_regions(
    plane: Plane, fovea_mm: F64, laterality: Laterality, turned_deg: float = 0.0
) -> Regions:
    """Return the nine :data:`SUBFIELDS` about the fovea at ``(x, y)`` mm.

    Nasal is on the right of the image of a right eye. Of an eye that is not known, nasal is
    taken to be right and temporal left; whoever shows them says so. The grid may be turned
    against the image, counter-clockwise with superior up.
    """
    nasal_left = laterality is Laterality.OS
    points, shares = _grid(nasal_left)
    return _regions(plane, _turned(points, turned_deg) + fovea_mm, shares)


def _turned(points: F64, degrees: float) -> F64:
    if not degrees:
        return points
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turned: F64 = points @ np.array([[cos, sin], [-sin, cos]])
    return turned


def disc_regions(plane: Plane, fovea_mm: F64, diameters_mm: tuple[float, ...]) -> Regions:
    """Return circles about the fovea."""
    points, shares = _discs(diameters_mm)
    return _regions(plane, points + fovea_mm, shares)


def whole(averages: Averages, diameter_mm: float) -> Averages:
    """Return mean and coverage over a circle of :data:`DISCS_MM` from those of its subfields.

    What is not known of a subfield counts as the rest of that subfield does.
    """
    n = _IN_DISC[diameter_mm]
    areas = AREAS_MM2[:n] / AREAS_MM2[:n].sum()
    return Averages(averages.mean[..., :n] @ areas, averages.coverage[..., :n] @ areas)


def _regions(plane: Plane, points_mm: F64, shares: sparse.csr_matrix) -> Regions:
    sampled = plane.sample(points_mm)
    n_maps = plane.n_b_scans * plane.width
    n_points = len(points_mm)
    # CSR by hand: every point has the same number of neighbours.
    rows = np.arange(0, 4 * n_points + 1, 4, dtype=np.int32)
    matrix = sparse.csr_matrix(
        (sampled.weights.ravel(), sampled.at.ravel(), rows), shape=(n_points, n_maps)
    )
    weights = (shares @ matrix).toarray()
    return Regions(weights.reshape(-1, plane.n_b_scans, plane.width))


@lru_cache(maxsize=4)
def _grid(nasal_left: bool, step_mm: float = STEP_MM) -> tuple[F64, sparse.csr_matrix]:
    """Return points ``[n, (x, y)]`` about the fovea and the shares ``[subfield, n]``."""
    x, y = _square(RADII_MM[-1], step_mm)
    within = [_inside(x, y, radius, step_mm) for radius in RADII_MM]
    rings = within[1] - within[0], within[2] - within[1]
    # Signed distance from the 45 degree lines, so that a cell on one is shared out.
    sideways = np.clip((np.abs(x) - np.abs(y)) / (np.sqrt(2) * step_mm) + 0.5, 0, 1)
    nasal = (x < 0) if nasal_left else (x > 0)
    sectors = (
        (1 - sideways) * (y > 0),
        sideways * nasal,
        (1 - sideways) * (y < 0),
        sideways * ~nasal,
    )
    fields = [within[0], *(ring * sector for ring in rings for sector in sectors)]
    return _packed(x, y, fields)


@lru_cache(maxsize=8)
def _discs(diameters_mm: tuple[float, ...]) -> tuple[F64, sparse.csr_matrix]:
    x, y = _square(max(diameters_mm) / 2)
    return _packed(x, y, [_inside(x, y, d / 2) for d in diameters_mm])


def _square(half_mm: float, step_mm: float = STEP_MM) -> tuple[F64, F64]:
    """Return the cells' centres of a square: none on an axis, and mirrored about both."""
    n = int(np.ceil(half_mm / step_mm)) + 1
    axis = (np.arange(-n, n) + 0.5) * step_mm
    x, y = np.meshgrid(axis, axis)
    return x.ravel(), y.ravel()


def _inside(x: F64, y: F64, radius_mm: float, step_mm: float = STEP_MM) -> F64:
    """Return how much of each cell lies inside a circle."""
    share: F64 = np.clip((radius_mm - np.hypot(x, y)) / step_mm + 0.5, 0.0, 1.0)
    return share


def _packed(x: F64, y: F64, fields: list[F64]) -> tuple[F64, sparse.csr_matrix]:
    shares = np.stack(fields)
    used = shares.any(axis=0)
    shares = shares[:, used] / shares.sum(axis=1, keepdims=True)
    return np.stack([x[used], y[used]], axis=1), sparse.csr_matrix(shares)
