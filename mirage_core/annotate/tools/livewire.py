"""Following an edge of the image between two places."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]


class Edge(StrEnum):
    """What a boundary looks like from above."""

    RISING = "dark to bright"
    FALLING = "bright to dark"
    RIDGE = "bright line"
    ANY = "any edge"


class EdgeKind(NamedTuple):
    """How a boundary is found: its `edge`, and the scale in px across it."""

    edge: Edge
    sigma_z_px: float


# RPE runs along the ridge of its band and BM along the band's lower edge, the convention of
# the expert curves this is measured against. The band of the RPE is thick: at a fine scale the
# thin EZ above it is the stronger ridge.
SURFACE_EDGES: Mapping[str, EdgeKind] = MappingProxyType(
    {
        "ILM": EdgeKind(Edge.RISING, 2.0),
        "RNFL/GCL": EdgeKind(Edge.FALLING, 2.0),
        "GCL/IPL": EdgeKind(Edge.RISING, 2.0),
        "IPL/INL": EdgeKind(Edge.FALLING, 2.0),
        "INL/OPL": EdgeKind(Edge.RISING, 2.0),
        "OPL/ONL": EdgeKind(Edge.FALLING, 2.0),
        "ELM": EdgeKind(Edge.RIDGE, 1.5),
        "EZ": EdgeKind(Edge.RIDGE, 2.0),
        "OS/RPE": EdgeKind(Edge.RISING, 1.5),
        "RPE": EdgeKind(Edge.RIDGE, 4.0),
        "BM": EdgeKind(Edge.FALLING, 2.0),
        "CSI": EdgeKind(Edge.RISING, 3.0),
    }
)
UNKNOWN_EDGE = EdgeKind(Edge.ANY, 2.0)

_SIGMA_X_PX = 2.0
_REACH_SIGMAS = 4  # where the filters end
_FULL_RESPONSE_QUANTILE = 0.98
_HALF_WINDOW_PX = 48
_MAX_STEP_PX = 3
_STEP_COST = 0.15
_STRAY_COST = 0.015
_FAINTEST = 0.1
_SNAP_PX = 3
_SNAP_COST = 0.05


def edge_likeness(image: U8, kind: EdgeKind) -> F32:
    """Return how much each pixel looks like an edge of `kind`.

    Parameters
    ----------
    image : uint8 array ``[z, x]``
        Display grey; white registration padding looks like blank tissue.
    kind : EdgeKind

    Returns
    -------
    float32 array ``[z, x]``
        1 on the strongest edges (the 98th percentile of the positive responses and above), 0
        where there is none.
    """
    from scipy.ndimage import gaussian_filter1d

    from mirage_core.scan.padding import registration_padding

    edge, sigma_z_px = kind
    order = 2 if edge is Edge.RIDGE else 1
    response = gaussian_filter1d(image.astype(np.float32), sigma_z_px, axis=0, order=order)
    response = gaussian_filter1d(response, _SIGMA_X_PX, axis=1)
    if edge is Edge.ANY:
        np.abs(response, out=response)
    elif edge is not Edge.RISING:
        np.negative(response, out=response)
    padding = registration_padding(image)
    if padding.any():
        response[_grown(padding, round(_REACH_SIGMAS * max(sigma_z_px, _SIGMA_X_PX)) + 1)] = 0.0
    sample = response[::3, ::3]
    sample = sample[sample > 0]
    full = float(np.quantile(sample, _FULL_RESPONSE_QUANTILE)) if sample.size else 1.0
    likeness: F32 = np.clip(response / np.float32(max(full, 1e-6)), 0.0, 1.0)
    return likeness


def _grown(padding: NDArray[np.bool_], reach_px: int) -> NDArray[np.bool_]:
    from scipy.ndimage import maximum_filter1d

    size = 2 * reach_px + 1
    grown = maximum_filter1d(padding.view(np.uint8), size, axis=0)
    return np.asarray(maximum_filter1d(grown, size, axis=1) > 0)


def snap_depth(likeness: F32, column: int, z: float) -> float:
    """Return the depth in px of the best edge within a few px of `z`; near ones win ties."""
    height = likeness.shape[0]
    rows = np.arange(max(round(z) - _SNAP_PX, 0), min(round(z) + _SNAP_PX + 1, height))
    best = rows[int(np.argmax(likeness[rows, column] - _SNAP_COST * np.abs(rows - z)))]
    return float(best)


def trace_edge(likeness: F32, start: tuple[int, float], end: tuple[int, float]) -> tuple[int, F32]:
    """Return the cheapest curve between two places, found column by column.

    Dynamic programming in a band of 48 px on either side of the straight line between the
    places. Each column pays for being less like the edge than the places are: a boundary that
    is faint where it was clicked is faint, and stronger edges nearby do not draw the curve away
    (the idea of training in Mortensen & Barrett 1998). It also pays a little for straying from
    the line and for each px of step away from its slope. The path is refined between pixels by a
    parabola through its neighbours above and below.

    Parameters
    ----------
    likeness : float32 array ``[z, x]``
        From :func:`edge_likeness`.
    start, end : (int, float)
        Column and depth in px, in any order; the curve passes within half a px of both.

    Returns
    -------
    int, float32 array ``[n]``
        First column and depths in px from there to the last column, both ends included.
    """
    (x0, z0), (x1, z1) = sorted((start, end))
    if x0 == x1:
        return end[0], np.array([end[1]], np.float32)
    height = likeness.shape[0]
    columns = np.arange(x0, x1 + 1)
    line = np.rint(np.linspace(z0, z1, len(columns))).astype(np.intp)
    offsets = np.arange(-_HALF_WINDOW_PX, _HALF_WINDOW_PX + 1)
    rows = line[:, None] + offsets
    typical = max(min(_near(likeness, x0, z0), _near(likeness, x1, z1)), _FAINTEST)
    band = likeness[np.clip(rows, 0, height - 1), columns[:, None]] / np.float32(typical)
    band = 1.0 - np.minimum(band, 1.0)
    band += np.float32(_STRAY_COST) * np.abs(offsets).astype(np.float32)
    band[(rows < 0) | (rows >= height)] = np.inf
    path = line + _cheapest(band) - _HALF_WINDOW_PX
    return x0, _between_pixels(likeness, columns, path)


def _cheapest(band: F32) -> NDArray[np.intp]:
    """Return the cheapest row of `band` ``[column, row]`` per column, middle to middle."""
    n, size = band.shape
    steps = np.abs(np.arange(-_MAX_STEP_PX, _MAX_STEP_PX + 1)).astype(np.float32) * _STEP_COST
    # A moving view on one buffer with infinite borders: no allocation inside the loop.
    buffer = np.full(size + 2 * _MAX_STEP_PX, np.inf, np.float32)
    total = buffer[_MAX_STEP_PX:-_MAX_STEP_PX]
    reach = as_strided(buffer, (size, len(steps)), (buffer.itemsize, buffer.itemsize))
    sums = np.empty((size, len(steps)), np.float32)
    came = np.empty((n, size), np.int8)
    flat = np.arange(size) * len(steps)
    total[size // 2] = 0.0
    for k in range(1, n):
        np.add(reach, steps, out=sums)
        best = sums.argmin(axis=1)
        came[k] = best
        np.add(sums.ravel()[flat + best], band[k], out=total)
    path = np.empty(n, np.intp)
    path[-1] = size // 2
    for k in range(n - 1, 0, -1):
        path[k - 1] = path[k] + came[k, path[k]] - _MAX_STEP_PX
    return path


def _near(likeness: F32, column: int, z: float) -> float:
    """Return the largest likeness beside a place, a px up or down."""
    row = round(z)
    return float(likeness[max(row - 1, 0) : row + 2, column].max())


def _between_pixels(likeness: F32, columns: NDArray[np.intp], path: NDArray[np.intp]) -> F32:
    height = likeness.shape[0]
    upper = likeness[np.maximum(path - 1, 0), columns]
    middle = likeness[path, columns]
    lower = likeness[np.minimum(path + 1, height - 1), columns]
    bend = 2 * middle - upper - lower
    crest = (bend > 1e-4) & (path > 0) & (path < height - 1)
    shift = np.zeros(len(path), np.float32)
    shift[crest] = np.clip((lower - upper)[crest] / (2 * bend[crest]), -0.5, 0.5)
    if len(path) > 4:
        # A short running mean takes the pixel steps out where the parabola saw none.
        fine = np.convolve(np.pad(path + shift, 2, mode="edge"), np.full(5, 0.2), "valid")
        fine[[0, -1]] = (path + shift)[[0, -1]]
        return fine.astype(np.float32)
    return (path + shift).astype(np.float32)
