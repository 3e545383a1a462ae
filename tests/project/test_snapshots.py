"""Snapshots open long histories fast; one that is not sound, or of other events, is not used."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mirage_core.annotate import MemoryJournal, Session, State, UnreadableEditError
from mirage_core.project import Project, ProjectError, ScanRecord, Trouble, snapshot_keeper
from tests.project.eyes import make_scan, same, step
from tests.project.long_histories import ask, change, draw, heads, in_memory, labels


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take a snapshot after every few events."""
    monkeypatch.setattr(snapshot_keeper, "WORTH_EVENTS", 5)


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
