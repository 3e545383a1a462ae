"""What is large is in memory again before undo or redo come to it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from mirage_core.annotate import Edit, History, Patch, Patches, Session, Target
from tests.annotate.eyes import scan, state_of
from tests.annotate.journals import BytesJournal

SHAPE = (6, 500, 500)
LARGE = 2 * SHAPE[0] * SHAPE[1] * SHAPE[2]


def large(eye: Session, value: int) -> Edit:
    """Paint everything."""
    old = eye.annotation.masks.labels.copy()
    patch = Patch(Target.MASKS, (0, 0, 0), old, np.full_like(old, value))
    return eye.apply(Edit((patch,), "graph", "Graph", "grader"))


def small(eye: Session, value: int) -> Edit:
    old = eye.annotation.masks.labels[:1, :1, :1].copy()
    patch = Patch(Target.MASKS, (0, 0, 0), old, np.full_like(old, value))
    return eye.apply(Edit((patch,), "brush", "Brush", "grader"))


def opened(eye: Session, budget: int) -> tuple[Session, list[Edit]]:
    """Return a session that goes on where `eye` is, nothing of it in memory, and its edits."""
    edits = []
    for edit in eye.history.done:
        p = edit.patches
        assert p.source is not None
        light = Patches.stored(p.source, len(p), p.b_scans, p.targets, p.n_bytes)
        edits.append(replace(edit, patches=light))
    again = Session(eye.scan, eye.annotation, history=History(list(edits)), history_bytes=budget)
    return again, edits


def eventually(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def test_the_large_edits_that_undo_comes_to_soon_are_loaded_and_no_others() -> None:
    journal = BytesJournal()
    eye = Session(scan(*SHAPE), journal=journal, history_bytes=0)
    large(eye, 1)
    for n in range(199):
        small(eye, n % 3 + 2)
    large(eye, 5)
    small(eye, 6)
    end = state_of(eye.annotation)
    eye, edits = opened(eye, 10 * LARGE)
    far, near, last = edits[0], edits[-2], edits[-1]
    assert not near.patches.in_memory
    eye.load_ahead()
    assert eventually(lambda: near.patches.in_memory)
    assert not last.patches.in_memory
    assert not far.patches.in_memory
    eye.undo()
    eye.undo()
    assert journal.fetched.count(200) == 1
    assert eventually(lambda: far.patches.in_memory)
    eye.redo()
    eye.redo()
    assert state_of(eye.annotation) == end


def test_loading_ahead_leaves_half_of_the_budget_alone() -> None:
    journal = BytesJournal()
    eye = Session(scan(*SHAPE), journal=journal, history_bytes=0)
    for n in range(4):
        large(eye, n + 1)
    eye, edits = opened(eye, 5 * LARGE)
    eye.load_ahead()
    assert eventually(lambda: all(edit.patches.in_memory for edit in edits[2:]))
    time.sleep(0.05)
    assert not any(edit.patches.in_memory for edit in edits[:2])


def test_what_cannot_be_loaded_ahead_is_left_to_who_needs_it() -> None:
    journal = BytesJournal()
    eye = Session(scan(*SHAPE), journal=journal, history_bytes=0)
    large(eye, 1)
    eye, _ = opened(eye, 10 * LARGE)
    journal.lost = {0}
    eye.load_ahead()
    assert eventually(lambda: journal.fetched == [0])
    journal.lost = set()
    assert eye.undo() is not None
    assert not eye.annotation.masks.labels.any()
