"""One surface solved again around what is known of it, in one B-scan or in many.

Where a grader corrected a surface, its curve passes exactly through the correction; between and
beside corrections it follows the image near where they lead to expect it; far from them it stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mirage_core.engines.graph.curves import filled
from mirage_core.engines.graph.locate import locate
from mirage_core.engines.graph.near import BOUNDARIES, Expectation, search_near
from mirage_core.engines.graph.prepare import prepare
from mirage_core.engines.graph.scale import Scale

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
Bool = NDArray[np.bool_]

_LEAD_SURE = 0.5
"""What a point says of the column beside it."""
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
    first = np.clip(np.rint(top), 0, height - 1).astype(np.intp)
    last = np.maximum(np.clip(np.rint(bottom), 0, height).astype(np.intp), first + 1)
    mean = np.stack([_means(*one) for one in zip(grey, first, last, strict=True)])
    smooth = ndimage.gaussian_filter1d(mean, max(scale.x_px(40), 0.5), axis=1, mode="nearest")
    return Evidence(grey, np.maximum(smooth, 0.02).astype(np.float32), scale)


def _means(grey: F32, first: NDArray[np.intp], last: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the means ``[x]`` over rows ``first .. last - 1`` of one B-scan ``[x, z]``.

    The running sum is kept exact, in twice the bytes of the grey: of one B-scan at a time.
    """
    total = np.zeros((grey.shape[0], grey.shape[1] + 1))
    np.cumsum(grey, axis=1, dtype=np.float64, out=total[:, 1:])
    x = np.arange(grey.shape[0])
    return np.asarray((total[x, last] - total[x, first]) / (last - first), np.float64)


@dataclass(frozen=True, eq=False)
class Lead:
    """What leads a surface away from its current course.

    Attributes
    ----------
    name : str
        Of the surface. One of which the graph search does not know how it looks goes where it is
        led.
    current : float32 array ``[b, x]``
        Px from the top; where it is NaN it stays so.
    deeper_px : float32 array ``[b, x]``
        By how much deeper it is expected; where that is nothing, `current` stays.
    sure : float32 array ``[b, x]``
        0..1, how much the expectation counts against the image.
    known : float32 array ``[b, x]``, optional
        Depths the surface passes exactly through, NaN elsewhere; `deeper_px` leads through them.
    free : bool array ``[b, x]``, optional
        Columns to solve again wherever they are led.
    """

    name: str
    current: F32
    deeper_px: F32
    sure: F32
    known: F32 | None = None
    free: Bool | None = None

    def moved(self) -> Bool:
        """Return where the surface may leave its course ``[b, x]``."""
        moved = np.abs(self.deeper_px) > _CHANGED_PX
        if self.known is not None:
            moved |= np.isfinite(self.known)
        if self.free is not None:
            moved |= self.free
        return np.asarray(moved)

    def within(self, cut: slice) -> Lead:
        """Return the part in some columns."""
        known = None if self.known is None else self.known[:, cut]
        free = None if self.free is None else self.free[:, cut]
        current, deeper, sure = (a[:, cut] for a in (self.current, self.deeper_px, self.sure))
        return Lead(self.name, current, deeper, sure, known, free)


def solve_near(
    evidence: Evidence,
    name: str,
    current: F32,
    lead: F32,
    sure: F32,
    known: F32 | None = None,
    free: Bool | None = None,
) -> F32:
    """Solve a surface again ``[b, x]`` where something leads away from its current course.

    Parameters are those of :class:`Lead`.
    """
    return solve_together(evidence, [Lead(name, current, lead, sure, known, free)])[0]


def solve_together(evidence: Evidence, leads: Sequence[Lead]) -> list[F32]:
    """Solve surfaces again, each for itself, in little more time than one of them takes.

    Only columns near those that something moves are looked at.

    Returns
    -------
    list of float32 array ``[b, x]``
        Px from the top.
    """
    at = np.flatnonzero(np.logical_or.reduce([lead.moved().any(axis=0) for lead in leads]))
    if at.size == 0:
        return [lead.current.copy() for lead in leads]
    # What is blended in ends within 2.4 joins; beyond, the path comes from where it always ran.
    margin = 4 * _join_px(evidence.scale)
    cut = slice(max(int(at[0]) - margin, 0), int(at[-1]) + margin + 1)
    # Gaps are bridged from what lies on their far sides, which may lie outside.
    whole = [
        replace(
            lead,
            current=filled(lead.current),
            deeper_px=np.where(np.isfinite(lead.current), lead.deeper_px, 0),
        )
        for lead in leads
    ]
    solved = _solved(evidence, cut, [lead.within(cut) for lead in whole])
    out = []
    for lead, part in zip(leads, solved, strict=True):
        curve = lead.current.copy()
        curve[:, cut] = np.where(np.isfinite(curve[:, cut]), part, np.float32(np.nan))
        out.append(curve)
    return out


def _solved(evidence: Evidence, cut: slice, leads: Sequence[Lead]) -> list[F32]:
    """Return surfaces without gaps, solved again in the columns `cut`."""
    grey, scale = evidence.grey[:, cut], evidence.scale
    deepest = grey.shape[2] - 1
    expected = [
        np.clip(lead.current + lead.deeper_px, 0, deepest).astype(np.float32) for lead in leads
    ]
    seen = [i for i, lead in enumerate(leads) if lead.name in BOUNDARIES]
    wanted = [Expectation(leads[i].name, expected[i], leads[i].sure, leads[i].known) for i in seen]
    found = list(expected)
    for i, curve in zip(seen, search_near(grey, evidence.gain[:, cut], scale, wanted), strict=True):
        found[i] = curve
    return [
        np.clip(_joined(lead, curve, scale), 0, deepest).astype(np.float32)
        for lead, curve in zip(leads, found, strict=True)
    ]


def _joined(lead: Lead, found: F32, scale: Scale) -> F32:
    """Return `found` through what is known, and eased into the current course beside it."""
    join = _join_px(scale)
    given = np.zeros(found.shape, bool)
    if lead.known is not None:
        # Smoothing has rounded what was to be exact.
        given = np.isfinite(lead.known)
        missing = spread(np.where(given, lead.known - found, np.nan), scale.x_px(_JOIN_UM) / 3)
        found = np.where(given, lead.known, found + missing)
    # Beyond the reach of what leads nothing moves, and the way there is gradual.
    wide = ndimage.maximum_filter1d(lead.moved().astype(np.float32), 2 * join + 1, axis=1)
    weight = ndimage.gaussian_filter1d(wide, join / 3, axis=1, mode="nearest")
    eased = lead.current + np.clip(weight, 0, 1) * (found - lead.current)
    return np.asarray(np.where(given, found, eased), np.float32)


def _join_px(scale: Scale) -> int:
    return max(1, round(scale.x_px(_JOIN_UM)))


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
