"""What was corrected on one B-scan, offered to its neighbours.

A correction says by how much the curve was wrong. On B-scans next to it, and between two corrected
ones, the curve is expected to be as wrong; how far that holds, the image there decides. Masks are
carried along (:mod:`mirage_core.engines.propagate_masks`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mirage_core.annotate import Annotation, Edit, Proposal, State, Target
from mirage_core.annotate.tools import TOOLS
from mirage_core.engines.graph.resolve import gather_evidence, solve_near
from mirage_core.engines.graph.scale import Scale, working_scale
from mirage_core.engines.propagate_masks import MaskCorrection, carried_masks
from mirage_core.scan import Masks, Scan, Surfaces

F32 = NDArray[np.float32]

TOOL = "propagate"
_FADE_UM = 200.0
"""Distance across B-scans at which one correction still counts 0.6 times."""
_LEAST_SHARE = 0.15
_USUAL_GAP_UM = 120.0
"""Between B-scans where it is not known: for fading only."""
_SURE_UM = 120.0
_SMOOTH_UM = 20.0
_BY_HAND = frozenset(name for name, tool in TOOLS.items() if tool.draws == "surface")


@dataclass(frozen=True, eq=False)
class Correction:
    """How a surface was corrected on one B-scan.

    Attributes
    ----------
    b : int
    surface : str
    deeper_px : float32 array ``[x]``
        By how much the corrected curve lies deeper than the one before; NaN where it was not
        corrected.
    taken : frozenset of int
        B-scans whose curve was led by it already: offered again, it would move them twice.
    """

    b: int
    surface: str
    deeper_px: F32
    taken: frozenset[int] = frozenset()


def corrections(annotation: Annotation, done: Sequence[Edit]) -> tuple[Correction, ...]:
    """Return what was corrected by hand since an engine, or an offer, last drew the surfaces.

    Parameters
    ----------
    annotation : Annotation
        As it is now.
    done : sequence of Edit
        The edits in effect, oldest first.

    Returns
    -------
    tuple of Correction
        By B-scan, then from the top surface down. What was corrected before an offer was accepted
        is apart from what was corrected after it.
    """
    walk = _Walk(annotation)
    for n in range(len(done) - 1, -1, -1):
        if Target.SURFACES in done[n].targets:
            walk.back_over(done[n])
    walk.pause()
    oldest_first = walk.found[::-1]
    return tuple(sorted(oldest_first, key=lambda c: (c.b, annotation.surfaces.index(c.surface))))


class _Walk:
    """The way back through the history, from the curves of now to those before corrections."""

    def __init__(self, annotation: Annotation) -> None:
        self.found: list[Correction] = []
        self._names = annotation.surfaces.names
        self._now = annotation.surfaces.values
        self._later: dict[int, F32] = {}
        self._before: dict[int, F32] = {}
        self._drawn: set[int] = set()
        """B-scans that an engine or an offer drew: corrections before that are history."""
        self._redrawn: set[int] = set()
        """B-scans that an engine drew: what they had taken over before is gone."""
        self._taken: dict[str, set[int]] = {}

    def back_over(self, edit: Edit) -> None:
        """Go back over an edit of surfaces."""
        by_hand, offer = edit.tool in _BY_HAND, edit.tool == TOOL
        if (self._drawn if by_hand else self._redrawn).issuperset(edit.b_scans):
            return  # what it did need not be read
        if offer:
            self.pause()
        for patch in reversed(edit.patches):
            if patch.target is not Target.SURFACES:
                continue
            if offer:
                for name in self._names[patch.where[0]]:
                    reached = self._taken.setdefault(name, set())
                    reached.update(b for b in patch.b_scans if b not in self._redrawn)
            for b in patch.b_scans:
                if not by_hand:
                    self._drawn.add(b)
                elif b not in self._drawn:
                    self._later.setdefault(b, self._now[:, b])
                    curves = self._before.setdefault(b, self._now[:, b].copy())
                    rows, _, columns = patch.where
                    curves[rows, columns] = patch.old[:, b - patch.origin[1]]
            if not (offer or by_hand):
                self._redrawn.update(patch.b_scans)

    def pause(self) -> None:
        """Note what was corrected since the last pause."""
        for b, curves in self._before.items():
            later = self._later[b]
            deeper = np.where(later != curves, later - curves, np.float32(np.nan))
            for row in np.flatnonzero(np.isfinite(deeper).any(axis=1)).tolist():
                name = self._names[row]
                taken = frozenset(self._taken.get(name, ()))
                self.found.append(Correction(b, name, deeper[row], taken))
            self._later[b] = curves.copy()


def propagated(
    scan: Scan,
    annotation: Annotation,
    corrections: Sequence[Correction],
    targets: Sequence[int],
    cancelled: Callable[[], bool] = lambda: False,
    masks: Sequence[MaskCorrection] = (),
    locked: frozenset[int] = frozenset(),
) -> Proposal | None:
    """Offer corrections to other B-scans.

    Parameters
    ----------
    scan : Scan
    annotation : Annotation
        As it is now. Structures that a human edited or approved are no targets.
    corrections : sequence of Correction
    targets : sequence of int
        B-scans to offer them to.
    cancelled : callable
        Asked between surfaces, and between B-scans.
    masks : sequence of MaskCorrection
    locked : frozenset of int
        Mask classes that stay as they are.

    Returns
    -------
    Proposal or None
        Of the surfaces and masks that would change, on the B-scans where any would; None if none
        would, or if it was cancelled.
    """
    now = annotation.masks.labels
    scale = working_scale(scan.spacing, now.shape[2])
    corrected = [n for n in annotation.surfaces.names if any(c.surface == n for c in corrections)]
    found = {name: _leads(annotation, name, corrections, targets, scale) for name in corrected}
    leads = {name: led for name, led in found.items() if led}
    solved = _solved(scan, annotation, leads, scale, cancelled)
    gap_um = scale.gap_um or _USUAL_GAP_UM
    labels = carried_masks(scan, annotation, masks, targets, gap_um, locked, cancelled)
    if cancelled() or not (solved or labels):
        return None
    names = tuple(leads)
    reached = sorted({b for led in leads.values() for b in led} | set(labels))
    rows = [annotation.surfaces.index(name) for name in names]
    curves = annotation.surfaces.values[np.ix_(rows, reached)]
    held: list[Collection[int]] = [*leads.values(), labels]
    holds = np.array([[b in of for b in reached] for of in held])
    for s, n in zip(*np.nonzero(holds[:-1]), strict=True):
        curves[s, n] = solved[names[s]][reached[n]]
    scheme = annotation.masks.scheme
    kinds = {v for b, new in labels.items() for v in np.unique(new[new != now[b]]).tolist() if v}
    what = ", ".join((*names, *map(scheme.name_of, sorted(kinds)))) or "masks"
    return Proposal(
        tuple(reached),
        Surfaces(curves, names),
        None,
        Masks(np.stack([labels.get(b, now[b]) for b in reached]), scheme) if labels else None,
        TOOL,
        f"Corrections of {what} offered to neighbours",
        holds=holds,
    )


def _solved(
    scan: Scan,
    annotation: Annotation,
    leads: Mapping[str, Mapping[int, tuple[F32, F32]]],
    scale: Scale,
    cancelled: Callable[[], bool],
) -> dict[str, dict[int, F32]]:
    """Return the curves of surfaces that are led, by B-scan; fewer if it was cancelled."""
    reached = sorted({b for led in leads.values() for b in led})
    if not reached:
        return {}
    images = np.stack([scan.b_scan(b) for b in reached])
    ends = {n: annotation.surfaces[n][reached] for n in ("ILM", "BM")}
    evidence = gather_evidence(images, scale, ends["ILM"], ends["BM"])
    curves: dict[str, dict[int, F32]] = {}
    for name, led in leads.items():
        if cancelled():
            break
        there = sorted(led)
        lead, sure = _stacked([led[b] for b in there])
        rows = [reached.index(b) for b in there]
        drawn = annotation.surfaces[name][there]
        new = solve_near(evidence.of(rows), name, drawn, lead, sure)
        curves[name] = dict(zip(there, new, strict=True))
    return curves


def _leads(
    annotation: Annotation,
    name: str,
    corrections: Sequence[Correction],
    targets: Sequence[int],
    scale: Scale,
) -> dict[int, tuple[F32, F32]]:
    """Return by how much, and how surely, a surface is led on each target it is led on."""
    row = annotation.surfaces.index(name)
    mine = [c for c in corrections if c.surface == name]
    smooth = max(scale.x_px(_SMOOTH_UM), 0.5)
    eased = [_eased(c.deeper_px, smooth) for c in mine]
    sources = np.unique([c.b for c in mine])
    gap_um = scale.gap_um or _USUAL_GAP_UM
    out: dict[int, tuple[F32, F32]] = {}
    for b in targets:
        if b in sources or annotation.states[row, b] >= State.EDITED:
            continue
        # A source whose correction was taken over stays one: nothing is wrong there any more.
        deeper = [np.zeros_like(eased[0]) for _ in sources]
        for c, by in zip(mine, eased, strict=True):
            if b not in c.taken:
                deeper[int(np.searchsorted(sources, c.b))] += by
        after = int(np.searchsorted(sources, b))
        beside = [i for i in (after - 1, after) if 0 <= i < len(sources)]
        away_um = np.array([abs(int(sources[i]) - b) * gap_um for i in beside])
        fades = np.exp(-0.5 * (away_um / _FADE_UM) ** 2)
        share = np.ones(1) if len(beside) == 1 else away_um[::-1] / away_um.sum()
        # Between two corrections what they agree on holds all the way, at the ends it fades.
        if len(beside) == 1:
            lead = fades[0] * deeper[beside[0]]
        else:
            lead = share[0] * deeper[beside[0]] + share[1] * deeper[beside[1]]
        nearest = float(fades.max())
        if (len(beside) == 1 and nearest < _LEAST_SHARE) or not (np.abs(lead) > 0.5).any():
            continue
        sure = np.exp(-float(away_um.min()) / _SURE_UM) * (np.abs(lead) > 0.25)
        out[b] = lead.astype(np.float32), sure.astype(np.float32)
    return out


def _eased(deeper_px: F32, sigma_px: float) -> F32:
    """Return a correction, nothing where nothing was corrected, its wobble smoothed."""
    here = np.isfinite(deeper_px)
    weight = ndimage.gaussian_filter1d(here.astype(np.float32), sigma_px, mode="nearest")
    total = ndimage.gaussian_filter1d(np.where(here, deeper_px, 0), sigma_px, mode="nearest")
    mean = np.divide(total, weight, out=np.zeros_like(total), where=weight > 1e-3)
    return np.asarray(np.where(here, mean, 0) * np.minimum(weight * 2, 1), np.float32)


def _stacked(pairs: Sequence[tuple[F32, F32]]) -> tuple[F32, F32]:
    return np.stack([lead for lead, _ in pairs]), np.stack([sure for _, sure in pairs])
