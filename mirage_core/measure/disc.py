"""The optic disc: where it was found or put, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mirage_core.measure.convolution import convolved
from mirage_core.scan import CirclePosition, Laterality, Scan

F64 = NDArray[np.float64]

_STEP_MM = 0.06
_HALF_MM = 0.85
"""Half of the usual diameter of the disc."""
_RIM_MM = 1.25
_FROM_FOVEA_MM = (0.3, 4.5)
"""Usual place of the disc's centre from the fovea: to superior, to nasal (Rohrschneider,
Invest Ophthalmol Vis Sci 2004: 15.5 degrees nasal, 1.5 superior)."""
_SPREAD_MM = 0.45
_CONTRAST = (0.6, 2.0)


class DiscSource(StrEnum):
    """Who says where the disc is."""

    USER = "user"
    CIRCLE = "circle scan"
    SLO = "slo"


@dataclass(frozen=True, slots=True)
class Disc:
    """The centre of the optic disc on the SLO.

    Attributes
    ----------
    row, col : float
        SLO px.
    source : DiscSource
    confidence : float
        0..1; 1 where the user put it.
    """

    row: float
    col: float
    source: DiscSource = DiscSource.USER
    confidence: float = 1.0


def estimate_disc(scan: Scan, fovea_slo: tuple[float, float] | None = None) -> Disc | None:
    """Find the disc: the centre of a circle scan, else the bright round on the nasal side.

    Parameters
    ----------
    scan : Scan
    fovea_slo : (float, float), optional
        SLO ``(row, col)`` px of the fovea; without it only circle scans tell.

    Returns
    -------
    Disc or None
        None where nothing tells.
    """
    geometry = scan.geometry
    circles = [p for p in geometry.positions if isinstance(p, CirclePosition)]
    if circles and not geometry.positions_assumed:
        row, col = np.mean([p.center for p in circles], axis=0)
        return Disc(float(row), float(col), DiscSource.CIRCLE, 0.9)
    if (
        scan.slo is None
        or geometry.slo_mm_per_px is None
        or fovea_slo is None
        or scan.laterality is Laterality.UNKNOWN
    ):
        return None
    return _by_slo(scan.slo, geometry.slo_mm_per_px, fovea_slo, scan.laterality)


def _by_slo(
    slo: NDArray[np.uint8],
    scale: tuple[float, float],
    fovea: tuple[float, float],
    laterality: Laterality,
) -> Disc | None:
    """Return where a disc stands out most from the rim around it, near where discs are."""
    step = np.array([_STEP_MM / scale[0], _STEP_MM / scale[1]])
    blurred = ndimage.gaussian_filter(slo.astype(np.float32), step / 2)
    rows, cols = (np.arange(0, n, s) for n, s in zip(slo.shape, step, strict=True))
    grid = np.meshgrid(rows, cols, indexing="ij")
    image = ndimage.map_coordinates(blurred, grid, order=1, mode="nearest")
    n = int(np.ceil(_RIM_MM / _STEP_MM))
    away = np.hypot(*np.mgrid[-n : n + 1, -n : n + 1]) * _STEP_MM
    inner = (away <= _HALF_MM).astype(float)
    rim = ((away > _HALF_MM) & (away <= _RIM_MM)).astype(float)
    kernel = inner / inner.sum() - rim / rim.sum()
    if min(image.shape) < len(kernel):
        return None
    stands_out = convolved(image - image.mean(), kernel)
    stands_out = stands_out / max(float(image.std()), 1e-6)
    up, nasal = _FROM_FOVEA_MM
    side = 1 if laterality is Laterality.OD else -1
    usual = fovea[0] - up / scale[0], fovea[1] + side * nasal / scale[1]
    off_mm = np.hypot((grid[0] - usual[0]) * scale[0], (grid[1] - usual[1]) * scale[1])
    score = stands_out * np.exp(-0.5 * (off_mm / _SPREAD_MM) ** 2)
    # A disc that the image cuts off has no centre on it.
    score[:n], score[-n:], score[:, :n], score[:, -n:] = -1, -1, -1, -1
    at = np.unravel_index(int(score.argmax()), score.shape)
    low, high = _CONTRAST
    confidence = float(np.clip((score[at] - low) / (high - low), 0.0, 1.0))
    if confidence == 0:
        return None
    return Disc(float(grid[0][at]), float(grid[1][at]), DiscSource.SLO, confidence)
