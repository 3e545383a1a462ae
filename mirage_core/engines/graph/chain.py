"""Joint search for all boundaries: order and thickness down each A-scan, smoothness across."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mirage_core.engines.graph.flatten import Flat
from mirage_core.engines.graph.layers import CHAIN, Look
from mirage_core.engines.graph.scale import Scale
from mirage_core.engines.graph.search import along_columns, shortest_paths

F32 = NDArray[np.float32]

_SIGN = {Look.RISE: 1.0, Look.FALL: -1.0}


def boundary_costs(flat: Flat, scale: Scale) -> list[F32]:
    """Return the cost ``[b, X, d]`` of every boundary of the chain, about -weight..weight."""
    image = flat.image / flat.gain[:, :, None]
    lateral = scale.x_px(40) / flat.across
    image = ndimage.gaussian_filter1d(image, lateral, axis=1, mode="nearest", truncate=3)
    sigma = max(scale.z_px(7), 0.8)
    slope = sigma * ndimage.gaussian_filter1d(image, sigma, axis=2, order=1, mode="nearest")
    wide = scale.z_px(10)
    ridge = ndimage.gaussian_filter1d(image, wide / 2, axis=2, mode="nearest")
    ridge -= ndimage.gaussian_filter1d(image, 2.5 * wide, axis=2, mode="nearest")
    edge, bright = np.tanh(slope / 0.12), np.tanh(ridge / 0.5)
    rows = np.arange(image.shape[2], dtype=np.float32)
    costs: list[F32] = []
    for boundary in CHAIN:
        response = bright if boundary.look is Look.RIDGE else _SIGN[boundary.look] * edge
        cost = -boundary.weight * response
        if boundary.name == "ILM":
            away = np.abs(rows - flat.ilm[:, :, None]) * scale.axial_um
            cost += np.minimum(0.01 * away, 3.0)
        elif boundary.name == "BM":
            away = np.abs(rows - flat.base_row) * scale.axial_um
            cost += np.minimum(0.01 * np.maximum(away - 12, 0), 2.0)
        costs.append(np.asarray(cost, np.float32))
    return costs


def _cone(cost: F32, first: int, last: int, thin: float, thick: float) -> F32:
    """Return at ``z`` the least ``cost[z - t]`` plus the price of a layer `t` px thick.

    The price is 0 for ``first <= t <= last`` and grows by `thin` or `thick` per px outside.
    """
    depth = cost.shape[-1]
    rows = np.arange(depth, dtype=np.float32)
    # Flat part: least over a window of allowed thicknesses.
    padded = np.pad(cost, ((0, 0), (0, 0), (last, 0)), mode="edge")
    size = last - first + 1
    window = ndimage.minimum_filter1d(
        padded, size, axis=2, mode="nearest", origin=(size - 1) // 2 - (size - 1)
    )
    # After the shift of origin, window[z] looks at padded[z .. z + size - 1].
    best = window[:, :, :depth]
    grown = np.minimum.accumulate(best - thick * rows, axis=2) + thick * rows
    shrunk = np.minimum.accumulate((grown + thin * rows)[:, :, ::-1], axis=2)[:, :, ::-1]
    return np.asarray(shrunk - thin * rows, np.float32)


def _down(cost: F32, limits: tuple[int, int, float, float]) -> F32:
    return _cone(cost, *limits)


def _up(cost: F32, limits: tuple[int, int, float, float]) -> F32:
    return _cone(cost[:, :, ::-1], *limits)[:, :, ::-1]


def min_marginals(costs: list[F32], scale: Scale) -> list[F32]:
    """Return for every boundary the least cost of a whole chain that passes each depth.

    Each A-scan is a chain of boundaries tied by their usual distances; a forward and a backward
    pass give, at every depth, the cost of the best chain through it (Viterbi min-marginals).
    """
    limits = [
        (
            round(scale.z_px(b.gap_um[0])),
            round(scale.z_px(b.gap_um[1])),
            b.thin_cost * scale.axial_um,
            b.thick_cost * scale.axial_um,
        )
        for b in CHAIN
    ]
    forward = [costs[0]]
    for k in range(1, len(costs)):
        forward.append(costs[k] + _down(forward[-1], limits[k]))
    backward = costs[-1]
    marginals = [forward[-1]]
    for k in range(len(costs) - 2, -1, -1):
        below = _up(backward, limits[k + 1])
        marginals.append(forward[k] + below)
        backward = costs[k] + below
    return marginals[::-1]


def joint_search(costs: list[F32], scale: Scale) -> F32:
    """Find all boundaries in straightened B-scans.

    Parameters
    ----------
    costs : list of float32 arrays ``[b, X, d]``
        One per boundary of the chain.
    scale : Scale

    Returns
    -------
    float32 array ``[s, b, X]``
        Rows of the straightened image, ordered.
    """
    marginals = min_marginals(costs, scale)
    n = costs[0].shape[0]
    stacked = np.concatenate(marginals, axis=0)
    stacked -= stacked.min(axis=2, keepdims=True)
    paths = shortest_paths(along_columns(stacked), 0.12, 6)
    curves = paths.reshape(len(costs), n, -1).astype(np.float32)
    return np.asarray(np.maximum.accumulate(curves, axis=0))
