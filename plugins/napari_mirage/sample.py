"""Sample data contribution: simulated eyes, whose true masks are known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mirage_core.simulate import Lesion, SimulatedEye
    from napari_mirage.layers import LayerData

_SEED = 7
"""The built-in eye's; the others are the same person's eye in health and in worse disease."""


def simulated_eye() -> list[LayerData]:
    """Return the built-in eye, mildly diseased, with its true masks."""
    from mirage_core.simulate import demo_eye

    return _layers(demo_eye(), "simulated_eye")


def healthy_eye() -> list[LayerData]:
    """Return an eye without lesions."""
    from mirage_core.simulate import HEALTHY

    return _layers(_eye(HEALTHY), "healthy_eye")


def wet_eye() -> list[LayerData]:
    """Return an eye with much fluid under and within the retina, with its true masks."""
    from mirage_core.simulate import Lesion, Pathology

    lesions = ((Pathology.SRF, 0.8), (Pathology.IRF, 0.7), (Pathology.PED, 0.7))
    return _layers(_eye(tuple(Lesion(kind, severity) for kind, severity in lesions)), "wet_eye")


def _eye(lesions: tuple[Lesion, ...]) -> SimulatedEye:
    from mirage_core.simulate import EyeParameters, simulate_eye

    return simulate_eye(replace(EyeParameters(), pathology=lesions), seed=_SEED)


def _layers(eye: SimulatedEye, key: str) -> list[LayerData]:
    from napari_mirage.reader import layers_of

    name = f"True masks · {eye.scan.title}"
    # A healthy eye gets its layer, too: nothing marked is the truth about it.
    return layers_of(eye.scan, eye.masks, {"sample": key}, name)
