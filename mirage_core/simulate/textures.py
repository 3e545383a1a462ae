"""Random textures of B-scans: speckle, noise, the grain of tissue, the mottle of the choroid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mirage_core.simulate.fields import Stream, blurred, standard, stream
from mirage_core.simulate.looks import Look
from mirage_core.simulate.parameters import EyeParameters

F32 = NDArray[np.float32]


class Textures:
    """Random textures of one eye, larger than a B-scan; every B-scan takes another part of them."""

    def __init__(self, parameters: EyeParameters, look: Look, seed: int) -> None:
        rng = stream(seed, Stream.TEXTURE)
        self._shape = parameters.shape[1:]
        n_z, n_x = (round(1.6 * n) for n in self._shape)
        # um to px, so that texture has the same size in tissue on every grid.
        per_um_z = 1 / (parameters.spacing_mm[1] * 1000)
        per_um_x = 1 / (parameters.spacing_mm[2] * 1000)

        def gaussian() -> F32:
            return rng.standard_normal((n_z, n_x), dtype=np.float32)

        # Fully developed speckle has exponential intensity; the mean of n frames is gamma with
        # shape n, and the display takes the fourth root.
        frames = float(parameters.averaging or look.frames)
        intensity = rng.standard_gamma(frames, (n_z, n_x), dtype=np.float32)
        speckle = np.sqrt(np.sqrt(blurred(intensity, look.grain_px)))
        noise = np.sqrt(np.sqrt(rng.standard_exponential((n_z, n_x), dtype=np.float32)))
        fine = blurred(gaussian(), (4 * per_um_z, 40 * per_um_x))
        grains = blurred(gaussian(), (3.5 * per_um_z, 7 * per_um_x))
        columns = blurred(gaussian(), (60 * per_um_z, 9 * per_um_x))
        blotches = blurred(gaussian(), (17 * per_um_z, 24 * per_um_x))
        rays = blurred(gaussian(), (90 * per_um_z, 30 * per_um_x))
        self._tiles = {
            "speckle": standard(speckle),
            "noise": standard(blurred(noise, (0.8, 0.6))),
            "tissue": standard(
                standard(fine) + np.float32(0.3) * standard(columns) + standard(grains)
            ),
            "choroid": standard(standard(blotches) + np.float32(0.3) * standard(rays)),
        }

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
