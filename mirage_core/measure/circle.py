"""Circle scans about the optic disc: the TSNIT profile and sector means.

Angles run from temporal (0) over superior (90), nasal (180) and inferior (270 degrees).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mirage_core.scan import CirclePosition, Laterality

F64 = NDArray[np.float64]

SECTORS: tuple[tuple[str, float, float], ...] = (
    ("global", 0.0, 360.0),
    ("temporal", -45.0, 45.0),
    ("temporal superior", 45.0, 90.0),
    ("nasal superior", 90.0, 135.0),
    ("nasal", 135.0, 225.0),
    ("nasal inferior", 225.0, 270.0),
    ("temporal inferior", 270.0, 315.0),
)
"""Name, first and last angle in degrees."""
_STEP_DEG = 0.1


@dataclass(frozen=True, eq=False)
class TsnitProfile:
    """Thickness around the disc.

    Attributes
    ----------
    degrees : float64 array ``[n]``
        Ascending from 0.
    values : float64 array ``[n]``
        NaN where not known.
    """

    degrees: F64
    values: F64


@dataclass(frozen=True, slots=True)
class SectorMean:
    """The mean over one sector, and the share of it that is known."""

    name: str
    mean: float
    coverage: float


def tsnit_degrees(
    position: CirclePosition,
    width: int,
    laterality: Laterality,
    disc: tuple[float, float] | None = None,
) -> F64:
    """Return the angle of each A-scan of a circle about the disc, degrees ``[x]``, 0..360.

    Parameters
    ----------
    position : CirclePosition
    width : int
    laterality : Laterality
        Temporal is image-left in a right eye.
    disc : (float, float), optional
        Centre of the disc, SLO ``(row, col)`` px; by default that of the circle.

    Raises
    ------
    ValueError
        If the eye is not known.
    """
    if laterality is Laterality.UNKNOWN:
        raise ValueError("which side is temporal depends on the eye")
    points = position.points(width)
    row, col = disc if disc is not None else position.center
    up, right = row - points[:, 0], points[:, 1] - col
    temporal = -right if laterality is Laterality.OD else right
    degrees: F64 = np.degrees(np.arctan2(up, temporal)) % 360.0
    return degrees


def tsnit_profile(
    degrees: F64, values: NDArray[np.floating], step_deg: float = 1.0
) -> TsnitProfile:
    """Interpolate values of A-scans ``[x]`` to angles `step_deg` apart, around the circle.

    An angle is known where the A-scans on both sides of it are.
    """
    order = np.argsort(degrees, kind="stable")
    at, known = degrees[order], np.asarray(values, np.float64)[order]
    at = np.concatenate([at[-1:] - 360.0, at, at[:1] + 360.0])
    known = np.concatenate([known[-1:], known, known[:1]])
    wanted = np.arange(0.0, 360.0, step_deg)
    return TsnitProfile(wanted, np.interp(wanted, at, known))


def sector_means(degrees: F64, values: NDArray[np.floating]) -> tuple[SectorMean, ...]:
    """Return the mean over each of :data:`SECTORS`, whatever the share of it that is known."""
    fine = tsnit_profile(degrees, values, _STEP_DEG)
    known = np.isfinite(fine.values)
    middle = fine.degrees + _STEP_DEG / 2
    # Between two places of the profile, so that sectors share no place at their edge.
    following = np.roll(fine.values, -1)
    between, known = (fine.values + following) / 2, known & np.roll(known, -1)
    out = []
    for name, first, last in SECTORS:
        sector = (middle - first) % 360.0 < last - first
        here = sector & known
        mean = float(between[here].mean()) if here.any() else float("nan")
        out.append(SectorMean(name, mean, float(here.sum() / sector.sum())))
    return tuple(out)
