"""What two engines found, held against each other and against the grader's work. No window."""

from __future__ import annotations

import numpy as np

from mirage_core.annotate import Annotation, Proposal, State
from mirage_core.scan import FLUID_SCHEME, Masks, Scan, Surfaces
from mirage_viewer.model_answers import Answers, agreement, by_hand, corrected
from mirage_viewer.model_words import ModelLine, model_lines
from mirage_viewer.pair_run import Question
from tests.project.eyes import SHAPE, make_scan

N, HEIGHT, WIDTH = SHAPE
SRF, SHRM = (FLUID_SCHEME.by_name(name).value for name in ("SRF", "SHRM"))
TITLES = ("First", "Second")


def proposal(ilm_px: float, b_scans: tuple[int, ...], columns: slice, value: int) -> Proposal:
    labels = np.zeros((len(b_scans), HEIGHT, WIDTH), np.uint8)
    labels[:, 5, columns] = value
    curves = np.full((1, len(b_scans), WIDTH), ilm_px, np.float32)
    return Proposal(b_scans, Surfaces(curves, ("ILM",)), None, Masks(labels), "e", "E")


def answers(scan: Scan, found: Proposal, b_scans: tuple[int, ...] | None) -> Answers:
    made = Answers.begun(("", "exact"), found, scan, ())
    made.take(Question("e", {}, b_scans), found)
    return made


def work(ilm_px: float, b: int, srf: slice) -> Annotation:
    """Return work in which the ILM and the masks of B-scan `b` are corrected, no more."""
    made = Annotation.empty(SHAPE)
    row = made.surfaces.index("ILM")
    made.surfaces.values[row] = 0
    made.states[row] = State.PREDICTED
    made.surfaces.values[row, b] = ilm_px
    made.masks.labels[b, 5, srf] = SRF
    made.states[row, b] = made.states[-1, b] = State.EDITED
    return made


def lines(
    one: Answers, other: Answers, hand: Annotation, b_scans: tuple[int, ...], seen: tuple[str, ...]
) -> dict[str, ModelLine]:
    found = agreement(one.annotation, other.annotation, hand, make_scan(), b_scans, lambda: False)
    assert found is not None
    classes = tuple(c.name for c in FLUID_SCHEME)
    return {line.name: line for line in model_lines(found, TITLES, (seen, classes))[0]}


def test_answers_to_several_questions_are_kept_together() -> None:
    scan = make_scan()
    made = answers(scan, proposal(3, (1,), slice(0, 2), SRF), (1,))
    assert made.b_scans == {1}
    made.take(Question("e", {}, (0, 2)), proposal(4, (0, 2), slice(0, 2), SRF))
    assert made.b_scans == {0, 1, 2}
    assert not made.whole
    ilm = made.annotation.surfaces["ILM"]
    assert ilm[:3, 0].tolist() == [4, 3, 4]


def test_only_what_a_grader_corrected_counts_as_work_by_hand() -> None:
    hand = work(4, 1, slice(0, 4))
    assert corrected(hand) == (1,)
    found = by_hand(hand).surfaces["ILM"]
    assert np.isfinite(found[1]).all()
    assert not np.isfinite(np.delete(found, 1, axis=0)).any()
    assert np.isfinite(hand.surfaces["ILM"]).all(), "the work itself stays"


def test_the_nearer_of_the_two_is_told_surface_by_surface_and_class_by_class() -> None:
    scan, every = make_scan(), tuple(range(N))
    one = answers(scan, proposal(3, every, slice(0, 4), SRF), None)
    other = answers(scan, proposal(7, every, slice(2, 4), SRF), None)
    assert one.whole
    found = lines(one, other, work(6, 1, slice(0, 4)), every, ("SRF",))
    assert found["ILM"].better == 1
    assert found["SRF"].better == 0
    assert (found["SRF"].one, found["SRF"].other) == ("1.00", "0.67")
    assert found["SRF"].apart == "0.67"


def test_without_corrections_nothing_is_better() -> None:
    scan, every = make_scan(), tuple(range(N))
    one = answers(scan, proposal(3, every, slice(0, 4), SRF), None)
    other = answers(scan, proposal(7, every, slice(2, 4), SRF), None)
    found = lines(one, other, Annotation.empty(SHAPE), every, ("SRF",))
    assert {line.better for line in found.values()} == {None}
    assert found["ILM"].one == "–"


def test_a_class_that_one_does_not_look_for_is_no_error_of_its() -> None:
    scan, every = make_scan(), tuple(range(N))
    one = answers(scan, proposal(3, every, slice(0, 0), SRF), None)
    other = answers(scan, proposal(3, every, slice(2, 4), SHRM), None)
    found = lines(one, other, Annotation.empty(SHAPE), every, ("SRF",))
    assert found["SHRM"].apart == "–"
    assert found["SHRM"].detail == "SHRM: First does not look for it."
