"""How far two annotations' thicknesses agree: pairs of figures for a Bland-Altman analysis.

A-scans of one scan are not independent: neighbours see the same retina, and a grader's line runs
on from one to the next. Counted each, thousands of them would make confidence intervals that are
far too narrow. What is paired is therefore a figure of a region: the ETDRS subfields of the scan,
the sectors of a circle scan, or where too little is known for these the means of its B-scans.
Between eyes the pairs are one figure of each, which are independent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mirage_core.measure.annotated import Annotated, depths, drawn_by_hand, surface_names
from mirage_core.measure.bland_altman import LEAST_PAIRS, BlandAltman, bland_altman
from mirage_core.measure.circle import sector_means, tsnit_degrees
from mirage_core.measure.etdrs import SUBFIELDS, Regions, etdrs_regions
from mirage_core.measure.fovea import Fovea
from mirage_core.measure.ground import Ground
from mirage_core.measure.layer_rows import unknown_sides
from mirage_core.measure.measured import LEAST_COVERAGE
from mirage_core.measure.thickness import WHOLE_RETINA
from mirage_core.scan import (
    SURFACE_ORDER,
    CirclePosition,
    Laterality,
    Scan,
    SpacingUnknownError,
    Surfaces,
)

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]

_LEAST_SUBFIELDS = 5
"""The centre and the inner ring; with fewer, B-scans are the better unit."""
_LEAST_OF_B_SCAN = 0.5


class Unit(StrEnum):
    """What each point of an analysis is."""

    SUBFIELD = "ETDRS subfield"
    SECTOR = "sector"
    B_SCAN = "B-scan"
    EYE = "scan"


@dataclass(frozen=True, eq=False)
class ThicknessAgreement:
    """The thickness between two surfaces as two graders have it.

    Attributes
    ----------
    upper, lower : str
    unit : Unit
        What is paired.
    names : tuple of str
        Of the regions that both know, in the order of the pairs.
    first, second : float64 arrays ``[n]``
        Mean thickness in um over the A-scans that both drew.
    b_scans : tuple of int
        B-scans that went into it, counted from 0.
    n_left_out : int
        Regions of which too little is known.
    analysis : BlandAltman
        Of the pairs, first minus second, um.
    n_b_scans, n_by_hand : int
        B-scans that went into it, and on how many of these both edited or approved both surfaces.
        Where both left them as a device or an engine drew them they agree without saying anything.
    """

    upper: str
    lower: str
    unit: Unit
    names: tuple[str, ...]
    first: F64
    second: F64
    b_scans: tuple[int, ...]
    n_left_out: int
    analysis: BlandAltman
    n_b_scans: int = 0
    n_by_hand: int = 0

    @property
    def title(self) -> str:
        """The layer, by its surfaces."""
        return f"{self.upper} to {self.lower}"


def thickness_agreement(
    one: Annotated,
    other: Annotated,
    scan: Scan,
    b_scans: Sequence[int],
    fovea: Fovea | None = None,
) -> tuple[tuple[ThicknessAgreement, ...], str]:
    """Compare the whole retina and the layers between neighbours that both drew on `b_scans`.

    Only A-scans on which both define both surfaces count. A region counts where 95 % of it is
    known so, a B-scan where half of its A-scans are.

    Parameters
    ----------
    one, other : Annotated
    scan : Scan
    b_scans : sequence of int
    fovea : Fovea, optional
        The one grid for both; by default it is sought in the mean of their surfaces.

    Returns
    -------
    tuple of ThicknessAgreement
        Top to bottom, the whole retina first.
    str
        Why there is none; empty if there is.
    """
    try:
        um_per_px = scan.spacing.require_mm("z")[0] * 1000
    except SpacingUnknownError as error:
        return (), str(error)
    chosen = np.zeros(scan.n_b_scans, bool)
    chosen[list(b_scans)] = True
    drawn = {}
    for name in surface_names(one, other):
        pair = np.stack([depths(one, name), depths(other, name)]).astype(np.float32)
        # What only one has drawn is no pair, and what was not compared does not count.
        pair[:, ~chosen[:, None] | ~np.isfinite(pair).all(axis=0)] = np.nan
        if name in SURFACE_ORDER and np.isfinite(pair).any():
            drawn[name] = pair
    wanted = [p for p in WHOLE_RETINA if p[0] in drawn and p[1] in drawn]
    pairs = tuple(dict.fromkeys([*wanted, *pairwise(drawn)]))
    if not pairs:
        return (), "There is no layer that both drew on the same A-scans."
    thick = {
        (upper, lower): (drawn[lower] - drawn[upper]) * np.float32(um_per_px)
        for upper, lower in pairs
    }
    ground = Ground.of(scan, _Between(drawn, one), fovea)
    regions = None
    if not ground.no_grid and np.count_nonzero(chosen) > 1:
        assert ground.plane is not None
        regions = etdrs_regions(ground.plane, ground.fovea_mm, scan.laterality)
    human = {name: drawn_by_hand(one, name) & drawn_by_hand(other, name) for name in drawn}
    found = (
        _of_layer(pair, values, ground, regions, human[pair[0]] & human[pair[1]])
        for pair, values in thick.items()
    )
    kept = tuple(f for f in found if f.names)
    return kept, "" if kept else "Too little of every region is known to both."


def central_of(found: Sequence[ThicknessAgreement]) -> dict[tuple[str, str], tuple[float, float]]:
    """Return the central subfield's thickness of each layer by both, um, where it is known."""
    out = {}
    for layer in found:
        if layer.unit is Unit.SUBFIELD and SUBFIELDS[0] in layer.names:
            at = layer.names.index(SUBFIELDS[0])
            out[layer.upper, layer.lower] = (float(layer.first[at]), float(layer.second[at]))
    return out


def between_eyes(
    scans: Sequence[Sequence[ThicknessAgreement]], names: Sequence[str]
) -> tuple[ThicknessAgreement, ...]:
    """Compare the central subfield of several scans: one pair of each, for every layer.

    Parameters
    ----------
    scans : sequence of what :func:`thickness_agreement` returns of each
    names : sequence of str
        Of the scans.
    """
    centres = [central_of(found) for found in scans]
    layers = dict.fromkeys(layer for centre in centres for layer in centre)
    out = []
    for upper, lower in layers:
        known = [i for i, centre in enumerate(centres) if (upper, lower) in centre]
        pairs = np.array([centres[i][upper, lower] for i in known])
        labels = tuple(names[i] for i in known)
        left_out = len(scans) - len(known)
        of_all = _agreement((upper, lower), Unit.EYE, labels, pairs.T, (), left_out)
        each = [f for i in known for f in scans[i] if (f.upper, f.lower) == (upper, lower)]
        n, n_by_hand = sum(f.n_b_scans for f in each), sum(f.n_by_hand for f in each)
        out.append(replace(of_all, n_b_scans=n, n_by_hand=n_by_hand))
    return tuple(out)


class _Between:
    """The mean of two annotations, on which the fovea of both is sought; its masks are nobody's."""

    def __init__(self, drawn: dict[str, F32], one: Annotated) -> None:
        values = np.stack([pair.mean(axis=0) for pair in drawn.values()])
        self.surfaces = Surfaces(values, tuple(drawn))
        self.masks = one.masks
        self.states = one.states


def _of_layer(
    pair: tuple[str, str],
    thick: F32,
    ground: Ground,
    regions: Regions | None,
    by_hand: NDArray[np.bool_],
) -> ThicknessAgreement:
    """Compare `thick` ``[grader, b, x]`` by the best unit there is for this scan."""
    b_scans = tuple(np.flatnonzero(np.isfinite(thick[0]).any(axis=1)).tolist())
    found = None
    if ground.is_circle:
        found = _by_sector(pair, thick, ground.scan, b_scans)
    elif regions is not None:
        found = _by_subfield(pair, thick, ground, regions, b_scans)
    if found is None:
        found = _by_b_scan(pair, thick, b_scans)
    n_by_hand = int(np.count_nonzero(by_hand[list(found.b_scans)]))
    return replace(found, n_b_scans=len(found.b_scans), n_by_hand=n_by_hand)


def _by_subfield(
    pair: tuple[str, str],
    thick: F32,
    ground: Ground,
    regions: Regions,
    b_scans: tuple[int, ...],
) -> ThicknessAgreement | None:
    averages = regions.of(thick)
    known = averages.coverage.min(axis=0) >= LEAST_COVERAGE
    if np.count_nonzero(known) < _LEAST_SUBFIELDS:
        return None
    names: Sequence[str] = SUBFIELDS
    if unknown_sides(ground):
        # Which is nasal is not known; that they are the same for both is.
        names = (SUBFIELDS[0], *(f"{s.partition(' ')[0]} {i % 4 + 1}"
                                 for i, s in enumerate(SUBFIELDS[1:])))  # fmt: skip
    kept = tuple(n for n, k in zip(names, known, strict=True) if k)
    left_out = int(np.count_nonzero(~known))
    return _agreement(pair, Unit.SUBFIELD, kept, averages.mean[:, known], b_scans, left_out)


def _by_sector(
    pair: tuple[str, str], thick: F32, scan: Scan, b_scans: tuple[int, ...]
) -> ThicknessAgreement | None:
    positions = scan.geometry.positions
    if scan.laterality is Laterality.UNKNOWN or scan.geometry.positions_assumed or not positions:
        return None
    names, values, left_out = [], [], 0
    for b in b_scans:
        position = positions[b]
        if not isinstance(position, CirclePosition):
            return None
        degrees = tsnit_degrees(position, thick.shape[2], scan.laterality)
        both = zip(*(sector_means(degrees, thick[i, b])[1:] for i in range(2)), strict=True)
        for one, other in both:
            if min(one.coverage, other.coverage) < LEAST_COVERAGE:
                left_out += 1
                continue
            names.append(f"circle {b + 1}, {one.name}" if scan.n_b_scans > 1 else one.name)
            values.append((one.mean, other.mean))
    if len(names) < LEAST_PAIRS:
        return None
    return _agreement(pair, Unit.SECTOR, tuple(names), np.array(values).T, b_scans, left_out)


def _by_b_scan(pair: tuple[str, str], thick: F32, b_scans: tuple[int, ...]) -> ThicknessAgreement:
    share = np.isfinite(thick[0]).mean(axis=1)
    kept = tuple(b for b in b_scans if share[b] >= _LEAST_OF_B_SCAN)
    means = np.array([np.nanmean(thick[:, b], axis=1) for b in kept], np.float64).reshape(-1, 2)
    names = tuple(f"B-scan {b + 1}" for b in kept)
    return _agreement(pair, Unit.B_SCAN, names, means.T, kept, len(b_scans) - len(kept))


def _agreement(
    pair: tuple[str, str],
    unit: Unit,
    names: tuple[str, ...],
    both_um: F64,
    b_scans: tuple[int, ...],
    left_out: int,
) -> ThicknessAgreement:
    first, second = both_um
    analysis = bland_altman(first, second)
    return ThicknessAgreement(*pair, unit, names, first, second, b_scans, left_out, analysis)
