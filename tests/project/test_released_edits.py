"""What edits changed may leave memory: it comes back from the project, or that is said."""

from __future__ import annotations

from typing import Any

import pytest

from mirage_core.annotate import Session, UnreadableEditError
from mirage_core.project import Project, ProjectError, ScanRecord, Trouble
from mirage_core.project.store import Store
from tests.project.eyes import make_scan, same, step
from tests.project.long_histories import ask, change, draw, in_memory


@pytest.mark.parametrize("budget", [0, 3000, 30000])
def test_a_small_budget_of_memory_changes_nothing_else(
    project: Project, record: ScanRecord, budget: int
) -> None:
    expected = Session(make_scan(), author="grader")
    session = project.session(record, "grader", history_bytes=budget)
    for number in range(80):
        step(session, 7, number)
        step(expected, 7, number)
        assert same(session.annotation, expected.annotation)
        assert in_memory(session) <= budget
    project.close_session(session)
    session = project.session(record, "grader", history_bytes=budget)
    assert in_memory(session) <= budget
    assert same(session.annotation, expected.annotation)
    for mine, theirs in ((session.redo, expected.redo), (session.undo, expected.undo)):
        while theirs() is not None:
            assert mine() is not None
            assert same(session.annotation, expected.annotation)
        assert mine() is None
        assert in_memory(session) <= budget


def test_opening_keeps_no_more_than_the_budget_at_any_time(
    project: Project, record: ScanRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = project.session(record, "grader")
    draw(session, 40)
    size = session.history.done[0].patches.n_bytes
    project.close_session(session)
    most = 0
    follow = Session._follow

    def watched(self: Session, event: Any) -> Any:
        nonlocal most
        done = follow(self, event)
        most = max(most, in_memory(self))
        return done

    monkeypatch.setattr(Session, "_follow", watched)
    project.session(record, "grader", history_bytes=3 * size)
    assert size < most <= 4 * size


def test_edits_that_wait_for_a_full_disk_stay_in_memory_and_can_be_undone(
    project: Project, record: ScanRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = project.session(record, "grader", history_bytes=0)
    draw(session, 2)
    with monkeypatch.context() as full:

        def refuse(*_args: Any, **_options: Any) -> None:
            raise ProjectError(project.folder, Trouble.DISK_FULL)

        full.setattr(project.log, "append", refuse)
        draw(session, 3, first=2)
        session.undo()
        kept = [edit.patches.in_memory for edit in session.history.done]
        assert kept == [False, False, True, True]
        assert session.history.undone[0].patches.in_memory
        assert len(session.unsaved) == 4
    assert session.retry_saving()
    assert in_memory(session) == 0
    project.close_session(session)
    assert same(project.session(record, "grader").annotation, session.annotation)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE events SET payload = x'00' WHERE seq = 4",
        "UPDATE events SET payload = NULL WHERE seq = 4",
        "UPDATE events SET payload = (SELECT payload FROM events WHERE seq = 3) WHERE seq = 4",
        "DELETE FROM events WHERE seq = 4",
    ],
)
def test_a_payload_damaged_since_is_an_error_in_words_and_nothing_is_done(
    project: Project, record: ScanRecord, damage: str
) -> None:
    session = project.session(record, "grader", history_bytes=0)
    draw(session, 4)
    before = session.annotation.copy()
    (kept,) = ask(project, "SELECT payload FROM events WHERE seq = 4")
    change(project, damage)
    n_events = ask(project, "SELECT count(*) FROM events")
    with pytest.raises(UnreadableEditError) as caught:
        session.undo()
    assert "cannot be read from the project" in caught.value.what
    assert "put back project.db from a backup" in caught.value.hint
    assert same(session.annotation, before)
    assert len(session.history.done) == 4
    assert ask(project, "SELECT count(*) FROM events") == n_events
    assert session.save_problem == ""
    if damage.startswith("UPDATE"):
        change(project, f"UPDATE events SET payload = x'{kept[0].hex()}' WHERE seq = 4")
        assert session.undo() is not None


def test_a_project_out_of_reach_is_said_and_undo_works_again_later(
    project: Project, record: ScanRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = project.session(record, "grader", history_bytes=0)
    draw(session, 2)
    with monkeypatch.context() as away:

        def unreachable(*_args: Any) -> Any:
            raise ProjectError(project.folder, Trouble.UNREACHABLE)

        away.setattr(Store, "read", unreachable)
        with pytest.raises(UnreadableEditError, match="Check that the drive"):
            session.undo()
    assert session.undo() is not None
    assert [e.label for e in session.history.done] == ["Pen 0"]
