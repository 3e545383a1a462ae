"""Full disks, read-only folders, damage: one clear sentence, and nothing lost."""

from __future__ import annotations

import errno
import itertools
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mirage_core.annotate import Session
from mirage_core.project import Project, ProjectError, ScanRecord, Trouble
from mirage_core.project.errors import trouble_of
from mirage_core.project.migrations import SCHEMA_VERSION
from mirage_core.project.store import Store
from tests.project.eyes import make_scan, same, step

SEED = 11


@pytest.fixture
def worked(project: Project, record: ScanRecord) -> Session:
    """A closed session of 20 events."""
    session = project.session(record, "grader")
    for number in range(20):
        step(session, SEED, number)
    project.close_session(session)
    return session


def limit_pages(project: Project, pages: int) -> None:
    with project._store.read() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")


def test_on_a_full_disk_a_project_opens_for_reading(
    project: Project, record: ScanRecord, worked: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.close()
    connect = Store._connect_to

    def without_room(self: Store, how: str, database: Path | None = None) -> sqlite3.Connection:
        # What SQLite says where it cannot make the -shm file that WAL connections share.
        if "immutable" in how or database is not None:
            return connect(self, how, database)
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = 4874
        raise error

    monkeypatch.setattr(Store, "_connect_to", without_room)
    with Project.open(project.folder) as full:
        assert full.read_only
        assert full.notice.startswith("The disk that holds the project is full")
        assert same(full.session(record, "grader").annotation, worked.annotation)


def test_on_a_full_disk_edits_wait_and_are_written_once_there_is_room(
    project: Project, record: ScanRecord
) -> None:
    session = project.session(record, "grader")
    step(session, SEED, 0)
    limit_pages(project, 1)
    numbers = itertools.count(1)
    while not session.save_problem:
        step(session, SEED, next(numbers))
    for _ in range(3):
        step(session, SEED, next(numbers))
    assert session.save_problem.startswith("The disk is full. Free some space")
    assert "Your last 4 edits are kept in memory" in session.save_problem
    limit_pages(project, 2**30)
    assert session.retry_saving()
    assert session.save_problem == ""
    project.close_session(session)
    again = project.session(record, "grader")
    assert same(again.annotation, session.annotation)
    assert len(again.history.done) == len(session.history.done)


def test_a_commit_that_failed_but_reached_the_disk_is_not_written_twice(
    project: Project, record: ScanRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = project.session(record, "grader")
    append = project.log.append

    def append_and_fail(*args: Any, **options: Any) -> None:
        append(*args, **options)
        raise ProjectError(project.folder, Trouble.UNREACHABLE)

    with monkeypatch.context() as shaky:
        shaky.setattr(project.log, "append", append_and_fail)
        step(session, SEED, 0)
        assert "cannot be reached" in session.save_problem
    step(session, SEED, 1)
    assert session.save_problem == ""
    project.close_session(session)
    again = project.session(record, "grader")
    assert same(again.annotation, session.annotation)
    assert project.worklist()[0].annotations[0].n_events == 2


def test_a_read_only_project_shows_everything_and_says_that_edits_are_not_kept(
    project: Project, record: ScanRecord, worked: Session
) -> None:
    with Project.open(project.folder, read_only=True) as reader:
        assert reader.notice == "The project is open for reading only. " + (
            "To work on it, open it for writing."
        )
        assert reader.verify(record)
        session = reader.session(record, "grader")
        assert same(session.annotation, worked.annotation)
        step(session, SEED, 99)
        assert session.save_problem.startswith("The project is open for reading only.")
        fresh = reader.session(record, "somebody new")
        step(fresh, SEED, 0)
        assert fresh.save_problem
        with pytest.raises(ProjectError, match="reading only"):
            reader.add_scan(make_scan(5))
    assert len(project.worklist()[0].annotations) == 1


def test_a_folder_without_write_access_is_opened_for_reading(
    project: Project, record: ScanRecord, worked: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.close()
    monkeypatch.setattr(os, "access", lambda _path, mode: mode != os.W_OK)
    with Project.open(project.folder) as reader:
        assert reader.read_only
        assert reader.notice.startswith("The project folder cannot be written to")
        assert same(reader.session(record, "grader").annotation, worked.annotation)


def test_what_a_killed_program_left_in_the_log_is_read_without_write_access(
    project: Project,
    record: ScanRecord,
    worked: Session,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A copy made while the database is open still has its write-ahead log, as after a kill.
    copy = tmp_path / "copy"
    shutil.copytree(project.folder, copy)
    assert (copy / "project.db-wal").stat().st_size > 0
    (copy / "project.db-shm").unlink()
    connect = sqlite3.connect

    def no_room_for_shared_memory(target: str, **options: Any) -> sqlite3.Connection:
        if target.endswith("?mode=ro"):
            raise sqlite3.OperationalError("unable to open database file")
        return connect(target, **options)

    monkeypatch.setattr(sqlite3, "connect", no_room_for_shared_memory)
    with Project.open(copy, read_only=True) as reader:
        assert same(reader.session(record, "grader").annotation, worked.annotation)


def test_a_project_of_a_newer_program_is_opened_for_reading(
    project: Project, record: ScanRecord, worked: Session
) -> None:
    with project._store.write() as connection:
        connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    project.close()
    with Project.open(project.folder) as reader:
        assert reader.read_only
        assert "newer version" in reader.notice
        assert same(reader.session(record, "grader").annotation, worked.annotation)


def test_a_file_that_is_no_database_is_damage_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "project.db").write_bytes(b"not a database, but long enough" * 100)
    with pytest.raises(ProjectError, match="Copy the whole folder to a safe place") as caught:
        Project.open(tmp_path)
    assert caught.value.trouble is Trouble.DAMAGED


def test_another_programs_database_is_left_as_it_is(tmp_path: Path) -> None:
    database = tmp_path / "project.db"
    connection = sqlite3.connect(database)
    connection.execute("CREATE TABLE theirs (x)")
    connection.commit()
    connection.close()
    before = database.read_bytes()
    with pytest.raises(ProjectError, match="no project"):
        Project.open(tmp_path)
    assert database.read_bytes() == before


@pytest.mark.parametrize("begun", [False, True])
def test_a_program_killed_while_creating_leaves_a_project_that_opens(
    tmp_path: Path, begun: bool
) -> None:
    (tmp_path / "project.db").touch()
    if begun:
        with closing(sqlite3.connect(tmp_path / "project.db")) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
    with Project.open(tmp_path) as project:
        assert project.add_scan(make_scan()).pseudonym == "P0001"


@pytest.mark.parametrize("column", ["payload", "crc32", "kind"])
def test_an_edit_that_cannot_be_read_is_reported_and_everything_else_is_kept(
    project: Project, record: ScanRecord, column: str
) -> None:
    session = project.session(record, "grader")
    for b in range(4):
        draft = session.draft(b)
        draft.curves[2, 10:20] = 5.0 + b
        session.commit(draft, "pen", f"Pen on B-scan {b + 1}")
    session.undo()
    project.close_session(session)
    broken = {"payload": "x'00'", "crc32": "17", "kind": "'something new'"}[column]
    with project._store.write() as connection:
        connection.exec_driver_sql("DROP TRIGGER events_keep_update")
        connection.exec_driver_sql(f"UPDATE events SET {column} = {broken} WHERE seq = 2")
    told: list[str] = []
    again = project.session(record, "grader", on_damage=told.append)
    (sentence,) = told
    assert sentence.startswith("1 edit of 5 cannot be read")
    values = again.annotation.surfaces.values
    assert values[2, 0, 10] == 5.0
    assert values[2, 2, 10] == 7.0
    assert (values[2, 1:4:2, 10] != [6.0, 8.0]).all()
    assert [e.label for e in again.history.done] == [
        "Pen on B-scan 1",
        "Pen on B-scan 2 (cannot be read)",
        "Pen on B-scan 3",
    ]
    assert again.history.done[1].b_scans == (1,)
    step(again, SEED, 0)
    assert again.save_problem == ""
    while again.undo() is not None:
        pass
    with project._store.read() as connection:
        kept = connection.exec_driver_sql("SELECT count(*) FROM events WHERE seq <= 5")
        assert kept.scalar_one() == 5


def test_a_damaged_page_of_the_database_costs_no_more_than_the_edits_on_it(
    project: Project, record: ScanRecord
) -> None:
    session = project.session(record, "grader")
    for number in range(200):
        draft = session.draft(number % record.shape[0])
        draft.curves[2, 10:40] = 1.0 + number
        session.commit(draft, "pen", f"Pen {number}")
    with project._store.read() as connection:
        payload = connection.exec_driver_sql(
            "SELECT payload FROM events WHERE seq = 100"
        ).scalar_one()
    project.close()
    database = project.folder / "project.db"
    data = bytearray(database.read_bytes())
    page = data.index(payload) // 4096
    data[page * 4096 : (page + 1) * 4096] = b"\xa5" * 4096
    database.write_bytes(data)
    with Project.open(project.folder) as damaged:
        told: list[str] = []
        again = damaged.session(record, "grader", on_damage=told.append)
        assert "cannot be read" in told[0]
        assert len(again.history.done) == 200
        lost = [e for e in again.history.done if not e.patches]
        assert 1 <= len(lost) <= 20
        assert [e.label for e in again.history.done[-50:]] == [f"Pen {n}" for n in range(150, 200)]


@pytest.mark.parametrize(
    ("number", "trouble"),
    [
        (errno.ENOSPC, Trouble.DISK_FULL),
        (errno.EACCES, Trouble.READ_ONLY),
        (errno.EROFS, Trouble.READ_ONLY),
        (errno.EIO, Trouble.UNREACHABLE),
    ],
)
def test_the_systems_refusals_are_told_in_words(number: int, trouble: Trouble) -> None:
    assert trouble_of(OSError(number, "refused")) is trouble


def test_a_folder_that_cannot_be_made_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise PermissionError(errno.EACCES, "refused")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(ProjectError, match="cannot be written to") as caught:
        Project.create(tmp_path / "study")
    assert caught.value.trouble is Trouble.READ_ONLY
