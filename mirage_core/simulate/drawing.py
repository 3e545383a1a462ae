"""Images built from levels that begin at sub-pixel depths."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


class Steps:
    """Builds an image ``[z, x]`` from levels that change at sub-pixel depths."""

    def __init__(self, n_z: int, n_x: int) -> None:
        # Two rows of margin let edges fall just outside either end.
        self._change = np.zeros((n_z + 4, n_x), np.float32)
        self._slope = np.zeros((n_z + 4, n_x), np.float32)
        self._columns = np.arange(n_x)
        self._now = np.zeros(n_x)
        self._n_z = n_z

    def level(self, depth: F64, grey: F64 | float) -> None:
        """From `depth` (px, one per column) downwards the image has `grey`."""
        step = grey - self._now
        self._now = self._now + step
        at = np.clip(depth, -1.5, self._n_z + 0.4) + 1.5
        row = np.floor(at).astype(int)
        covered = row + 1 - at
        self._change[row, self._columns] += step * covered
        self._change[row + 1, self._columns] += step * (1 - covered)

    def ramp(self, depth: F64, grey_per_px: F64) -> None:
        """From `depth` (px) downwards the image gets brighter by `grey_per_px` each row."""
        row = np.clip(np.rint(depth).astype(int), -1, self._n_z) + 2
        self._slope[row, self._columns] += grey_per_px

    def image(self) -> F32:
        """Return the image."""
        # Row by row: numpy's cumsum down the rows is eight times slower.
        change, slope = self._change, self._slope
        for z in range(1, len(change)):
            slope[z] += slope[z - 1]
            change[z] += slope[z]
            change[z] += change[z - 1]
        return change[1 : self._n_z + 1]
