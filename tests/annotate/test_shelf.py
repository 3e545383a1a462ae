"""Patches leave memory within a budget and come back bit by bit; what could be lost stays."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirage_core.annotate import (
    Edit,
    MemoryJournal,
    Patch,
    Proposal,
    Session,
    Shelf,
    State,
    Target,
    UnreadableEditError,
)
from mirage_core.annotate.moment import BScanMoment
from mirage_core.annotate.revert import as_of, edits_on, reverted
from mirage_core.engines.propagate import corrections
from mirage_core.scan import Surfaces
from tests.annotate.actions import Action, actions, do
from tests.annotate.eyes import (
    B_SCANS,
    HEIGHT,
    NAMES,
    WIDTH,
    ordered_curves,
    session,
    state_of,
)
from tests.annotate.journals import BytesJournal

budgets = st.sampled_from([0, 1500, 6000, 40000])


def in_memory(eye: Session) -> int:
    """Return how many bytes of the history's durable patches are in memory."""
    edits = (*eye.history.done, *eye.history.undone)
    waiting = {id(event.edit) for event in eye.unsaved}
    return sum(e.patches.n_bytes for e in edits if e.patches.in_memory and id(e) not in waiting)


def moments(eye: Session) -> list[tuple[bytes, ...]]:
    found = []
    for n in range(len(eye.history.done) + 1):
        for b in range(B_SCANS):
            then: BScanMoment = as_of(eye.annotation, eye.history.done, n, b)
            found.append(tuple(then.array(target).tobytes() for target in Target))
    return found


def draw(eye: Session, b: int, depth: float) -> Edit:
    draft = eye.draft(b)
    draft.curves[NAMES.index("RPE"), 5:12] = depth
    edit = eye.commit(draft, "pen", "Pen on RPE")
    assert edit is not None
    return edit


@given(actions(14), budgets)
@settings(max_examples=60)
def test_a_small_budget_changes_nothing_but_the_memory(todo: list[Action], budget: int) -> None:
    roomy = session(journal=BytesJournal())
    tight = session(journal=BytesJournal(), history_bytes=budget)
    for step in todo:
        do(roomy, *step)
        do(tight, *step)
        assert state_of(tight.annotation) == state_of(roomy.annotation)
        assert in_memory(tight) <= budget
    assert moments(tight) == moments(roomy)
    assert [edits_on(tight.history, b) for b in range(B_SCANS)] == [
        edits_on(roomy.history, b) for b in range(B_SCANS)
    ]
    mine, theirs = (corrections(e.annotation, tuple(e.history.done)) for e in (tight, roomy))
    assert [(c.b, c.surface, c.deeper_px.tobytes()) for c in mine] == [
        (c.b, c.surface, c.deeper_px.tobytes()) for c in theirs
    ]
    while roomy.redo() is not None:
        assert tight.redo() is not None
    while roomy.undo() is not None:
        assert tight.undo() is not None
        assert state_of(tight.annotation) == state_of(roomy.annotation)
        assert in_memory(tight) <= budget
    assert tight.undo() is None
    while roomy.redo() is not None:
        assert tight.redo() is not None
    assert state_of(tight.annotation) == state_of(roomy.annotation)
    assert in_memory(tight) <= budget


@given(actions(14), st.lists(st.booleans(), min_size=14, max_size=14))
@settings(max_examples=40)
def test_what_waits_to_be_written_never_leaves_memory(todo: list[Action], full: list[bool]) -> None:
    journal = BytesJournal()
    eye, expected = session(journal=journal, history_bytes=0), session()
    for step, journal.full in zip(todo, full, strict=False):
        do(eye, *step)
        do(expected, *step)
        waiting = [event.edit for event in eye.unsaved if event.edit is not None]
        assert all(edit.patches.in_memory for edit in waiting)
        assert all(edit.patches.source is None for edit in waiting)
    journal.full = False
    assert eye.retry_saving()
    assert in_memory(eye) == 0
    assert state_of(eye.annotation) == state_of(expected.annotation)
    fresh = session()
    again = Session(fresh.scan, fresh.annotation, events=journal.events)
    assert state_of(again.annotation) == state_of(expected.annotation)


def test_a_journal_that_gives_nothing_back_keeps_everything_in_memory() -> None:
    eye = session(journal=MemoryJournal(), history_bytes=0)
    edits = [draw(eye, b, 70) for b in range(B_SCANS)]
    eye.undo()
    assert all(edit.patches.in_memory for edit in edits)


def test_the_patches_unused_for_the_longest_go_first() -> None:
    journal = BytesJournal()
    eye = session(journal=journal)
    size = draw(eye, 0, 70).patches.n_bytes
    eye = session(journal=journal, history_bytes=2 * size)
    first, second = draw(eye, 0, 70), draw(eye, 1, 70)
    assert first.patches[0].target is Target.SURFACES
    draw(eye, 2, 70)
    assert first.patches.in_memory
    assert not second.patches.in_memory


def test_what_redo_cannot_reach_any_more_gives_its_room_back() -> None:
    eye = session(journal=BytesJournal())
    dropped = draw(eye, 0, 70)
    eye.undo()
    assert dropped.patches.in_memory
    draw(eye, 1, 70)
    assert not dropped.patches.in_memory
    assert len(dropped.patches) == len(list(dropped.patches))


def test_what_is_light_is_known_without_reading() -> None:
    journal = BytesJournal()
    eye = session(journal=journal, history_bytes=0)
    edit = draw(eye, 2, 70)
    assert not edit.patches.in_memory
    assert (edit.b_scans, edit.label, edit.author) == ((2,), "Pen on RPE", "grader")
    assert edit.targets == {Target.SURFACES, Target.CONFIDENCE, Target.STATES}
    assert (len(edit.patches), edit.patches.n_bytes > 0, bool(edit.patches)) == (3, True, True)
    assert edits_on(eye.history, 2) == (0,)
    assert as_of(eye.annotation, eye.history.done, 0, 1)
    eye.set_state([0], State.APPROVED)
    assert journal.fetched == []


def test_looking_back_reads_only_what_touched_the_b_scan() -> None:
    journal = BytesJournal()
    eye = session(journal=journal, history_bytes=0)
    for b in range(B_SCANS):
        draw(eye, b, 70)
    as_of(eye.annotation, eye.history.done, 0, 1)
    assert journal.fetched == [1]


def test_corrections_are_found_without_reading_what_cannot_hold_any() -> None:
    journal = BytesJournal()
    eye = session(journal=journal, history_bytes=0)
    draw(eye, 0, 70)
    values = ordered_curves(9)[:, None].repeat(B_SCANS, axis=1)
    every = tuple(range(B_SCANS))
    eye.adopt(
        Proposal(every, Surfaces(values, NAMES), None, None, "graph", "Graph"), overwrite=True
    )
    draw(eye, 1, 70)
    eye.set_state([0], State.EDITED)
    found = corrections(eye.annotation, tuple(eye.history.done))
    assert [(c.b, c.surface) for c in found] == [(1, "RPE")]
    assert journal.fetched == [2, 1]


@pytest.mark.parametrize("step", ["undo", "redo"])
def test_an_edit_that_cannot_be_read_is_said_and_nothing_is_done(step: str) -> None:
    journal = BytesJournal()
    eye = session(journal=journal, history_bytes=0)
    start = state_of(eye.annotation)
    for b in range(B_SCANS):
        draw(eye, b, 70)
    if step == "redo":
        eye.undo()
    before, n_events = state_of(eye.annotation), len(journal.events)
    counts = len(eye.history.done), len(eye.history.undone)
    heard: list[object] = []
    eye.changed.connect(heard.append)
    journal.lost = {B_SCANS - 1}
    with pytest.raises(UnreadableEditError, match=r"not done\. Check that the drive") as caught:
        getattr(eye, step)()
    assert caught.value.hint == "Check that the drive is connected."
    assert state_of(eye.annotation) == before
    assert (len(eye.history.done), len(eye.history.undone)) == counts
    assert (len(journal.events), heard) == (n_events, [])
    journal.lost = set()
    assert getattr(eye, step)() is not None
    while eye.undo() is not None:
        pass
    assert state_of(eye.annotation) == start


def test_looking_back_over_an_unreadable_edit_fails_and_changes_nothing() -> None:
    journal = BytesJournal()
    eye = session(journal=journal, history_bytes=0)
    draw(eye, 0, 70)
    draw(eye, 1, 70)
    before = state_of(eye.annotation)
    journal.lost = {0}
    for look in (
        lambda: as_of(eye.annotation, eye.history.done, 0, 0),
        lambda: reverted(eye, 0, [0]),
    ):
        with pytest.raises(UnreadableEditError):
            look()
    assert state_of(eye.annotation) == before
    assert reverted(eye, 0, [1]) is not None


def test_an_edit_of_another_history_is_copied_so_that_neither_depends_on_the_other() -> None:
    theirs, mine = BytesJournal(), BytesJournal()
    theirs.full = True
    one, other = session(journal=theirs), session(journal=mine, history_bytes=0)
    edit = draw(one, 0, 70)
    copy = other.apply(edit)
    assert copy is not edit
    assert copy.time == edit.time
    assert not copy.patches.in_memory
    assert edit.patches.in_memory
    mine.lost = {0}
    theirs.full = False
    assert one.retry_saving()
    assert one.undo() is edit


def test_patches_outlive_the_session_that_kept_them() -> None:
    eye = session(journal=BytesJournal(), history_bytes=0)
    edit = draw(eye, 0, 70)
    del eye
    assert len(edit.patches.load()) == 3
    assert Shelf(10**6).held_bytes == 0


def test_threads_read_what_a_grader_draws_over_and_undoes() -> None:
    journal = BytesJournal()
    eye = session(journal=journal, history_bytes=3000)
    for n in range(40):
        draw(eye, n % B_SCANS, 60 + n / 10)
    edits = tuple(eye.history.done)
    expected = [[p.new.tobytes() for p in edit.patches] for edit in edits]
    problems: list[object] = []
    over = threading.Event()

    def read() -> None:
        while not over.is_set():
            for edit, values in zip(edits, expected, strict=True):
                if [p.new.tobytes() for p in edit.patches] != values:
                    problems.append(edit)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for n in range(60):
        draw(eye, n % B_SCANS, 50 + n / 10)
        for _ in range(n % 4):
            eye.undo()
        assert in_memory(eye) <= 3000
    over.set()
    for reader in readers:
        reader.join()
    assert problems == []
    while eye.undo() is not None:
        pass
    assert state_of(eye.annotation) == state_of(session().annotation)


def test_a_patch_too_large_for_the_whole_budget_pushes_nothing_out() -> None:
    eye = session(journal=BytesJournal(), history_bytes=20000)
    small = draw(eye, 0, 70)
    labels = np.ones((1, HEIGHT, WIDTH), np.uint8)
    patch = Patch(Target.MASKS, (0, 0, 0), 0 * labels, labels)
    large = eye.apply(Edit((patch,) * 3, "brush", "Brush", "grader"))
    assert large.patches.n_bytes > 20000
    assert (small.patches.in_memory, large.patches.in_memory) == (True, False)
