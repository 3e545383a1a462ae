"""What is lost: outer retina in atrophy, all of it in a hole and at the optic disc."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mirage_core.simulate.fields import smoothstep
from mirage_core.simulate.lesions import Lesions

F64 = NDArray[np.float64]

_LOST_IN_ATROPHY = {"OPL": 0.15, "ONL": 0.72, "ELM-EZ": 0.9, "EZ-OS": 0.9, "OS-RPE": 0.9}
_RIM_UM = 130.0
_CUP_UM = 420.0


def waste(layers_um: dict[str, F64], lesions: Lesions) -> None:
    """Thin `layers_um` in place: layer to thickness ``[b, x]``."""
    if lesions.atrophy is not None:
        for name, share in _LOST_IN_ATROPHY.items():
            layers_um[name] = layers_um[name] * (1 - share * lesions.atrophy)
    if lesions.disc is not None:
        near = smoothstep((1.5 - lesions.disc) / 0.5)
        for name in layers_um:
            if name != "RNFL":
                layers_um[name] = layers_um[name] * (1 - near)
        layers_um["RNFL"] = layers_um["RNFL"] + _RIM_UM * near
    if lesions.tissue is not None:
        for name in layers_um:
            layers_um[name] = layers_um[name] * lesions.tissue


def excavation_um(lesions: Lesions) -> F64:
    """Return how much deeper than the rim the inner limit lies in the cup of the disc."""
    assert lesions.disc is not None
    out: F64 = _CUP_UM * smoothstep((0.9 - lesions.disc) / 0.55)
    return out
