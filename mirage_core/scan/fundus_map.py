"""From values of A-scans to a picture that lies over the fundus image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mirage_core.scan.geometry import ScanGeometry

_ALONG = 128
"""Places of each B-scan that are looked at; finer than any map is seen."""
_CELLS = 256
_REACH = 0.75
"""Of the gap between neighbouring B-scans that a value fills on either side."""
_LEAST_REACH = 0.006
"""Of the image's longer side: a single line is still seen."""


class FundusMap:
    """Which A-scan each cell of a grid over the fundus image shows.

    Parameters
    ----------
    geometry : ScanGeometry
        With the places of the B-scans.
    size : (int, int)
        Rows and columns of the fundus image in px.

    Raises
    ------
    ValueError
        If it is not known where the B-scans lie.
    """

    def __init__(self, geometry: ScanGeometry, size: tuple[int, int]) -> None:
        if not geometry.positions:
            raise ValueError("nobody knows where the B-scans lie on the fundus")
        # Here: whoever imports this for later need not wait for scipy.
        from scipy.spatial import KDTree

        points = np.stack([p.points(_ALONG) for p in geometry.positions])
        scale = min(1.0, _CELLS / max(size))
        self.shape = max(round(size[0] * scale), 1), max(round(size[1] * scale), 1)
        step = np.array(size) / self.shape
        rows, columns = (np.arange(n) for n in self.shape)
        cells = np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1)
        centres = (cells + 0.5) * step - 0.5
        reach = max(_REACH * _gap(points), _LEAST_REACH * max(size), 0.8 * float(step.max()))
        flat = points.reshape(-1, 2)
        distance, at = KDTree(flat).query(centres.reshape(-1, 2), distance_upper_bound=reach)
        self._inside = np.isfinite(distance).reshape(self.shape)
        self._b, self._at = np.divmod(np.where(np.isfinite(distance), at, 0), _ALONG)

    def painted(self, values: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return values of A-scans ``[b, x]`` on the grid ``[row, col]``, NaN between B-scans."""
        width = values.shape[1]
        column = np.minimum((self._at + 0.5) * width / _ALONG, width - 1).astype(np.intp)
        found = values[self._b, column].reshape(self.shape)
        out: NDArray[np.float32] = np.where(self._inside, found, np.nan).astype(np.float32)
        return out


def _gap(points: NDArray[np.float64]) -> float:
    """Return the usual distance, px, from B-scans ``[b, n, 2]`` to their neighbours; 0 for one."""
    from scipy.spatial import KDTree

    if len(points) < 2:
        return 0.0
    # Not the middle, where radial B-scans cross.
    places = points[:, points.shape[1] // 4 :: points.shape[1]]
    gaps = [
        KDTree(np.concatenate([*points[:b], *points[b + 1 :]])).query(places[b])[0].min()
        for b in range(0, len(points), max(len(points) // 8, 1))
    ]
    return float(np.median(gaps))
