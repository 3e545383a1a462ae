"""Random textures of B-scans: speckle, noise, the grain of tissue, the mottle of the choroid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mirage_core.simulate.fields import Stream, blurred, standard, stream
from mirage_core.simulate.looks import LOOKS
from mirage_core.simulate.parameters import EyeParameters

F32 = NDArray[np.float32]


class Textures:
    """Textures larger than a B-scan; every B-scan takes another part of them.

    Parameters
    ----------
    tiles : dict of str to float32 array ``[z, x]``
        ``speckle``, ``noise``, ``tissue`` and ``choroid``, of mean 0 and standard deviation 1.
    shape : (int, int)
        Rows and columns of a B-scan.
    """

    def __init__(self, tiles: dict[str, F32], shape: tuple[int, int]) -> None:
        self._tiles = tiles
        self._shape = shape

    def crop(self, rng: np.random.Generator) -> dict[str, F32]:
        """Return a random part of every texture, at random mirrored left to right."""
        n_z, n_x = self._shape
        out: dict[str, F32] = {}
        for name, tile in self._tiles.items():
            z = int(rng.integers(tile.shape[0] - n_z + 1))
            x = int(rng.integers(tile.shape[1] - n_x + 1))
            part = tile[z : z + n_z, x : x + n_x]
            out[name] = part[:, ::-1] if rng.random() < 0.5 else part
        return out


def own_textures(parameters: EyeParameters, seed: int) -> Textures:
    """Return the textures of eye `seed`."""
    rng, look = stream(seed, Stream.TEXTURE), LOOKS[parameters.vendor]
    shape = (round(1.6 * parameters.shape[1]), round(1.6 * parameters.shape[2]))
    # um to px, so that texture has the same size in tissue on every grid.
    per_um = 1 / (parameters.spacing_mm[1] * 1000), 1 / (parameters.spacing_mm[2] * 1000)
    frames = float(parameters.averaging or look.frames)
    # Drawn in this order: an eye stays the same.
    intensity = rng.standard_gamma(frames, shape, dtype=np.float32)
    noise = rng.standard_exponential(shape, dtype=np.float32)
    tiles = {
        "speckle": speckle(intensity, look.grain_px),
        "noise": fourth_root_noise(noise, (0.8, 0.6)),
        "tissue": tissue(rng, shape, per_um),
        "choroid": choroid(rng, shape, per_um),
    }
    return Textures(tiles, (parameters.shape[1], parameters.shape[2]))


def speckle(intensity: F32, grain_px: tuple[float, float]) -> F32:
    """Return display grey of `intensity`.

    Fully developed speckle has exponential intensity; the mean of n frames is gamma with shape n,
    and the display takes the fourth root.
    """
    return standard(np.sqrt(np.sqrt(blurred(intensity, grain_px))))


def fourth_root_noise(intensity: F32, grain_px: tuple[float, float]) -> F32:
    """Return display grey of the camera's noise."""
    return standard(blurred(np.sqrt(np.sqrt(intensity)), grain_px))


def tissue(rng: np.random.Generator, shape: tuple[int, int], per_um: tuple[float, float]) -> F32:
    """Return the grain of retinal tissue; `per_um` is px per um, ``(z, x)``."""
    z, x = per_um
    fine = blurred(_gaussian(rng, shape), (4 * z, 40 * x))
    grains = blurred(_gaussian(rng, shape), (3.5 * z, 7 * x))
    columns = blurred(_gaussian(rng, shape), (60 * z, 9 * x))
    return standard(standard(fine) + np.float32(0.3) * standard(columns) + standard(grains))


def choroid(rng: np.random.Generator, shape: tuple[int, int], per_um: tuple[float, float]) -> F32:
    """Return the mottle of the choroid; `per_um` is px per um, ``(z, x)``."""
    z, x = per_um
    blotches = blurred(_gaussian(rng, shape), (17 * z, 24 * x))
    rays = blurred(_gaussian(rng, shape), (90 * z, 30 * x))
    return standard(standard(blotches) + np.float32(0.3) * standard(rays))


def _gaussian(rng: np.random.Generator, shape: tuple[int, int]) -> F32:
    return rng.standard_normal(shape, dtype=np.float32)
