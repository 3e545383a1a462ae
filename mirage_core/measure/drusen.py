"""Drusen: how far the RPE stands off Bruch's membrane."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mirage_core.scan import Surfaces

F32 = NDArray[np.float32]

DISCS_MM = (3.0, 5.0)
"""Diameters of the circles over which volume is taken."""


def drusen_height_um(surfaces: Surfaces, dz_mm: float, normal_um: float = 0.0) -> F32:
    """Return ``(BM - RPE - normal)`` in um where it is positive, else 0, ``[b, x]``.

    With `normal_um` 0 it is the whole height between the two surfaces, the RPE band's own
    thickness included. NaN where a surface is undefined.

    Raises
    ------
    KeyError
        If there is no RPE or no BM.
    """
    gap = (surfaces["BM"] - surfaces["RPE"]) * np.float32(dz_mm * 1000)
    height: F32 = np.maximum(gap - np.float32(normal_um), np.float32(0))
    return height


def normal_gap_um(surfaces: Surfaces, dz_mm: float) -> float:
    """Return the eye's own usual distance from RPE to BM in um: the median; NaN for none.

    Where drusen cover half of the scan or more, it is too large.
    """
    gap = surfaces["BM"] - surfaces["RPE"]
    known = gap[np.isfinite(gap)]
    return float(np.median(known)) * dz_mm * 1000 if known.size else float("nan")
