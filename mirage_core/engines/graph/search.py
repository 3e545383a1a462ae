"""Minimum-cost paths through many B-scans at once, by dynamic programming."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]

BLOCKED = np.float32(1e4)
"""Cost of a place no path may take; finite, so that sums stay comparable."""


def shortest_paths(cost: F32, step_cost: float | F32, max_step: int) -> I64:
    """Find in every B-scan the left-to-right path of least cost.

    A path takes one depth per column. Its cost is the sum of `cost` along it plus `step_cost`
    per px of change from one column to the next, of at most `max_step` px.

    Parameters
    ----------
    cost : float32 array, axes ``[x, n, d]``
        Columns first: all `n` problems advance through column ``x`` together.
    step_cost : float, or float32 array ``[n, 1]`` with one per problem
    max_step : int

    Returns
    -------
    int64 array, axes ``[n, x]``
        Depth index of the path.
    """
    width, n, depth = cost.shape
    # A rim no path may take lets the way back look up and down without asking where it is.
    total = np.full((width, n, depth + 2 * max_step), np.inf, np.float32)
    inner = slice(max_step, max_step + depth)
    total[0, :, inner] = cost[0]
    reach = np.empty((n, depth), np.float32)
    stepped = np.empty((n, depth), np.float32)
    for x in range(1, width):
        np.copyto(reach, total[x - 1, :, inner])
        for _ in range(max_step):
            np.add(reach, step_cost, out=stepped)
            np.minimum(reach[:, 1:], stepped[:, :-1], out=reach[:, 1:])
            np.minimum(reach[:, :-1], stepped[:, 1:], out=reach[:, :-1])
        np.add(reach, cost[x], out=total[x, :, inner])
    path = np.empty((width, n), np.int64)
    path[-1] = total[-1].argmin(axis=1)
    offsets = np.arange(-max_step, max_step + 1)
    penalty = np.asarray(step_cost * np.abs(offsets), np.float32)
    rows = np.arange(n)[:, None]
    for x in range(width - 2, -1, -1):
        arriving = total[x][rows, path[x + 1][:, None] + offsets]
        arriving += penalty
        path[x] = path[x + 1] + arriving.argmin(axis=1)
        path[x] -= max_step
    return path.T - max_step


def shortest_paths_of_few(cost: F32, step_cost: float | F32, max_step: int) -> I64:
    """Find what :func:`shortest_paths` finds, several times as fast where problems are few.

    All steps into a column are weighed in one call; that is more work per px, and far fewer calls
    per column.
    """
    width, n, depth = cost.shape
    away = np.abs(np.arange(-max_step, max_step + 1))
    penalty = np.asarray(step_cost * away, np.float32).reshape(-1, 1, away.size)
    rim = np.full((n, depth + 2 * max_step), np.inf, np.float32)
    total = rim[:, max_step : max_step + depth]
    reach = np.lib.stride_tricks.sliding_window_view(rim, away.size, axis=1)
    arriving = np.empty((n, depth, away.size), np.float32)
    first = np.arange(n * depth).reshape(n, depth) * away.size
    step, low = np.empty((n, depth), np.intp), np.empty((n, depth), np.float32)
    came = np.zeros((width, n, depth), np.uint8)
    np.copyto(total, cost[0])
    for x in range(1, width):
        np.add(reach, penalty, out=arriving)
        arriving.argmin(axis=2, out=step)
        came[x] = step
        step += first
        arriving.take(step, out=low, mode="clip")  # with another mode `out` is copied
        np.add(low, cost[x], out=total)
    path = np.empty((n, width), np.int64)
    for row, at, steps in zip(
        path, total.argmin(axis=1).tolist(), came.swapaxes(0, 1), strict=True
    ):
        taken = steps.tobytes()  # plain bytes are the quickest to walk through one by one
        for x in range(width - 1, -1, -1):
            row[x] = at
            at += taken[x * depth + at] - max_step
    return path


def sub_pixel(cost: F32, path: I64) -> F32:
    """Refine a path to the vertex of the parabola through the costs above, on and below it.

    Parameters
    ----------
    cost : float32 array, axes ``[x, n, d]``
    path : int64 array, axes ``[n, x]``

    Returns
    -------
    float32 array, axes ``[n, x]``
        Depth in px, at most half a pixel from `path`.
    """
    width, n, depth = cost.shape
    columns, rows = np.arange(width)[None, :], np.arange(n)[:, None]
    middle = np.clip(path, 1, depth - 2)
    above, here, below = (cost[columns, rows, middle + k] for k in (-1, 0, 1))
    bend = above - 2 * here + below
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = np.where(bend > 1e-6, 0.5 * (above - below) / bend, 0.0)
    shift = np.where(middle == path, np.clip(shift, -0.5, 0.5), 0.0)
    return np.asarray(path + shift, np.float32)


def along_columns(cost: F32) -> F32:
    """Turn costs ``[n, x, d]`` into the contiguous ``[x, n, d]`` that the search walks through."""
    return np.ascontiguousarray(cost.swapaxes(0, 1))
