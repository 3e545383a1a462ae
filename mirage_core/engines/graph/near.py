"""Surfaces searched in the image near where they are expected, several of them at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mirage_core.engines.graph import rpe
from mirage_core.engines.graph.layers import CHAIN, ELM, OS_RPE, Boundary
from mirage_core.engines.graph.refine import edge_response
from mirage_core.engines.graph.scale import Scale
from mirage_core.engines.graph.search import (
    BLOCKED,
    along_columns,
    shortest_paths,
    shortest_paths_of_few,
    sub_pixel,
)

F32 = NDArray[np.float32]

BOUNDARIES: Mapping[str, Boundary] = {b.name: b for b in (*CHAIN, ELM, OS_RPE)}
"""Surfaces of which it is known how they look."""
_REACH_UM = 40.0
"""How far a curve may leave what is expected of it. The ELM and OS/RPE, which a stronger edge lies
near, keep to the band in which they are refined."""
_STRAY, _STRAY_SURE = 0.35, 4.0
"""Price of that where nothing was said about the column, and where all was."""
_MAX_STEP_PX = rpe.MAX_STEP_PX
"""One for all surfaces, so that they can be searched together."""
_FEW = 32


@dataclass(frozen=True, eq=False)
class Expectation:
    """Where a surface is expected, in one B-scan or in many.

    Attributes
    ----------
    name : str
        One of :data:`BOUNDARIES`.
    depth : float32 array ``[b, x]``
        Px from the top.
    sure : float32 array ``[b, x]``
        0..1, how much that counts against the image.
    known : float32 array ``[b, x]`` or None
        Depths it passes through, NaN elsewhere.
    """

    name: str
    depth: F32
    sure: F32
    known: F32 | None = None


def search_near(grey: F32, gain: F32, scale: Scale, expected: Sequence[Expectation]) -> list[F32]:
    """Return where surfaces run, each ``[b, x]``, px from the top.

    Parameters
    ----------
    grey : float32 array ``[b, x, z]``
    gain : float32 array ``[b, x]``
        Mean grey of the retina in each A-scan.
    scale : Scale
    expected : sequence of Expectation
        Most of a search is its way from column to column, which all of them go together.
    """
    if not expected:
        return []
    n = len(grey)
    reach = max(5, round(scale.z_px(_REACH_UM)))
    costs, steps = [], np.empty((len(expected) * n, 1), np.float32)
    for k, one in enumerate(expected):
        likeness, steps[k * n : (k + 1) * n] = _likeness(grey, gain, scale, one, reach)
        costs.append(_cost(likeness, one, reach, scale))
    columns = along_columns(np.concatenate(costs))
    search = shortest_paths_of_few if len(steps) <= _FEW else shortest_paths
    away = sub_pixel(columns, search(columns, steps, _MAX_STEP_PX)) - reach
    found = []
    for k, one in enumerate(expected):
        ridge = one.name == "RPE"
        # An edge between rows r - 1 and r is written r, the first row of the layer below.
        shift = np.float32(0 if ridge else 0.5)
        smooth_um = rpe.SMOOTH_UM if ridge else BOUNDARIES[one.name].smooth_um
        sigma = max(scale.x_px(smooth_um), 0.4)
        own = away[k * n : (k + 1) * n] + shift
        smooth = ndimage.gaussian_filter1d(own, sigma, axis=1, mode="nearest")
        found.append(np.asarray(one.depth + smooth, np.float32))
    return found


def _likeness(
    grey: F32, gain: F32, scale: Scale, one: Expectation, reach: int
) -> tuple[F32, float]:
    """Return how much a band looks like the surface ``[b, x, 2 reach + 1]``, and a step's cost."""
    if one.name == "RPE":
        bright = rpe.ridge_brightness(grey, one.depth, gain, reach, scale)
        return rpe.ridge_likeness(bright), rpe.STEP_COST
    boundary = BOUNDARIES[one.name]
    response = edge_response(grey, one.depth, gain, boundary, reach, scale)
    return np.tanh(response / boundary.full), boundary.step_cost


def _cost(likeness: F32, one: Expectation, reach: int, scale: Scale) -> F32:
    own = reach
    if one.name in (ELM.name, OS_RPE.name):
        own = min(reach, max(2, round(scale.z_px(BOUNDARIES[one.name].band_um))))
    offsets = np.arange(-reach, reach + 1, dtype=np.float32) / own
    stray = (_STRAY + (_STRAY_SURE - _STRAY) * one.sure)[:, :, None]
    cost = np.asarray(stray * offsets**2 - likeness, np.float32)
    cost[:, :, np.abs(offsets) > 1] = BLOCKED
    if one.known is not None:
        given = np.isfinite(one.known)
        cost[given] = BLOCKED
        at = np.clip(np.rint((one.known - one.depth)[given]) + reach, 0, 2 * reach)
        cost[(*np.nonzero(given), at.astype(np.intp))] = -1.0
    return cost
