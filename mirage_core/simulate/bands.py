"""Where the outer retina's bright bands begin and end, for the painter and for the truth alike."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mirage_core.simulate.fields import smoothstep
from mirage_core.simulate.lesions import Lesions

F64 = NDArray[np.float64]

_ELM_HALF_UM = 4.0
_EZ_INNER_UM = 7.5
_EZ_OUTER_UM = 7.0


def elm_half_px(um_per_px: float) -> float:
    """Return half the thickness of the external limiting membrane's line, px."""
    return _ELM_HALF_UM / um_per_px


def ellipsoid_px(surfaces: Mapping[str, F64], um_per_px: float) -> tuple[F64, F64]:
    """Return the inner and outer edge of the ellipsoid zone's band.

    Parameters
    ----------
    surfaces : mapping of float64 arrays
        Its middle line ``EZ`` and the tips of the outer segments ``OS/RPE``, px from the top.
    um_per_px : float

    Returns
    -------
    (float64 array, float64 array)
        Continuous depths, px from the top.
    """
    middle = surfaces["EZ"]
    reach = np.minimum(_EZ_OUTER_UM / um_per_px, 0.45 * (surfaces["OS/RPE"] - middle))
    return middle - _EZ_INNER_UM / um_per_px, middle + reach


def detached_share(lesions: Lesions) -> F64:
    """Return 0..1 per A-scan ``[b, x]``: how far the outer segments have lost the RPE."""
    return smoothstep((lesions.srf_um + lesions.shrm_um) / 25)
