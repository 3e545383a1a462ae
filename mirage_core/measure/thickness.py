"""Thickness between two surfaces."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mirage_core.scan import SURFACE_ORDER, Surfaces

F32 = NDArray[np.float32]

WHOLE_RETINA = (("ILM", "BM"), ("ILM", "RPE"))
"""The whole retina is from ILM to BM; to the RPE is another figure, and is named so."""


def thickness_um(surfaces: Surfaces, upper: str, lower: str, dz_mm: float) -> F32:
    """Return the thickness in um between two surfaces along each A-scan, ``[b, x]``.

    NaN where either is undefined. Where a device let them cross it is negative, so that
    adjacent layers always add up.

    Raises
    ------
    KeyError
        If there is no surface of that name.
    """
    out: F32 = (surfaces[lower] - surfaces[upper]) * np.float32(dz_mm * 1000)
    return out


def layer_pairs(surfaces: Surfaces) -> tuple[tuple[str, str], ...]:
    """Return the layers there are to measure: whole retina, then between neighbours.

    Neighbours among the surfaces of known place that are defined anywhere.
    """
    drawn = [n for n in surfaces.names if n in SURFACE_ORDER and np.isfinite(surfaces[n]).any()]
    ordered = sorted(drawn, key=SURFACE_ORDER.__getitem__)
    return tuple(dict.fromkeys([*WHOLE_RETINA, *pairwise(ordered)]))


def missing_surfaces(surfaces: Surfaces, names: tuple[str, ...]) -> str:
    """Return the sentence that says which of `names` is nowhere drawn; empty for none."""
    gone = [n for n in names if n not in surfaces.names or not np.isfinite(surfaces[n]).any()]
    return f"There is no {' and no '.join(gone)} in this annotation." if gone else ""
