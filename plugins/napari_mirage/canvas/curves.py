"""Curves of a B-scan as vertices and the segments between them. Arrays only."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
Bool = NDArray[np.bool_]


class Segments(NamedTuple):
    """Lines to draw.

    Attributes
    ----------
    points : float32 array ``[n, (x, y)]``
        Scene coordinates: the centre of pixel ``(z, x)`` is at ``(x + 0.5, z + 0.5)``.
    pairs : uint32 array ``[m, 2]``
        Which points are joined.
    rows : intp array ``[n]``
        The curve that each point belongs to.
    """

    points: F32
    pairs: NDArray[np.uint32]
    rows: NDArray[np.intp]


def drawn_columns(curves: F32, dashed: Bool, dash_columns: int) -> Bool:
    """Return where curves ``[s, x]`` are drawn: with gaps where they are NaN, and between dashes.

    Dashes belong to columns, not to path length: a change never shifts those beside it.
    """
    drawn: Bool = np.isfinite(curves)
    if dashed.any():
        drawn &= ~(dashed & (np.arange(curves.shape[1]) // dash_columns % 2 == 1))
    return drawn


def segments(curves: F32, drawn: Bool) -> Segments:
    """Return curves ``[s, x]`` (px from the top) as lines, where `drawn` ``[s, x]`` says so.

    Every run of columns begins and ends at the outer edges of its first and last pixel, so that
    a single column shows, too.
    """
    n, width = curves.shape
    inner = np.flatnonzero((drawn[:, :-1] & drawn[:, 1:]).ravel())
    # Rows of the flattened [s, x - 1] back to those of [s, x].
    left = inner + inner // max(width - 1, 1)
    first = drawn.copy()
    first[:, 1:] &= ~drawn[:, :-1]
    last = drawn.copy()
    last[:, :-1] &= ~drawn[:, 1:]
    begins, ends = np.flatnonzero(first.ravel()), np.flatnonzero(last.ravel())
    depths = np.where(drawn, curves, np.float32(0)).astype(np.float32)
    points = np.empty((n * width + len(begins) + len(ends), 2), np.float32)
    points[: n * width, 0] = np.tile(np.arange(width, dtype=np.float32) + np.float32(0.5), n)
    points[: n * width, 1] = depths.ravel() + np.float32(0.5)
    outer = points[n * width :]
    outer[:] = points[np.concatenate([begins, ends])]
    outer[: len(begins), 0] -= 0.5
    outer[len(begins) :, 0] += 0.5
    edge = np.arange(n * width, len(points))
    pairs = np.empty((len(left) + len(edge), 2), np.uint32)
    pairs[: len(left), 0], pairs[: len(left), 1] = left, left + 1
    pairs[len(left) :, 0], pairs[len(left) :, 1] = edge, np.concatenate([begins, ends])
    rows = np.concatenate([np.repeat(np.arange(n), width), begins // width, ends // width])
    return Segments(points, pairs, rows)
