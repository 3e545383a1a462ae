"""Triage: the B-scans on which two graders agree, and those that somebody has to decide."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mirage_core.measure.annotated import Annotated, must_be_of_one_scan
from mirage_core.measure.differences import differences
from mirage_core.scan import renumbering
from mirage_core.scan.states import worked_on

F64 = NDArray[np.float64]
U8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Triage:
    """How an adjudicator goes about the B-scans of two annotations.

    Attributes
    ----------
    agreeing : tuple of int
        B-scans on which both agree, ascending.
    to_decide : tuple of int
        The others that both worked on, worst first.
    by_one_only : tuple of int
        B-scans that only one of the two worked on, ascending.
    apart : float64 array ``[b]``
        Share of the A-scans on which they do not agree; NaN where not both worked.
    """

    agreeing: tuple[int, ...]
    to_decide: tuple[int, ...]
    by_one_only: tuple[int, ...]
    apart: F64


def agreeing_b_scans(
    one: Annotated, other: Annotated, tolerance_px: float, allowed: float = 0.0
) -> Triage:
    """Tell the B-scans on which two annotations agree from those to decide.

    They agree on an A-scan if every surface that one defines there is defined by the other, no
    further than the tolerance away; and if every marked pixel has a pixel of its class in the
    other's masks, no further than the tolerance away in the plane of the B-scan. Where a
    device's curves were left alone by both, they agree.

    Parameters
    ----------
    one, other : Annotated
    tolerance_px : float
        With px taken as square.
    allowed : float
        Share of a B-scan's A-scans, 0..1, on which they need not agree.

    Raises
    ------
    ValueError
        If the annotations are of different scans.
    """
    must_be_of_one_scan(one, other)
    here, there = worked_on(one.states), worked_on(other.states)
    apart = np.full(len(here), np.nan)
    for b in np.flatnonzero(here & there).tolist():
        apart[b] = float(_a_scans_apart(one, other, b, tolerance_px).mean())
    agreeing = np.flatnonzero(apart <= allowed).tolist()
    # Of equals the first: sorting is stable.
    to_decide = sorted(np.flatnonzero(apart > allowed).tolist(), key=lambda b: -float(apart[b]))
    by_one_only = np.flatnonzero(here != there).tolist()
    return Triage(tuple(agreeing), tuple(to_decide), tuple(by_one_only), apart)


def _a_scans_apart(one: Annotated, other: Annotated, b: int, tolerance_px: float) -> Bool:
    """Return on which A-scans of B-scan `b` two annotations do not agree, ``[x]``."""
    found = differences(one, other, b, tolerance_px)
    apart = np.asarray((found.differs | found.one_sided).any(axis=0))
    first, second = one.masks.labels[b], other.masks.labels[b]
    if found.masks.any():
        there = renumbering(one.masks.scheme, other.masks.scheme)
        back = renumbering(other.masks.scheme, one.masks.scheme)
        apart |= _unmatched(first, second, there, tolerance_px)
        apart |= _unmatched(second, first, back, tolerance_px)
    return apart


def _unmatched(marks: U8, others: U8, table: NDArray[np.int16], tolerance_px: float) -> Bool:
    """Return the A-scans with a mark further than the tolerance from its class in `others`."""
    from scipy.ndimage import distance_transform_edt

    apart = np.zeros(marks.shape[1], bool)
    # Only around the marks: distances take long over a whole B-scan.
    any_ = (marks | others) > 0
    rows, columns = np.flatnonzero(any_.any(axis=1)), np.flatnonzero(any_.any(axis=0))
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    marks, others = marks[box], others[box]
    for value in np.unique(marks[marks > 0]).tolist():
        marked, matching = marks == value, others == table[value]
        if matching.any():
            marked &= distance_transform_edt(~matching) > tolerance_px
        apart[box[1]] |= marked.any(axis=0)
    return apart
