"""Linear interpolation between A-scans, as places and weights that serve any map of a scan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Sampled:
    """By which A-scans values at `n` points are given.

    Attributes
    ----------
    at : int32 array ``[n, 4]``
        Flat indices into a map ``[b, x]``.
    weights : float64 array ``[n, 4]``
        They sum to 1, or to 0 at points outside the scan.
    """

    at: NDArray[np.int32]
    weights: F64

    def of(self, values: NDArray[np.floating]) -> F64:
        """Return the values of a map ``[b, x]`` at the points, ``[n]``; NaN where not known."""
        found = values.ravel()[self.at]
        # A neighbour of weight 0 does not matter, whatever it is.
        out: F64 = np.where(self.weights > 0, found, 0.0)
        out = (out * self.weights).sum(axis=1)
        return np.where(self.weights.any(axis=1), out, np.nan)


def sample_parallel(lines_mm: F64, width: int, points_mm: F64) -> Sampled:
    """Interpolate between B-scans that lie side by side, equally spaced or not.

    The outermost B-scans and A-scans also stand for the half gap beyond them.

    Parameters
    ----------
    lines_mm : float64 array ``[b, (first, last), (x, y)]``
        At least two, not all in one place.
    width : int
    points_mm : float64 array ``[n, (x, y)]``
    """
    along = (lines_mm[:, 1] - lines_mm[:, 0]).sum(axis=0)
    along = along / np.hypot(*along)
    across = np.array([-along[1], along[0]])
    off = lines_mm.mean(axis=1) @ across
    order = np.argsort(off, kind="stable")
    off = off[order]
    v = points_mm @ across
    above = np.clip(np.searchsorted(off, v, side="right"), 1, len(off) - 1)
    gap = off[above] - off[above - 1]
    share = np.divide(v - off[above - 1], gap, out=np.zeros_like(v), where=gap > 0)
    gaps = np.diff(off)
    inside = (v >= off[0] - gaps[0] / 2) & (v <= off[-1] + gaps[-1] / 2)
    start = lines_mm[:, 0] @ along
    step = (lines_mm[:, 1] @ along - start) / (width - 1)
    share = np.clip(share, 0.0, 1.0)
    u = points_mm @ along
    pairs = [
        (b, (u - start[b]) / step[b], part)
        for b, part in ((order[above - 1], 1.0 - share), (order[above], share))
    ]
    return _sampled(pairs, width, inside)


def sample_radial(lines_mm: F64, width: int, points_mm: F64) -> Sampled:
    """Interpolate between B-scans that cross in one point: along them and by angle.

    Parameters as of :func:`sample_parallel`.
    """
    centre = lines_mm.mean(axis=(0, 1))
    along = lines_mm[:, 1] - lines_mm[:, 0]
    along = along / np.hypot(*along.T)[:, None]
    start = ((lines_mm[:, 0] - centre) * along).sum(axis=1)
    step = (((lines_mm[:, 1] - centre) * along).sum(axis=1) - start) / (width - 1)
    n = len(lines_mm)
    angle = np.arctan2(along[:, 1], along[:, 0])
    # Every line is two rays from the centre.
    rays = np.concatenate([angle, angle + np.pi]) % (2 * np.pi)
    order = np.argsort(rays)
    sorted_rays = np.concatenate([rays[order], rays[order[:1]] + 2 * np.pi])
    dx, dy = (points_mm - centre).T
    radius = np.hypot(dx, dy)
    bearing = np.arctan2(dy, dx) % (2 * np.pi)
    bearing = np.where(bearing < sorted_rays[0], bearing + 2 * np.pi, bearing)
    at = np.clip(np.searchsorted(sorted_rays, bearing, side="right") - 1, 0, 2 * n - 1)
    gap = sorted_rays[at + 1] - sorted_rays[at]
    share = np.divide(bearing - sorted_rays[at], gap, out=np.zeros_like(gap), where=gap > 0)
    pairs = []
    for ray, part in ((order[at], 1.0 - share), (order[(at + 1) % (2 * n)], share)):
        b, sign = ray % n, np.where(ray < n, 1.0, -1.0)
        pairs.append((b, (sign * radius - start[b]) / step[b], part))
    return _sampled(pairs, width, np.ones(len(radius), bool))


def _sampled(pairs: list[tuple[I64, F64, F64]], width: int, inside: NDArray[np.bool_]) -> Sampled:
    """Interpolate along each of two B-scans; a part of 0 needs no B-scan there."""
    n = len(inside)
    at, weights = np.empty((n, 4), np.int32), np.empty((n, 4))
    for i, (b, column, part) in enumerate(pairs):
        inside = inside & ((part == 0) | ((column >= -0.5) & (column <= width - 0.5)))
        column = np.clip(column, 0, width - 1)
        left = np.minimum(column.astype(np.int32), width - 2)
        share = part * (column - left)
        at[:, 2 * i] = b * width + left
        at[:, 2 * i + 1] = at[:, 2 * i] + 1
        weights[:, 2 * i] = part - share
        weights[:, 2 * i + 1] = share
    weights[~inside] = 0.0
    return Sampled(at, weights)
