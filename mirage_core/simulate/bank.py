"""What the eyes of a source share: textures, vessel trees and choroids, made once per process.

They are the slow half of an eye, and nobody recognises a grain: every eye takes another part of
them, mirrored or not, on another place of its fundus.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from mirage_core.simulate.fields import Stream, stream
from mirage_core.simulate.parameters import EyeParameters
from mirage_core.simulate.structure import ChoroidMaps, choroid_maps
from mirage_core.simulate.textures import Textures, choroid, fourth_root_noise, speckle, tissue
from mirage_core.simulate.vessels import Vessel, grow_tree

F32 = NDArray[np.float32]

MOST_ROWS, MOST_COLUMNS = 640, 768
"""Largest B-scan the textures cover."""
_TILE = (720, 880)
_FRAMES = (1, 4, 16)
_SPECKLE_PX = ((0.6, 0.6), (1.0, 0.75), (1.4, 0.9), (0.8, 1.5), (2.0, 0.8))
_NOISE_PX = ((0.8, 0.6), (0.5, 0.5), (1.2, 0.8))
_UM_PER_PX = ((2.6, 8.0), (3.9, 11.5), (4.5, 9.0), (3.2, 15.0))
_N_TREES = 40
_CHOROID_HALF_MM = 5.2


def shared_textures(parameters: EyeParameters, rng: np.random.Generator) -> Textures:
    """Draw the textures of an eye from the bank."""
    n = (len(_FRAMES), len(_SPECKLE_PX), len(_NOISE_PX), len(_UM_PER_PX), len(_UM_PER_PX))
    frames, grain, noise, grains, mottle = (int(rng.integers(k)) for k in n)
    if parameters.averaging is not None:
        frames = int(np.searchsorted(_FRAMES, parameters.averaging, side="right")) - 1
    tiles = {
        "speckle": _tile("speckle", frames, grain),
        "noise": _tile("noise", noise, 0),
        "tissue": _tile("tissue", grains, 0),
        "choroid": _tile("choroid", mottle, 0),
    }
    return Textures(tiles, (parameters.shape[1], parameters.shape[2]))


@cache
def _tile(name: str, i: int, k: int) -> F32:
    index = 100 + 10 * i + k
    if name == "speckle":
        rng = stream(0, Stream.SHARED, index)
        intensity = rng.standard_gamma(float(_FRAMES[i]), _TILE, dtype=np.float32)
        return speckle(intensity, _SPECKLE_PX[k])
    rng = stream(1, Stream.SHARED, index)
    if name == "noise":
        return fourth_root_noise(rng.standard_exponential(_TILE, dtype=np.float32), _NOISE_PX[i])
    per_um = (1 / _UM_PER_PX[i][0], 1 / _UM_PER_PX[i][1])
    return tissue(rng, _TILE, per_um) if name == "tissue" else choroid(rng, _TILE, per_um)


def shared_tree(rng: np.random.Generator) -> list[Vessel]:
    """Draw a tree of retinal vessels from the bank."""
    return _tree(int(rng.integers(_N_TREES)))


@cache
def _tree(i: int) -> list[Vessel]:
    density = 0.4 + 1.4 * i / (_N_TREES - 1)
    return grow_tree(EyeParameters(vessel_density=density), i)


def shared_choroid(rng: np.random.Generator) -> ChoroidMaps:
    """Draw choroidal vessels from the bank."""
    return _choroid(int(rng.integers(_N_TREES)))


@cache
def _choroid(i: int) -> ChoroidMaps:
    return choroid_maps(i, _CHOROID_HALF_MM)
