"""Session: every change is one edit, recorded, reversible, and heard of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirage_core.annotate import (
    MASKS,
    Change,
    Event,
    EventKind,
    JournalError,
    MemoryJournal,
    Proposal,
    Session,
    State,
    Target,
    decode_edit,
    encode_edit,
)
from mirage_core.scan import Masks, Surfaces, order_violations
from tests.annotate.eyes import B_SCANS, HEIGHT, NAMES, WIDTH, ordered_curves, session, state_of

ILM, EZ, RPE, BM = (NAMES.index(n) for n in ("ILM", "EZ", "RPE", "BM"))


class FailingJournal(MemoryJournal):
    """A journal on a disk that fills up and is emptied again."""

    def __init__(self) -> None:
        super().__init__()
        self.full = False

    def record(self, events: Sequence[Event]) -> None:
        if self.full:
            raise JournalError("The disk is full.")
        super().record(events)


def draw(eye: Session, b: int, name: str, depth: float, columns: slice = slice(5, 12)) -> None:
    draft = eye.draft(b)
    draft.curves[NAMES.index(name), columns] = depth
    assert eye.commit(draft, "pen", f"Pen on {name}") is not None


def proposal(b: int, depths: dict[str, float], mask: int | None = None) -> Proposal:
    values = np.array([[[z] * WIDTH] for z in depths.values()], np.float32)
    labels = None if mask is None else Masks(np.full((1, HEIGHT, WIDTH), mask, np.uint8))
    return Proposal(
        (b,), Surfaces(values, tuple(depths)), np.ones_like(values), labels, "graph", "Graph"
    )


def test_a_stroke_becomes_one_edit_that_marks_what_it_changed() -> None:
    eye = session()
    draft = eye.draft(1)
    draft.curves[RPE, 5:12] = 70
    draft.mask[60:62, 3:6] = 4
    edit = eye.commit(draft, "pen", "Pen on RPE")
    assert edit is not None
    assert (eye.annotation.surfaces["RPE"][1, 5:12] == 70).all()
    assert (eye.annotation.masks.labels[1, 60:62, 3:6] == 4).all()
    assert np.isnan(eye.annotation.confidence[RPE, 1, 5:12]).all()
    states = dict(zip(eye.annotation.structures, eye.annotation.states[:, 1], strict=True))
    assert states["RPE"] == states[MASKS] == State.EDITED
    assert states["BM"] == State.UNSEEN
    assert (edit.author, edit.tool, edit.b_scans) == ("grader", "pen", (1,))


def test_a_stroke_that_changes_nothing_is_no_edit() -> None:
    eye = session()
    assert eye.commit(eye.draft(0), "pen", "Pen") is None
    assert eye.history.done == []


def test_a_prediction_adopted_during_a_stroke_survives_it() -> None:
    eye = session()
    draft = eye.draft(0)
    draft.curves[RPE, 5:12] = 60
    draft.mask[0:2, 0:2] = 5
    eye.adopt(proposal(0, {"ILM": 4, "RPE": 62, "BM": 64}, mask=2))
    eye.commit(draft, "pen", "Pen on RPE")
    rpe = eye.annotation.surfaces["RPE"][0]
    assert (rpe[5:12] == 60).all()
    assert (np.delete(rpe, np.arange(5, 12)) == 62).all()
    assert (eye.annotation.surfaces["BM"][0] == 64).all()
    labels = eye.annotation.masks.labels[0]
    assert (labels[0:2, 0:2] == 5).all()
    assert np.count_nonzero(labels == 2) == labels.size - 4
    assert np.isnan(eye.annotation.confidence[RPE, 0, 5:12]).all()
    assert (eye.annotation.confidence[RPE, 0, 12:] == 1).all()


def test_where_a_stroke_and_a_prediction_adopted_meanwhile_cross_the_stroke_wins() -> None:
    eye = session()
    eye.annotation.surfaces.values[:, 0] = np.nan
    draft = eye.draft(0)
    draft.curves[RPE, 5:12] = 60
    eye.adopt(proposal(0, {"EZ": 40, "BM": 50}))
    eye.commit(draft, "pen", "Pen on RPE")
    assert not order_violations(eye.annotation.surfaces.values[:, 0]).any()
    assert (eye.annotation.surfaces["RPE"][0, 5:12] == 60).all()
    assert (eye.annotation.surfaces["BM"][0, 5:12] == 60).all()
    assert (eye.annotation.surfaces["BM"][0, 12:] == 50).all()
    assert (eye.annotation.surfaces["EZ"][0] == 40).all()


def test_undo_and_redo_go_across_b_scans_and_say_where() -> None:
    eye = session()
    start = state_of(eye.annotation)
    heard: list[Change] = []
    eye.changed.connect(heard.append)
    draw(eye, 2, "RPE", 70)
    draw(eye, 0, "BM", 75)
    end = state_of(eye.annotation)
    assert eye.undo().b_scans == (0,)
    assert eye.undo().b_scans == (2,)
    assert eye.undo() is None
    assert state_of(eye.annotation) == start
    assert eye.redo().b_scans == (2,)
    assert eye.redo().b_scans == (0,)
    assert eye.redo() is None
    assert state_of(eye.annotation) == end
    kinds = [c.kind for c in heard]
    assert kinds == [EventKind.DO] * 2 + [EventKind.UNDO] * 2 + [EventKind.REDO] * 2
    assert [c.b_scans for c in heard] == [(2,), (0,), (0,), (2,), (2,), (0,)]
    assert Target.SURFACES in heard[0].targets
    assert Target.MASKS not in heard[0].targets


actions = st.lists(
    st.tuples(
        st.sampled_from(["draw", "paint", "undo", "redo", "adopt", "approve"]),
        st.integers(0, B_SCANS - 1),
        st.integers(0, len(NAMES) - 1),
        st.integers(0, HEIGHT - 1),
    ),
    max_size=12,
)


@given(actions)
@settings(max_examples=60)
def test_replaying_the_recorded_events_gives_the_same_annotation_and_history(
    steps: list[tuple[str, int, int, int]],
) -> None:
    journal = MemoryJournal()
    eye = session(journal=journal)
    for action, b, s, z in steps:
        draft = eye.draft(b)
        if action == "draw":
            draft.curves[s, z % WIDTH :] = z
            eye.commit(draft, "pen", "Pen")
        elif action == "paint":
            draft.mask[z:, s:] = s % 7
            eye.commit(draft, "brush", "Brush")
        elif action == "adopt":
            eye.adopt(proposal(b, {NAMES[s]: float(z)}, mask=z % 7))
        elif action == "approve":
            eye.set_state([b], State.APPROVED)
        elif action == "undo":
            eye.undo()
        else:
            eye.redo()
    stored = [
        Event(e.kind, decode_edit(encode_edit(e.edit)) if e.edit else None, e.author)
        for e in journal.events
    ]
    fresh = session()
    again = Session(fresh.scan, fresh.annotation, "grader", events=stored)
    assert state_of(again.annotation) == state_of(eye.annotation)
    assert [e.label for e in again.history.done] == [e.label for e in eye.history.done]
    assert [e.label for e in again.history.undone] == [e.label for e in eye.history.undone]
    while again.undo():
        pass
    assert state_of(again.annotation) == state_of(session().annotation)


def test_a_full_disk_drops_nothing_and_keeps_the_order() -> None:
    journal = FailingJournal()
    eye = session(journal=journal)
    problems: list[str] = []
    eye.save_problem_changed.connect(problems.append)
    draw(eye, 0, "RPE", 70)
    journal.full = True
    draw(eye, 1, "RPE", 71)
    eye.undo()
    draw(eye, 2, "RPE", 72)
    assert eye.save_problem == "The disk is full."
    assert [e.kind for e in eye.unsaved] == [EventKind.DO, EventKind.UNDO, EventKind.DO]
    assert (eye.annotation.surfaces["RPE"][2, 5:12] == 72).all()
    assert not eye.retry_saving()
    journal.full = False
    assert eye.retry_saving()
    assert problems == ["The disk is full.", ""]
    assert eye.unsaved == ()
    fresh = session()
    again = Session(fresh.scan, fresh.annotation, events=journal.events)
    assert state_of(again.annotation) == state_of(eye.annotation)


def test_what_waits_is_written_with_the_next_edit_or_into_another_journal() -> None:
    journal = FailingJournal()
    eye = session(journal=journal)
    journal.full = True
    draw(eye, 0, "RPE", 70)
    journal.full = False
    draw(eye, 0, "RPE", 71)
    assert len(journal.events) == 2
    assert eye.save_problem == ""
    journal.full = True
    draw(eye, 0, "RPE", 72)
    elsewhere = MemoryJournal()
    eye.use_journal(elsewhere)
    assert len(elsewhere.events) == 1
    assert eye.unsaved == ()


def test_a_failure_without_words_is_still_a_problem() -> None:
    class Silent(MemoryJournal):
        def record(self, events: Sequence[Event]) -> None:
            raise JournalError

    eye = session(journal=Silent())
    draw(eye, 0, "RPE", 70)
    assert eye.save_problem != ""


def test_approving_a_b_scan_covers_what_is_known_there_and_the_masks() -> None:
    eye = session()
    draw(eye, 0, "RPE", 70)
    eye.set_state([0, 1], State.APPROVED)
    states = eye.annotation.states
    row = eye.annotation.structures.index("RPE")
    assert states[row, 0] == states[-1, 0] == states[-1, 1] == State.APPROVED
    assert states[row, 1] == State.UNSEEN
    assert eye.annotation.b_scan_state(0) is State.APPROVED
    assert eye.set_state([0, 1], State.APPROVED) is None
    draw(eye, 0, "BM", 75)
    assert eye.annotation.b_scan_state(0) is State.EDITED
    eye.undo()
    assert eye.annotation.b_scan_state(0) is State.APPROVED


def test_a_state_can_be_set_for_chosen_structures_only() -> None:
    eye = session()
    edit = eye.set_state([1], State.APPROVED, ["ILM"])
    assert edit is not None
    assert edit.label == "Approved ILM on B-scan 2"
    assert eye.annotation.states[ILM, 1] == State.APPROVED
    assert np.count_nonzero(eye.annotation.states) == 1
    with pytest.raises(ValueError, match="not in tuple"):
        eye.set_state([1], State.APPROVED, ["no such surface"])


def test_drawing_over_an_approved_surface_marks_it_edited() -> None:
    eye = session()
    eye.set_state([1], State.APPROVED, ["RPE", "BM"])
    draw(eye, 1, "RPE", 70)
    assert eye.annotation.states[RPE, 1] == State.EDITED
    assert eye.annotation.states[BM, 1] == State.APPROVED


@given(seed=st.integers(0, 500), meanwhile=st.integers(0, 500))
@settings(max_examples=60)
def test_no_mixture_of_stroke_and_prediction_breaks_the_order(seed: int, meanwhile: int) -> None:
    eye = session(seed=seed)
    draft = eye.draft(0)
    drawn = ordered_curves(seed + 1000)
    columns = slice(seed % 30, seed % 30 + 20)
    draft.curves[:, columns] = drawn[:, columns]
    offered = ordered_curves(meanwhile + 2000)[:, None]
    eye.adopt(Proposal((0,), Surfaces(offered, NAMES), None, None, "graph", "Graph"))
    before = state_of(eye.annotation)
    if eye.commit(draft, "pen", "Pen") is not None:
        assert not order_violations(eye.annotation.surfaces.values[:, 0]).any()
        eye.undo()
    assert state_of(eye.annotation) == before
