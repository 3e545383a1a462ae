"""Work is done again in another session, also where its single steps cannot be read any more."""

from __future__ import annotations

import threading
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirage_core.annotate import (
    Annotation,
    Edit,
    Patch,
    Session,
    State,
    Target,
    UnreadableEditError,
)
from mirage_core.annotate.copying import TOOL, copy_edits
from tests.annotate.eyes import B_SCANS, HEIGHT, NAMES, WIDTH, session, state_of
from tests.annotate.journals import BytesJournal


def worked(lost: Iterable[int] = ()) -> tuple[Session, BytesJournal]:
    """Return a session of nine edits, those with the numbers `lost` unreadable."""
    journal = BytesJournal()
    eye = session(journal=journal, history_bytes=0)
    for n in range(3):
        draft = eye.draft(n % B_SCANS)
        draft.curves[NAMES.index("RPE"), 5 + n : 20] = 60 + n
        assert eye.commit(draft, "pen", f"Pen {n}") is not None
        draft = eye.draft(n % B_SCANS)
        draft.mask[10 + n : 20, 5:30] = 3 + n
        assert eye.commit(draft, "brush", f"Brush {n}") is not None
        assert eye.set_state([n % B_SCANS], State.APPROVED) is not None
    journal.lost = set(lost)
    return eye, journal


def labels(edits: Iterable[Edit]) -> list[str]:
    return [edit.label for edit in edits]


def test_every_edit_is_copied_with_its_author_and_time() -> None:
    eye, _ = worked()
    copy = session(journal=BytesJournal())
    copy.author = "somebody else"
    copy_edits(eye, eye.history.done, copy)
    assert state_of(copy.annotation) == state_of(eye.annotation)
    assert [(e.label, e.author, e.time) for e in copy.history.done] == [
        (e.label, e.author, e.time) for e in eye.history.done
    ]


@given(st.sets(st.integers(0, 8), max_size=4))
def test_what_cannot_be_read_loses_single_steps_but_no_work(lost: set[int]) -> None:
    eye, _ = worked(lost)
    done = labels(eye.history.done)
    copy = session()
    start = state_of(copy.annotation)
    copy_edits(eye, tuple(eye.history.done), copy)
    assert state_of(copy.annotation) == state_of(eye.annotation)
    if lost:
        first, end = min(lost), max(lost) + 1
        found = labels(copy.history.done)
        assert found[:first] == done[:first]
        assert found[len(found) - (9 - end) :] == done[end:]
        (bridge,) = copy.history.done[first : len(found) - (9 - end)]
        assert (bridge.tool, bridge.author) == (TOOL, "grader")
        assert bridge.label.startswith(f"{end - first} changes as one")
    while copy.undo() is not None:
        pass
    assert state_of(copy.annotation) == start


def test_edits_made_since_are_not_copied() -> None:
    eye, _ = worked(lost={1})
    edits, then = tuple(eye.history.done), state_of(eye.annotation)
    eye.set_state([0], State.EDITED)
    copy = session()
    copy_edits(eye, edits, copy)
    assert state_of(copy.annotation) == then


def test_edits_undone_since_are_said_where_something_cannot_be_read() -> None:
    eye, _ = worked(lost={1})
    edits = tuple(eye.history.done)
    eye.undo()
    with pytest.raises(UnreadableEditError, match="undone meanwhile"):
        copy_edits(eye, edits, session())


def test_a_moment_taken_while_a_grader_works_is_never_half_an_edit() -> None:
    eye = session()
    start = state_of(eye.annotation)
    found: list[tuple[Annotation, tuple[Edit, ...]]] = []
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            found.append(eye.moment())

    looking = threading.Thread(target=look)
    looking.start()
    labels = np.zeros((B_SCANS, HEIGHT, WIDTH), np.uint8)
    for n in range(200):
        old = eye.annotation.masks.labels.copy()
        patches = [
            Patch(Target.MASKS, (b, 0, 0), old[b : b + 1], labels[b : b + 1] + n % 7)
            for b in range(B_SCANS)
        ]
        eye.apply(Edit(patches, "brush", "Brush", "grader"))
        if n % 3 == 0:
            eye.undo()
    over.set()
    looking.join()
    assert found
    for annotation, edits in found:
        for edit in reversed(edits):
            edit.revert(annotation)
        assert state_of(annotation) == start
