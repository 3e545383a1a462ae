"""One surface solved again around what is known of it, in one B-scan or in many.

Where a grader corrected a surface, its curve passes exactly through the correction; between and
beside corrections it follows the image near where they lead to expect it; far from them it stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mirage_core.engines.graph import rpe
from mirage_core.engines.graph.curves import filled
from mirage_core.engines.graph.layers import CHAIN, ELM, OS_RPE, Boundary
from mirage_core.engines.graph.locate import locate
from mirage_core.engines.graph.prepare import prepare
from mirage_core.engines.graph.refine import edge_response
from mirage_core.engines.graph.scale import Scale
from mirage_core.engines.graph.search import BLOCKED, along_columns, shortest_paths, sub_pixel

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]

_BOUNDARIES: Mapping[str, Boundary] = {b.name: b for b in (*CHAIN, ELM, OS_RPE)}
_REACH_UM = 40.0
"""How far the curve may leave what is expected of it."""
_STRAY, _STRAY_SURE = 0.35, 4.0
"""Price of that where nothing was said about the column, and where all was."""
_LEAD_SURE = 0.5
"""What a point says of the column beside it."""
_MAX_STEP_PX = 3
_FADE_UM = 150.0
_CHANGED_PX = 0.25
_JOIN_UM = 60.0


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the images say, worked out once.

    Attributes
    ----------
    grey : float32 array ``[b, x, z]``
        Normalised, padding filled.
    gain : float32 array ``[b, x]``
        Mean grey of the retina in each A-scan.
    scale : Scale
    """

    grey: F32
    gain: F32
    scale: Scale

    def of(self, rows: Sequence[int]) -> Evidence:
        """Return what some of the images say."""
        return Evidence(self.grey[rows], self.gain[rows], self.scale)


def gather_evidence(
    b_scans: U8, scale: Scale, ilm: F32 | None = None, bm: F32 | None = None
) -> Evidence:
    """Prepare B-scans ``[b, z, x]`` for :func:`solve_near`.

    Parameters
    ----------
    b_scans : uint8 array ``[b, z, x]``
    scale : Scale
    ilm, bm : float32 arrays ``[b, x]``, optional
        Where the retina begins and ends, px; looked for where NaN or not given.
    """
    grey = prepare(b_scans).grey
    n, width, height = grey.shape
    unknown = np.full((n, width), np.nan, np.float32)
    top = unknown if ilm is None else ilm
    bottom = unknown if bm is None else bm
    if not (np.isfinite(top).all() and np.isfinite(bottom).all()):
        retina = locate(grey, scale)
        top = np.where(np.isfinite(top), top, retina.ilm)
        bottom = np.where(np.isfinite(bottom), bottom, retina.base)
    total = np.concatenate([np.zeros((n, width, 1)), grey.cumsum(axis=2, dtype=np.float64)], axis=2)
    first = np.clip(np.rint(top), 0, height - 1).astype(np.intp)[:, :, None]
    last = np.maximum(np.clip(np.rint(bottom), 0, height).astype(np.intp)[:, :, None], first + 1)
    inside = np.take_along_axis(total, last, 2) - np.take_along_axis(total, first, 2)
    mean = (inside / (last - first))[:, :, 0]
    smooth = ndimage.gaussian_filter1d(mean, max(scale.x_px(40), 0.5), axis=1, mode="nearest")
    return Evidence(grey, np.maximum(smooth, 0.02).astype(np.float32), scale)


def solve_near(
    evidence: Evidence,
    name: str,
    current: F32,
    lead: F32,
    sure: F32,
    known: F32 | None = None,
    free: NDArray[np.bool_] | None = None,
) -> F32:
    """Solve a surface again where something leads away from its current course.

    Parameters
    ----------
    evidence : Evidence
    name : str
        Of the surface. One of which the graph search does not know how it looks goes where it is
        led.
    current : float32 array ``[b, x]``
        Px from the top; where it is NaN it stays so.
    lead : float32 array ``[b, x]``
        By how many px deeper it is expected; where that is nothing, `current` stays.
    sure : float32 array ``[b, x]``
        0..1, how much the expectation counts against the image.
    known : float32 array ``[b, x]``, optional
        Depths the surface passes exactly through, NaN elsewhere; `lead` leads through them.
    free : bool array ``[b, x]``, optional
        Columns to solve again wherever `lead` leads.

    Returns
    -------
    float32 array ``[b, x]``
        Px from the top.
    """
    scale, height = evidence.scale, evidence.grey.shape[2]
    there = np.isfinite(current)
    current, lead = filled(current), np.where(there, lead, 0)
    expected = np.clip(current + lead, 0, height - 1).astype(np.float32)
    given = np.isfinite(known) if known is not None else np.zeros(current.shape, bool)
    boundary = _BOUNDARIES.get(name)
    found = expected
    if boundary is not None:
        found = _searched(evidence, boundary, expected, sure, known)
    if known is not None:
        # Smoothing has rounded what was to be exact.
        missing = spread(np.where(given, known - found, np.nan), scale.x_px(_JOIN_UM) / 3)
        found = np.where(given, known, found + missing)
    # Beyond the reach of what leads nothing moves, and the way there is gradual.
    moved = (np.abs(lead) > _CHANGED_PX) | given
    if free is not None:
        moved |= free
    width = max(1, round(scale.x_px(_JOIN_UM)))
    wide = ndimage.maximum_filter1d(moved.astype(np.float32), 2 * width + 1, axis=1)
    weight = ndimage.gaussian_filter1d(wide, width / 3, axis=1, mode="nearest")
    out = np.where(given, found, current + np.clip(weight, 0, 1) * (found - current))
    return np.where(there, np.clip(out, 0, height - 1), np.nan).astype(np.float32)


def _searched(
    evidence: Evidence, boundary: Boundary, expected: F32, sure: F32, known: F32 | None
) -> F32:
    scale, grey, gain = evidence.scale, evidence.grey, evidence.gain
    reach = max(5, round(scale.z_px(_REACH_UM)))
    offsets = np.arange(-reach, reach + 1, dtype=np.float32) / reach
    ridge = boundary.name == "RPE"
    if ridge:
        likeness = rpe.ridge_likeness(rpe.ridge_brightness(grey, expected, gain, reach, scale))
        step_cost, max_step, smooth_um = rpe.STEP_COST, rpe.MAX_STEP_PX, rpe.SMOOTH_UM
    else:
        response = edge_response(grey, expected, gain, boundary, reach, scale)
        likeness = np.tanh(response / boundary.full)
        step_cost, max_step = boundary.step_cost, _MAX_STEP_PX
        smooth_um = boundary.smooth_um
    stray = (_STRAY + (_STRAY_SURE - _STRAY) * sure)[:, :, None]
    cost = np.asarray(stray * offsets**2 - likeness, np.float32)
    if known is not None:
        given = np.isfinite(known)
        cost[given] = BLOCKED
        at = np.clip(np.rint((known - expected)[given]) + reach, 0, 2 * reach).astype(np.intp)
        cost[(*np.nonzero(given), at)] = -1.0
    columns = along_columns(cost)
    away = sub_pixel(columns, shortest_paths(columns, step_cost, max_step)) - reach
    if not ridge:
        # An edge between rows r - 1 and r is written r, the first row of the layer below.
        away = away + np.float32(0.5)
    sigma = max(scale.x_px(smooth_um), 0.4)
    smooth = ndimage.gaussian_filter1d(away, sigma, axis=1, mode="nearest")
    return np.asarray(expected + smooth, np.float32)


def solve_through(evidence: Evidence, name: str, current: F32, known: F32) -> F32:
    """Solve a surface of one B-scan again with points it passes through.

    Parameters
    ----------
    evidence : Evidence
        Of one B-scan.
    name : str
    current : float32 array ``[x]``
        Px from the top; finite wherever the surface is known.
    known : float32 array ``[x]``
        Depths of the grader's points, NaN elsewhere.

    Returns
    -------
    float32 array ``[x]``
        Where no point leads to expect anything else it is `current`.
    """
    given = np.isfinite(known)
    if not given.any():
        return current.copy()
    base = filled(np.where(np.isfinite(current), current, known)[None])[0]
    fade = evidence.scale.x_px(_FADE_UM)
    lead = spread(np.where(given, known - base, np.nan)[None], fade)
    sure = _LEAD_SURE * spread(np.where(given, 1.0, np.nan)[None].astype(np.float32), fade) ** 2
    at = np.flatnonzero(given)
    between = (np.arange(given.size) >= at[0]) & (np.arange(given.size) <= at[-1])
    unknown = np.isnan(current)
    found = solve_near(
        evidence, name, base[None], lead, sure, known[None], (unknown & between)[None]
    )[0]
    return np.where(unknown & ~between, np.float32(np.nan), found)


def spread(values: F32, fade_px: float) -> F32:
    """Return known values ``[b, x]`` (NaN elsewhere) spread over all columns.

    They run straight from one known column to the next and fade, as a bell, with the distance
    to the nearest.
    """
    out = np.zeros_like(values)
    x = np.arange(values.shape[1])
    for row, line in zip(out, values, strict=True):
        at = np.flatnonzero(np.isfinite(line))
        if at.size:
            right = np.clip(np.searchsorted(at, x), 0, at.size - 1)
            left = np.maximum(right - 1, 0)
            away = np.minimum(np.abs(x - at[right]), np.abs(x - at[left]))
            row[:] = np.interp(x, at, line[at]) * np.exp(-0.5 * (away / fade_px) ** 2)
    return out
