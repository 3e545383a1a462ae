"""Adjudication: B-scans of a consensus taken over from graders."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirage_core.annotate import MASKS, Annotation, Session, State, Target
from mirage_core.annotate.adjudicate import TOOL, chosen, chosen_agreeing
from mirage_core.annotate.moment import BScanMoment
from mirage_core.scan import LabelScheme, MaskClass, order_violations
from tests.annotate.eyes import (
    B_SCANS,
    HEIGHT,
    NAMES,
    WIDTH,
    flat,
    ordered_curves,
    scan,
    session,
    state_of,
)

EZ, RPE, BM = (NAMES.index(n) for n in ("EZ", "RPE", "BM"))


def consensus(depths: dict[str, float] | None = None) -> Session:
    """Return a session of an adjudicator, with level surfaces if any."""
    one = scan()
    annotation = Annotation.for_scan(one)
    if depths:
        annotation.surfaces.values[...] = flat(depths)[:, None]
    return Session(one, annotation, "Judge")


def graded(depths: dict[str, float], state: State = State.APPROVED) -> Annotation:
    """Return a grader's annotation with level surfaces, a mark on every B-scan, and states."""
    annotation = Annotation.for_scan(scan())
    annotation.surfaces.values[...] = flat(depths)[:, None]
    annotation.confidence[...] = np.where(np.isfinite(annotation.surfaces.values), 0.5, np.nan)
    annotation.masks.labels[:, 10:14, 4:8] = 1
    for name in (*depths, MASKS):
        annotation.states[annotation.structures.index(name)] = state
    return annotation


def moment(annotation: Annotation, b: int) -> tuple[bytes, ...]:
    now = BScanMoment.now(annotation, b)
    return tuple(now.array(target).tobytes() for target in Target)


def test_a_b_scan_comes_over_whole_with_confidence_and_states() -> None:
    eye, anna = consensus(), graded({"ILM": 5, "RPE": 30})
    before = moment(eye.annotation, 0)
    edit = chosen(eye, anna, [1], source_name="Anna")
    assert edit is not None
    assert (edit.tool, edit.label, edit.author) == (TOOL, "B-scan 2 from Anna", "Judge")
    assert edit.b_scans == (1,)
    assert moment(eye.annotation, 1) == moment(anna, 1)
    assert moment(eye.annotation, 0) == before
    assert eye.annotation.b_scan_state(1) is State.APPROVED


def test_many_b_scans_are_one_step_back() -> None:
    eye, anna = consensus({"ILM": 2, "RPE": 40}), graded({"ILM": 5, "RPE": 30})
    before = state_of(eye.annotation)
    edit = chosen(eye, anna, [2, 0, 2], source_name="Anna")
    assert edit is not None
    assert edit.label == "2 B-scans from Anna"
    assert eye.undo() is edit
    assert state_of(eye.annotation) == before
    eye.redo()
    assert moment(eye.annotation, 2) == moment(anna, 2)


def test_what_is_there_already_is_no_edit() -> None:
    eye, anna = consensus(), graded({"RPE": 30})
    chosen(eye, anna, range(B_SCANS))
    assert chosen(eye, anna, range(B_SCANS)) is None
    assert chosen(eye, anna, []) is None
    assert len(eye.history.done) == 1


def test_named_structures_come_alone() -> None:
    eye, anna = consensus({"ILM": 2, "RPE": 40}), graded({"ILM": 5, "RPE": 30})
    edit = chosen(eye, anna, [0], ["RPE"], "Anna")
    assert edit is not None
    assert edit.label == "B-scan 1 from Anna: RPE"
    assert (eye.annotation.surfaces["RPE"][0] == 30).all()
    assert (eye.annotation.surfaces["ILM"][0] == 2).all()
    assert not eye.annotation.masks.labels.any()
    assert eye.annotation.states[RPE, 0] == State.APPROVED
    assert (eye.annotation.states[[0, -1], 0] == State.UNSEEN).all()
    edit = chosen(eye, anna, [0], [MASKS], "Anna")
    assert edit is not None
    np.testing.assert_array_equal(eye.annotation.masks.labels[0], anna.masks.labels[0])
    assert eye.annotation.states[-1, 0] == State.APPROVED


def test_a_surface_stops_at_one_that_stays_and_the_label_says_so() -> None:
    eye, anna = consensus({"EZ": 25, "BM": 32}), graded({"RPE": 30})
    anna.surfaces.values[RPE, 0, 10:20] = 36
    anna.surfaces.values[RPE, 0, 30:35] = 20
    edit = chosen(eye, anna, [0], ["RPE"], "Anna")
    assert edit is not None
    assert edit.label == "B-scan 1 from Anna: RPE; RPE stopped at what stays"
    expected = np.full(WIDTH, 30.0)
    expected[10:20], expected[30:35] = 32, 25
    np.testing.assert_array_equal(eye.annotation.surfaces["RPE"][0], expected)
    stopped = np.zeros(WIDTH, bool)
    stopped[10:20] = stopped[30:35] = True
    np.testing.assert_array_equal(np.isnan(eye.annotation.confidence[RPE, 0]), stopped)
    assert eye.annotation.states[RPE, 0] == State.EDITED, "nobody approved it where it stopped"
    assert (eye.annotation.surfaces["BM"][0] == 32).all()


def test_taking_a_whole_b_scan_moves_nothing() -> None:
    eye, anna = consensus({"EZ": 60, "BM": 10}), graded({"EZ": 20, "RPE": 30, "BM": 40})
    edit = chosen(eye, anna, [0], source_name="Anna")
    assert edit is not None
    assert "stopped" not in edit.label
    assert moment(eye.annotation, 0) == moment(anna, 0)


@given(st.integers(0, 99), st.integers(100, 199), st.sets(st.sampled_from((*NAMES, MASKS))))
def test_surfaces_never_cross_whatever_is_taken(ours: int, theirs: int, names: set[str]) -> None:
    eye, other = session(ours), session(theirs).annotation
    before = eye.annotation.copy()
    chosen(eye, other, [1], sorted(names), "Anna")
    after = eye.annotation
    assert not order_violations(after.surfaces.values[:, 1]).any()
    for i, name in enumerate(NAMES):
        if name not in names:
            np.testing.assert_array_equal(after.surfaces.values[i], before.surfaces.values[i])
        defined = np.isfinite((other if name in names else before).surfaces.values[i, 1])
        np.testing.assert_array_equal(np.isfinite(after.surfaces.values[i, 1]), defined)
    np.testing.assert_array_equal(after.surfaces.values[:, 0], before.surfaces.values[:, 0])
    np.testing.assert_array_equal(
        after.masks.labels[1], (other if MASKS in names else before).masks.labels[1]
    )
    while eye.undo() is not None:
        pass
    assert state_of(after) == state_of(before)


def test_surfaces_are_found_by_name_in_another_order_of_rows() -> None:
    eye = consensus({"ILM": 2, "EZ": 20, "BM": 50})
    other = Annotation.empty((B_SCANS, HEIGHT, WIDTH), ("ILM", "RPE", "BM"))
    other.surfaces.values[...] = np.array([5, 30, 40], np.float32)[:, None, None]
    other.states[...] = State.EDITED
    chosen(eye, other, [0], source_name="Anna")
    depths = {n: float(eye.annotation.surfaces[n][0, 0]) for n in ("ILM", "EZ", "RPE", "BM")}
    assert depths == {"ILM": 5, "EZ": 20, "RPE": 30, "BM": 40}
    assert eye.annotation.states[EZ, 0] == State.UNSEEN


def test_a_surface_without_a_place_in_the_consensus_is_refused() -> None:
    eye = consensus()
    other = Annotation.empty((B_SCANS, HEIGHT, WIDTH), ("ILM", "Vendor PR2"))
    other.surfaces.values[1, 1] = 30
    before = state_of(eye.annotation)
    with pytest.raises(ValueError, match="The consensus has no structure called Vendor PR2"):
        chosen(eye, other, [0, 1])
    with pytest.raises(ValueError, match="The consensus has no structure called Vendor PR2"):
        chosen(eye, other, [0], ["Vendor PR2"])
    with pytest.raises(ValueError, match="to take from has no structure called RPE"):
        chosen(eye, other, [0], ["RPE"])
    assert state_of(eye.annotation) == before
    other.surfaces.values[0] = 4
    assert chosen(eye, other, [0]) is not None, "where it is not drawn it is not missed"
    assert chosen(eye, other, [1], ["ILM"]) is not None


def test_mask_classes_are_found_by_name() -> None:
    scheme = LabelScheme(
        "other", (MaskClass(9, "SRF", "", (0, 0, 0)), MaskClass(2, "CYST", "", (0, 0, 0)))
    )
    eye = consensus()
    other = Annotation.empty((B_SCANS, HEIGHT, WIDTH), scheme=scheme)
    other.masks.labels[0, 5:8, 5:8] = 9
    other.masks.labels[1, 5:8, 5:8] = 2
    assert chosen(eye, other, [0], [MASKS]) is not None
    assert set(np.unique(eye.annotation.masks.labels[0])) == {0, 2}
    with pytest.raises(ValueError, match="The consensus has no mask class CYST"):
        chosen(eye, other, [0, 1])
    assert not eye.annotation.masks.labels[1].any()


def test_an_annotation_of_another_scan_is_refused() -> None:
    with pytest.raises(ValueError, match="another scan"):
        chosen(consensus(), Annotation.empty((B_SCANS, HEIGHT, WIDTH + 1)), [0])


def test_agreeing_b_scans_are_taken_as_the_first_drew_them() -> None:
    eye, anna = consensus(), graded({"RPE": 30})
    edit = chosen_agreeing(eye, anna, [0, 2], ("Anna", "Ben"), 1.5)
    assert edit is not None
    assert edit.label == "2 B-scans from Anna, within 1.5 px of Ben"
    assert moment(eye.annotation, 2) == moment(anna, 2)
    assert (eye.annotation.states[:, 1] == State.UNSEEN).all()


def test_what_was_decided_already_stays_decided() -> None:
    eye, anna, ben = consensus(), graded({"RPE": 30}), graded({"RPE": 31}, State.EDITED)
    chosen(eye, ben, [1], source_name="Ben")
    edit = chosen_agreeing(eye, anna, [0, 1], ("Anna", "Ben"), 2)
    assert edit is not None
    assert edit.b_scans == (0,)
    assert (eye.annotation.surfaces["RPE"][1] == 31).all()
    assert chosen_agreeing(eye, anna, [0, 1], ("Anna", "Ben"), 2) is None


def test_curves_drawn_freehand_come_over_with_their_gaps() -> None:
    eye, other = consensus(), graded({"RPE": 30})
    other.surfaces.values[:, 0] = ordered_curves(3)
    chosen(eye, other, [0])
    np.testing.assert_array_equal(eye.annotation.surfaces.values[:, 0], ordered_curves(3))
