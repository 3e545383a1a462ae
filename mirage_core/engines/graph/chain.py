"""Joint search for all boundaries: order and thickness down each A-scan, smoothness across."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mirage_core.engines.graph.flatten import Flat
from mirage_core.engines.graph.layers import CHAIN, Look
from mirage_core.engines.graph.scale import Scale
from mirage_core.engines.graph.search import BLOCKED, along_columns, shortest_paths

F32 = NDArray[np.float32]

# In units of the mean grey of the retina: nerve fibres are brighter, outer nuclei darker.
_RNFL_MIN = 1.15
_ONL_MAX = 1.1
_OPL_MAX = 1.4  # brighter than any layer between ganglion cells and ellipsoid zone
_PIT_COST = 0.01  # per um of inner layers where the pit leaves none
# Nerve fibres thin out before the pit, where what lies under them falls in grey more clearly than
# they do. The price is bounded, for the first estimate of the ILM it counts from may be off.
_PIT_FIBRES_UM = 20.0
_PIT_FIBRES_COST, _PIT_FIBRES_LIMIT = 0.15, 3.0
_LAYER_COST = 0.08  # per um and unit of grey

_Limits = tuple[int, int, F32, float, float]
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
    rows = np.arange(image.shape[2], dtype=np.float32)
    costs: list[F32] = []
    for boundary in CHAIN:
        response = ridge if boundary.look is Look.RIDGE else _SIGN[boundary.look] * slope
        cost = -boundary.weight * np.tanh(response / boundary.full)
        if boundary.name == "ILM":
            away = np.abs(rows - flat.ilm[:, :, None]) * scale.axial_um
            cost += np.minimum(0.01 * away, 3.0)
        elif boundary.name == "BM":
            away = np.abs(rows - flat.base_row) * scale.axial_um
            cost += np.minimum(0.025 * np.maximum(away - 15, 0), 4.0)
        elif boundary.name in ("RNFL/GCL", "OPL/ONL"):
            under_ilm = np.maximum(rows - flat.ilm[:, :, None], 0) * scale.axial_um
            price = _PIT_COST * under_ilm
            if boundary.name == "RNFL/GCL":
                thick = np.maximum(under_ilm - _PIT_FIBRES_UM, 0)
                price += np.minimum(_PIT_FIBRES_COST * thick, _PIT_FIBRES_LIMIT)
            cost += (1 - _insistence(flat.share, boundary.vanishes)) * price
        costs.append(np.asarray(cost, np.float32))
    _add_layer_terms(costs, image, scale)
    return costs


def _add_layer_terms(costs: list[F32], image: F32, scale: Scale) -> None:
    """Add in place what the grey inside some layers says about where they begin and end.

    A price per pixel of a layer, summed from its upper to its lower boundary, is a running sum
    down the A-scan taken at the lower less the same at the upper boundary: it stays a cost of
    single boundaries.
    """
    index = {boundary.name: k for k, boundary in enumerate(CHAIN)}
    price = _LAYER_COST * scale.axial_um
    dark_nerve_fibres = np.cumsum(np.maximum(_RNFL_MIN - image, 0) * price, axis=2)
    too_bright = np.cumsum(np.maximum(image - _OPL_MAX, 0) * price, axis=2)
    bright_nuclei = np.cumsum(np.maximum(image - _ONL_MAX, 0) * price, axis=2)
    costs[index["ILM"]] -= dark_nerve_fibres
    costs[index["RNFL/GCL"]] += dark_nerve_fibres
    costs[index["IPL/INL"]] -= too_bright
    costs[index["OPL/ONL"]] -= bright_nuclei
    costs[index["EZ"]] += bright_nuclei + too_bright


def _cone(cost: F32, first: int, last: int, thin: F32, thick: float, limit: float) -> F32:
    """Return at ``z`` the least ``cost[z - t]`` plus the price of a layer ``t >= 0`` px thick.

    The price is 0 for ``first <= t <= last`` and grows by `thin` (one value per A-scan,
    ``[b, X, 1]``) or `thick` per px outside, the latter up to `limit`.
    """
    rows = np.arange(cost.shape[-1], dtype=np.float32)
    usual = _least_above(cost, first, last)
    far = np.minimum.accumulate(usual, axis=2) + limit
    usual = np.minimum.accumulate(usual - thick * rows, axis=2) + thick * rows
    usual = np.minimum(usual, far)
    if first > 0:
        thinner = _least_above(cost + thin * rows, 0, first - 1) + thin * (first - rows)
        usual = np.minimum(usual, thinner)
    return np.asarray(usual, np.float32)


def _least_above(cost: F32, first: int, last: int) -> F32:
    """Return at ``z`` the least of ``cost[z - last .. z - first]``, BLOCKED outside the image."""
    size = last - first + 1
    padded = np.pad(cost, ((0, 0), (0, 0), (last, 0)), constant_values=BLOCKED)
    # With this origin the window of the filter begins at its own place.
    least = ndimage.minimum_filter1d(padded, size, axis=2, mode="nearest", origin=-(size // 2))
    return np.asarray(least[:, :, : cost.shape[2]], np.float32)


def _down(cost: F32, limits: _Limits) -> F32:
    return _cone(cost, *limits)


def _up(cost: F32, limits: _Limits) -> F32:
    return _cone(cost[:, :, ::-1], *limits)[:, :, ::-1]


def _insistence(share: F32, vanishes: tuple[float, float]) -> F32:
    """Return 0..1 per A-scan ``[b, X, 1]``: how much a layer must have its usual thickness."""
    low, high = vanishes
    return np.asarray(np.clip((share - low) / (high - low), 0, 1)[:, :, None], np.float32)


def min_marginals(costs: list[F32], flat: Flat, scale: Scale) -> list[F32]:
    """Return for every boundary the least cost of a whole chain that passes each depth.

    Each A-scan is a chain of boundaries tied by their usual distances; a forward and a backward
    pass give, at every depth, the cost of the best chain through it (Viterbi min-marginals).
    """
    gaps_um = [(b.gap_by_disc_um if flat.by_disc else None) or b.gap_um for b in CHAIN]
    limits = [
        (
            round(scale.z_px(least)),
            round(scale.z_px(most)),
            b.thin_cost * scale.axial_um * _insistence(flat.share, b.vanishes),
            b.thick_cost * scale.axial_um,
            b.thick_limit,
        )
        for b, (least, most) in zip(CHAIN, gaps_um, strict=True)
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


def joint_search(costs: list[F32], flat: Flat, scale: Scale) -> F32:
    """Find all boundaries in straightened B-scans.

    Parameters
    ----------
    costs : list of float32 arrays ``[b, X, d]``
        One per boundary of the chain.
    flat : Flat
    scale : Scale

    Returns
    -------
    float32 array ``[s, b, X]``
        Rows of the straightened image, ordered.
    """
    marginals = min_marginals(costs, flat, scale)
    n = costs[0].shape[0]
    stacked = np.concatenate(marginals, axis=0)
    stacked -= stacked.min(axis=2, keepdims=True)
    paths = shortest_paths(along_columns(stacked), 0.12, 6)
    curves = paths.reshape(len(costs), n, -1).astype(np.float32)
    return np.asarray(np.maximum.accumulate(curves, axis=0))
