"""History: undo, redo and what a new edit does to them."""

from __future__ import annotations

import pytest

from mirage_core.annotate import Edit, Event, EventKind, History


def edit(label: str) -> Edit:
    return Edit((), "test", label, "grader")


def labels(edits: list[Edit]) -> list[str]:
    return [e.label for e in edits]


def test_a_new_edit_after_an_undo_puts_what_was_undone_out_of_reach() -> None:
    history = History()
    for name in "ab":
        history.replay(Event(EventKind.DO, edit(name)))
    undone = history.replay(Event(EventKind.UNDO))
    assert undone is not None
    assert undone.label == "b"
    history.replay(Event(EventKind.DO, edit("c")))
    assert labels(history.done) == ["a", "c"]
    assert history.undone == []
    assert history.replay(Event(EventKind.REDO)) is None


def test_redo_brings_edits_back_in_the_order_they_were_done() -> None:
    history = History.from_events(
        [Event(EventKind.DO, edit(n)) for n in "abc"] + [Event(EventKind.UNDO)] * 3
    )
    assert history.done == []
    assert [history.replay(Event(EventKind.REDO)).label for _ in "abc"] == ["a", "b", "c"]


def test_undoing_nothing_does_nothing() -> None:
    history = History()
    assert history.replay(Event(EventKind.UNDO)) is None
    assert history.done == history.undone == []


def test_a_do_event_without_an_edit_is_refused() -> None:
    with pytest.raises(ValueError, match="needs its edit"):
        History().replay(Event(EventKind.DO))
