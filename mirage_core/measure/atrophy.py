"""Loss of the ellipsoid zone, and the area of what is lost."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mirage_core.measure.footprint import Footprints
from mirage_core.scan import Surfaces

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

LOST_UM = 15.0
"""Ellipsoid zone and RPE nearer than this: about half of what they are apart in health."""


def ellipsoid_loss(surfaces: Surfaces, dz_mm: float, limit_um: float = LOST_UM) -> F32:
    """Return where the ellipsoid zone is lost, ``[b, x]``: 1 lost, 0 not, NaN not known.

    It counts as lost where the EZ runs less than `limit_um` above the RPE. Where either is
    undefined nothing is known: a device that leaves the EZ out has not said that it is lost.

    Raises
    ------
    KeyError
        If there is no EZ or no RPE.
    """
    apart = (surfaces["RPE"] - surfaces["EZ"]) * np.float32(dz_mm * 1000)
    return np.where(np.isfinite(apart), apart < limit_um, np.nan).astype(np.float32)


def area_mm2(
    lost: NDArray[np.floating], footprints: Footprints, inside: F64 | None = None
) -> tuple[float, float]:
    """Return the area in mm2 of what is 1 in `lost` ``[b, x]``, and the share that is known.

    Parameters
    ----------
    lost : float array ``[b, x]``
        1, 0, NaN.
    footprints : Footprints
    inside : float64 array ``[b, x]``, optional
        Share of each footprint that counts.
    """
    share = np.ones(lost.shape) if inside is None else inside
    area = footprints.areas_mm2[:, None] * share
    known = np.isfinite(lost)
    found = float((np.where(known, lost, 0.0) * area).sum())
    whole = float(area.sum())
    return found, float((area * known).sum()) / whole if whole else 0.0
