"""What engines found on the scan shown, kept to be compared, and measured. No Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mirage_core.annotate import Annotation, State
from mirage_core.annotate.engine_answer import by_hand
from mirage_core.scan import Scan
from mirage_viewer.pair_run import Question

if TYPE_CHECKING:
    from mirage_core.annotate import Proposal
    from mirage_core.measure.comparison import Comparison

Key = tuple[str, str]
"""What decides the output of an engine: its weights or version, and its mode."""


@dataclass(frozen=True, slots=True)
class ModelAgreement:
    """How two engines differ on some B-scans, and how far each is from the grader's work there.

    Attributes
    ----------
    between : Comparison
        Signed differences are those of the first from the other.
    against : tuple of Comparison or None
        The first and the other, each from what the grader corrected or approved; None where
        that is nothing.
    by_hand : tuple of int
        B-scans that `against` is on.
    """

    between: Comparison
    against: tuple[Comparison, Comparison] | None
    by_hand: tuple[int, ...]


@dataclass(eq=False)
class Answers:
    """What one engine found on one scan so far.

    Attributes
    ----------
    key : tuple
    title : str
        With the mode it ran in.
    annotation : Annotation
        Of the B-scans it was asked about; states are unseen on the others.
    whole : bool
        All of them come from one run.
    """

    key: Key
    title: str
    annotation: Annotation
    whole: bool = False

    @classmethod
    def begun(cls, key: Key, proposal: Proposal, scan: Scan, names: tuple[str, ...]) -> Answers:
        """Return what holds nothing yet and has room for `proposal` and surfaces `names`."""
        every = tuple(dict.fromkeys((*names, *proposal.surfaces.names)))
        if proposal.masks is None:
            return cls(key, proposal.title, Annotation.empty(scan.shape, every))
        empty = Annotation.empty(scan.shape, every, proposal.masks.scheme)
        return cls(key, proposal.title, empty)

    def take(self, question: Question, proposal: Proposal) -> None:
        """Take in what the engine answered."""
        wanted, annotation = list(proposal.b_scans), self.annotation
        for name in proposal.surfaces.names:
            row = annotation.surfaces.index(name)
            annotation.surfaces.values[row, wanted] = proposal.surfaces[name]
            annotation.states[row, wanted] = State.PREDICTED
        if proposal.masks is not None:
            annotation.masks.labels[wanted] = proposal.masks.labels
            annotation.states[-1, wanted] = State.PREDICTED
        self.whole = question.b_scans is None

    @property
    def b_scans(self) -> frozenset[int]:
        """B-scans it was asked about."""
        return frozenset(np.flatnonzero(self.annotation.states.any(axis=0)).tolist())


def corrected(annotation: Annotation) -> tuple[int, ...]:
    """Return the B-scans on which the grader corrected or approved something, ascending."""
    return tuple(np.flatnonzero((annotation.states >= State.EDITED).any(axis=0)).tolist())


def agreement(
    one: Annotation,
    other: Annotation,
    work: Annotation,
    scan: Scan,
    b_scans: tuple[int, ...],
    cancelled: Callable[[], bool],
) -> ModelAgreement | None:
    """Measure two engines on `b_scans`; for a background thread. None if cancelled.

    Parameters
    ----------
    one, other : Annotation
        What they found.
    work : Annotation
        The grader's.
    scan : Scan
        For its spacing and geometry; no pixel is read.
    b_scans : tuple of int
    cancelled : callable
    """
    from mirage_core.measure.comparison import compare

    between = compare(one, other, scan, b_scans, cancelled=cancelled)
    if between is None:
        return None
    between = replace(between, layers=())
    hand, human = by_hand(work), set(corrected(work))
    on = tuple(b for b in b_scans if b in human)
    if not on:
        return ModelAgreement(between, None, ())
    first = compare(one, hand, scan, on, cancelled=cancelled)
    second = compare(other, hand, scan, on, cancelled=cancelled)
    if first is None or second is None:
        return None
    return ModelAgreement(between, (first, second), on)
