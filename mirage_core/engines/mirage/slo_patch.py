"""The part of the SLO that belongs to a B-scan: a square, its columns along the A-scans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mirage_core.scan import LinePosition, Position

U8 = NDArray[np.uint8]
F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SloPatch:
    """A square on the SLO, perhaps turned, never mirrored.

    Attributes
    ----------
    center : (float, float)
        ``(row, col)`` in SLO px, pixel centres at integers.
    side_px : float
        In SLO px.
    along : (float, float)
        Unit vector ``(row, col)`` in which the patch's columns go.
    """

    center: tuple[float, float]
    side_px: float
    along: tuple[float, float] = (0.0, 1.0)

    def places(self, n: int) -> F64:
        """Return where the pixels of a patch of `n` x `n` lie, ``[2, n, n]`` rows and columns."""
        offset = ((np.arange(n) + 0.5) / n - 0.5) * self.side_px
        down = (self.along[1], -self.along[0])
        rows = self.center[0] + down[0] * offset[:, None] + self.along[0] * offset[None, :]
        columns = self.center[1] + down[1] * offset[:, None] + self.along[1] * offset[None, :]
        return np.stack([rows, columns])

    def cut(self, slo: U8) -> U8:
        """Return the patch of `slo` at its own scale, uint8 ``[n, n]``, black beyond the border."""
        n = max(1, round(self.side_px))
        values = ndimage.map_coordinates(
            slo.astype(np.float32), self.places(n), order=1, mode="grid-constant", cval=0.0
        )
        return np.clip(np.rint(values), 0, 255).astype(np.uint8)

    def paste(self, patch: U8, shape: tuple[int, int]) -> tuple[U8, NDArray[np.bool_]]:
        """Return `patch` ``[n, n]`` laid on an SLO of `shape`, and where it lies, bool."""
        rows, columns = np.indices(shape, np.float64)
        down = (self.along[1], -self.along[0])
        away = (rows - self.center[0], columns - self.center[1])
        n = len(patch)
        place = [
            ((away[0] * axis[0] + away[1] * axis[1]) / self.side_px + 0.5) * n - 0.5
            for axis in (down, self.along)
        ]
        inside = np.all([(p >= -0.5) & (p <= n - 0.5) for p in place], axis=0)
        values = ndimage.map_coordinates(patch.astype(np.float32), place, order=1, mode="nearest")
        out = np.where(inside, np.clip(np.rint(values), 0, 255), 0).astype(np.uint8)
        return out, inside


def slo_patch(positions: Sequence[Position], shape: tuple[int, int]) -> SloPatch:
    """Return the patch that belongs to B-scans at `positions` on an SLO of `shape`.

    As wide as the widest B-scan and centred on all of them. Straight parallel B-scans turn it so
    that its columns run along their A-scans; circles and stars leave it upright. Without
    positions it is the largest upright square about the centre.
    """
    height, width = shape
    if not positions:
        return SloPatch(((height - 1) / 2, (width - 1) / 2), float(min(height, width)))
    points = np.stack([p.points(64) for p in positions])
    low, high = points.min(axis=(0, 1)), points.max(axis=(0, 1))
    center = ((low + high) / 2).tolist()
    lines = [p for p in positions if isinstance(p, LinePosition)]
    if len(lines) == len(positions):
        ends = np.array([(p.start, p.end) for p in lines], float)
        ways = ends[:, 1] - ends[:, 0]
        lengths = np.linalg.norm(ways, axis=1)
        if lengths.min() > 0:
            ways /= lengths[:, None]
            mean = ways.mean(axis=0)
            if np.linalg.norm(mean) > 0.99:
                mean /= np.linalg.norm(mean)
                return SloPatch(
                    (center[0], center[1]), float(lengths.max()), (float(mean[0]), float(mean[1]))
                )
    return SloPatch((center[0], center[1]), float(max((high - low).max(), 1.0)))
