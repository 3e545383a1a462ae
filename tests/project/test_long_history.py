"""Edits that left memory come back from the project; snapshots open long histories, and no more."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mirage_core.annotate import MemoryJournal, Session, State, UnreadableEditError
from mirage_core.project import Project, ProjectError, ScanRecord, Trouble, snapshot_keeper
from mirage_core.project.store import Store
from tests.project.eyes import make_scan, same, step


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "study") as project:
        project.import_pixels(project.add_scan(make_scan()), make_scan())
        yield project


@pytest.fixture
def record(project: Project) -> ScanRecord:
    return project.worklist()[0].scan


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take a snapshot after every few events."""
    monkeypatch.setattr(snapshot_keeper, "WORTH_EVENTS", 5)


def change(project: Project, sql: str) -> None:
    """Change what the program itself never changes."""
    with closing(sqlite3.connect(project.folder / "project.db")) as connection:
        connection.execute("DROP TRIGGER IF EXISTS events_keep_update")
        connection.execute("DROP TRIGGER IF EXISTS events_keep_delete")
        connection.execute(sql)
        connection.commit()


def ask(project: Project, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(project.folder / "project.db")) as connection:
        return connection.execute(sql).fetchall()


def draw(session: Session, n: int, first: int = 0) -> None:
    for number in range(first, first + n):
        draft = session.draft(number % 6)
        draft.curves[2, 10:20] = 5.0 + number
        assert session.commit(draft, "pen", f"Pen {number}") is not None


def labels(session: Session) -> tuple[list[str], list[str]]:
    history = session.history
    return [e.label for e in history.done], [e.label for e in history.undone]


def heads(session: Session) -> list[tuple[object, ...]]:
    return [
        (e.tool, e.label, e.author, e.time, e.model_sha256, e.b_scans, e.targets, len(e.patches))
        for e in (*session.history.done, *session.history.undone)
    ]


def in_memory(session: Session) -> int:
    edits = (*session.history.done, *session.history.undone)
    return sum(edit.patches.n_bytes for edit in edits if edit.patches.in_memory)


# ---------------------------------------------------------------- patches that left memory


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


# ---------------------------------------------------------------- snapshots


def opened_at(project: Project) -> int:
    """Return up to which event there is a snapshot; 0 without one."""
    found = ask(project, "SELECT seq FROM snapshots")
    return found[0][0] if found else 0


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("seed", range(4))
def test_work_opened_from_a_snapshot_is_the_work_replayed(
    project: Project, record: ScanRecord, seed: int
) -> None:
    expected = Session(make_scan(), author="grader")
    n_done = used = 0
    for n_steps in (3, 9, 2, 14, 1, 6, 0, 11):
        session = project.session(record, "grader", history_bytes=4000)
        used += opened_at(project) > 0
        assert same(session.annotation, expected.annotation)
        assert labels(session) == labels(expected)
        assert [h[:3] + h[4:] for h in heads(session)] == [h[:3] + h[4:] for h in heads(expected)]
        for number in range(n_done, n_done + n_steps):
            step(session, seed, number)
            step(expected, seed, number)
        n_done += n_steps
        project.close_session(session)
    assert used == 6
    session = project.session(record, "grader")
    for mine, theirs in ((session.redo, expected.redo), (session.undo, expected.undo)):
        while theirs() is not None:
            assert mine() is not None
            assert same(session.annotation, expected.annotation)
        assert mine() is None
    assert same(session.annotation, Session(make_scan()).annotation)


@pytest.mark.usefixtures("eager")
def test_heads_from_a_snapshot_are_those_of_the_edits(project: Project, record: ScanRecord) -> None:
    session = project.session(record, "grader")
    for number in range(30):
        step(session, 3, number)
    expected = heads(session), [e.patches.n_bytes for e in session.history.done]
    project.close_session(session)
    assert opened_at(project) == 30
    session = project.session(record, "grader")
    assert in_memory(session) == 0
    assert (heads(session), [e.patches.n_bytes for e in session.history.done]) == expected


def test_a_short_history_has_no_snapshot_and_a_long_one_has(
    project: Project, record: ScanRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = project.session(record, "grader")
    draw(session, 12)
    project.close_session(session)
    assert opened_at(project) == 0
    monkeypatch.setattr(snapshot_keeper, "WORTH_EVENTS", 12)
    project.close_session(project.session(record, "grader"))
    assert opened_at(project) == 12
    session = project.session(record, "grader")
    draw(session, 11, first=12)
    project.close_session(session)
    assert opened_at(project) == 12
    session = project.session(record, "grader")
    draw(session, 1, first=23)
    project.close_session(session)
    assert opened_at(project) == 24


def test_few_edits_that_change_much_are_worth_a_snapshot_when_they_are_opened(
    project: Project, record: ScanRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot_keeper, "WORTH_BYTES", 3000)
    session = project.session(record, "grader")
    draw(session, 3)
    project.close_session(session)
    assert opened_at(project) == 0
    project.close_session(project.session(record, "grader"))
    assert opened_at(project) == 3


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE snapshots SET content = x'00'",
        "UPDATE snapshots SET content = zeroblob(length(content))",
        "UPDATE snapshots SET content = substr(content, 1, length(content) - 1)",
        "UPDATE snapshots SET seq = 11",
        "UPDATE snapshots SET seq = 13",
        "UPDATE snapshots SET sha256 = ''",
        "DELETE FROM events WHERE seq = 12",
        "UPDATE events SET kind = 'undo' WHERE seq = 7",
        "DROP TABLE snapshots",
    ],
)
def test_a_snapshot_that_is_not_sound_or_not_of_these_events_is_not_used(
    project: Project, record: ScanRecord, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    session = project.session(record, "grader")
    draw(session, 12)
    project.close_session(session)
    assert opened_at(project) == 12
    change(project, damage)
    monkeypatch.setattr(snapshot_keeper, "WORTH_EVENTS", 10**6)
    found = project.session(record, "grader")
    assert found.history.done[0].patches.in_memory
    if "events" in damage:
        change(project, "DELETE FROM snapshots")
    else:
        assert same(found.annotation, session.annotation)
        assert labels(found) == labels(session)
    project.close_session(found)
    replayed = project.session(record, "grader")
    assert same(found.annotation, replayed.annotation)
    assert labels(found) == labels(replayed)


@pytest.mark.usefixtures("eager")
def test_every_flipped_bit_of_a_snapshot_is_noticed(
    project: Project, record: ScanRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = project.session(record, "grader")
    for number in range(12):
        step(session, 2, number)
    project.close_session(session)
    monkeypatch.setattr(snapshot_keeper, "WORTH_EVENTS", 10**6)
    ((content,),) = ask(project, "SELECT content FROM snapshots")
    for place in np.random.default_rng(0).integers(len(content) * 8, size=12).tolist():
        broken = bytearray(content)
        broken[place // 8] ^= 1 << place % 8
        change(project, f"UPDATE snapshots SET content = x'{broken.hex()}'")
        found = project.session(record, "grader")
        assert found.history.done[0].patches.in_memory
        assert same(found.annotation, session.annotation)
        project.close_session(found)


@pytest.mark.usefixtures("eager")
def test_a_snapshot_of_another_annotation_is_not_used(project: Project, record: ScanRecord) -> None:
    sessions = []
    for author in ("anna", "ben"):
        session = project.session(record, author)
        draw(session, 8, first=len(sessions))
        project.close_session(session)
        sessions.append(session)
    change(
        project,
        "UPDATE snapshots SET content = o.content, sha256 = o.sha256 FROM snapshots AS o "
        "WHERE snapshots.annotation = 1 AND o.annotation = 2",
    )
    assert same(project.session(record, "anna").annotation, sessions[0].annotation)


@pytest.mark.usefixtures("eager")
def test_an_edit_in_a_snapshot_that_is_damaged_since_keeps_its_effect_and_is_told(
    project: Project, record: ScanRecord
) -> None:
    session = project.session(record, "grader")
    draw(session, 8)
    project.close_session(session)
    change(project, "UPDATE events SET payload = x'00' WHERE seq = 8")
    told: list[str] = []
    again = project.session(record, "grader", on_damage=told.append)
    assert told == [
        "1 edit of 8 cannot be read any more: what they changed is here, but cannot be undone. "
        "Copy the project folder to a safe place."
    ]
    assert same(again.annotation, session.annotation)
    with pytest.raises(UnreadableEditError):
        again.undo()
    draw(again, 6, first=8)
    project.close_session(again)
    assert opened_at(project) == 14
    assert same(project.session(record, "grader").annotation, again.annotation)


@pytest.mark.usefixtures("eager")
def test_work_with_an_edit_that_was_left_out_gets_no_snapshot(
    project: Project, record: ScanRecord
) -> None:
    session = project.session(record, "grader")
    draw(session, 4)
    project.close_session(session)
    change(project, "UPDATE events SET payload = x'00' WHERE seq = 2")
    session = project.session(record, "grader")
    draw(session, 8, first=4)
    project.close_session(session)
    assert opened_at(project) == 0


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("elsewhere", ["edit", "undo"])
def test_what_a_session_did_outside_of_the_project_is_in_no_snapshot(
    project: Project, record: ScanRecord, elsewhere: str
) -> None:
    session = project.session(record, "grader")
    draw(session, 8)
    recorded = session.annotation.copy()
    session.use_journal(MemoryJournal())
    if elsewhere == "edit":
        draw(session, 1, first=8)
    else:
        session.undo()
    project.close_session(session)
    assert opened_at(project) == 0
    assert same(project.session(record, "grader").annotation, recorded)


@pytest.mark.usefixtures("eager")
def test_edits_that_could_not_be_saved_are_in_no_snapshot(
    project: Project, record: ScanRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = project.session(record, "grader")
    draw(session, 8)
    recorded = session.annotation.copy()
    with monkeypatch.context() as full:

        def refuse(*_args: Any, **_options: Any) -> None:
            raise ProjectError(project.folder, Trouble.DISK_FULL)

        full.setattr(project.log, "append", refuse)
        draw(session, 1, first=8)
        project.close()
    with Project.open(project.folder) as again:
        assert opened_at(again) == 0
        assert same(again.session(record, "grader").annotation, recorded)


@pytest.mark.usefixtures("eager")
def test_a_snapshot_that_cannot_be_written_is_missed_by_nobody(
    project: Project, record: ScanRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = project.session(record, "grader")
    draw(session, 8)
    with monkeypatch.context() as full:

        def refuse(*_args: Any) -> None:
            raise ProjectError(project.folder, Trouble.DISK_FULL)

        full.setattr(snapshot_keeper, "is_held", refuse)
        project.close_session(session)
    assert opened_at(project) == 0
    assert same(project.session(record, "grader").annotation, session.annotation)


@pytest.mark.usefixtures("eager")
def test_who_lost_the_annotation_to_another_program_writes_no_snapshot(
    project: Project, record: ScanRecord
) -> None:
    session = project.session(record, "grader")
    draw(session, 8)
    with Project.open(project.folder) as other:
        theirs = other.session(record, "grader", take_over=True)
        assert opened_at(project) == 8
        draw(theirs, 2, first=8)
        change(project, "DELETE FROM snapshots")
        project.close_session(session)
        assert opened_at(project) == 0


@pytest.mark.usefixtures("eager")
def test_a_project_opened_for_reading_uses_a_snapshot_and_writes_none(
    project: Project, record: ScanRecord
) -> None:
    session = project.session(record, "grader")
    draw(session, 8)
    session.set_state([1], State.APPROVED)
    project.close_session(session)
    content = ask(project, "SELECT * FROM snapshots")
    with Project.open(project.folder, read_only=True) as reader:
        found = reader.session(record, "grader")
        assert not found.history.done[0].patches.in_memory
        assert same(found.annotation, session.annotation)
        (row,) = reader.worklist()
    change(project, "DELETE FROM snapshots")
    with Project.open(project.folder, read_only=True) as reader:
        assert same(reader.session(record, "grader").annotation, session.annotation)
    assert ask(project, "SELECT * FROM snapshots") == []
    assert len(content) == len(row.annotations) == 1
