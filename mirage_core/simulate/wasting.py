"""What is lost: outer retina in atrophy, all of it in a hole and at the optic disc."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mirage_core.simulate.fields import smoothstep
from mirage_core.simulate.lesions import Lesions

F64 = NDArray[np.float64]

_PHOTORECEPTORS = ("ELM-EZ", "EZ-OS", "OS-RPE")
_PHOTORECEPTORS_LOST = 0.9
_LOST_ABOVE = {"OPL": 0.15, "ONL": 0.6}
_RIM_UM = 130.0
_CUP_UM = 420.0


def outer_loss(layers_um: dict[str, F64], atrophy: F64, gently: F64) -> F64:
    """Thin the outer retina in place and return how far it sinks at once, um ``[b, x]``.

    Photoreceptors end where the RPE ends, whose own loss is not counted; the layers above follow
    `gently`.
    """
    sunk = np.zeros_like(atrophy)
    for name in _PHOTORECEPTORS:
        lost = _PHOTORECEPTORS_LOST * atrophy * layers_um[name]
        layers_um[name] = layers_um[name] - lost
        sunk = sunk + lost
    for name, share in _LOST_ABOVE.items():
        layers_um[name] = layers_um[name] * (1 - share * gently)
    return sunk


def waste(layers_um: dict[str, F64], lesions: Lesions) -> None:
    """Thin `layers_um` in place towards the disc and in a hole: layer to thickness ``[b, x]``."""
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
