"""Older projects are brought up to date step by step, each wholly or not at all."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection

from mirage_core.annotate import MemoryJournal, Session
from mirage_core.project import Project, ProjectError, ScanRecord, schema
from mirage_core.project.event_rows import row_of
from mirage_core.project.events import EventLog
from mirage_core.project.leases import LeaseTable
from mirage_core.project.migrations import MIGRATIONS, SCHEMA_VERSION
from mirage_core.project.scans import ScanTable
from mirage_core.project.store import DATABASE, create_store, open_store
from tests.project.eyes import make_scan, same, step


def add_column(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE scans ADD COLUMN shade TEXT NOT NULL DEFAULT 'old'")


def fill_column(connection: Connection) -> None:
    connection.exec_driver_sql("UPDATE scans SET shade = 'filled'")


def fail_half_way(connection: Connection) -> None:
    connection.exec_driver_sql("UPDATE scans SET shade = 'half'")
    connection.exec_driver_sql("UPDATE no_such_table SET x = 1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project of this version with work in it."""
    with Project.create(tmp_path / "study") as project:
        record = project.import_pixels(project.add_scan(make_scan()), make_scan())
        step(project.session(record, "grader"), 1, 0)
        return project.folder


def query(database: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(sql).fetchall()


def version(database: Path) -> object:
    return query(database, "PRAGMA user_version")[0][0]


def test_a_new_project_has_the_present_version_and_the_programs_mark(folder: Path) -> None:
    assert version(folder / DATABASE) == SCHEMA_VERSION
    assert query(folder / DATABASE, "PRAGMA application_id") == [(schema.APPLICATION_ID,)]


def test_every_missing_step_is_taken_once_and_in_order(folder: Path) -> None:
    later = (*MIGRATIONS, add_column, fill_column)
    for _ in range(2):
        open_store(folder, migrations=later).close()
        assert version(folder / DATABASE) == len(later)
        assert query(folder / DATABASE, "SELECT shade FROM scans") == [("filled",)]
    assert len(list(folder.glob("*.backup*"))) == 1


def test_the_older_project_is_kept_beside_the_migrated_one(folder: Path) -> None:
    open_store(folder, migrations=(*MIGRATIONS, add_column)).close()
    backup = folder / f"project.v{SCHEMA_VERSION}.backup.db"
    assert version(backup) == SCHEMA_VERSION
    assert query(backup, "SELECT count(*) FROM events") == [(1,)]
    assert "shade" not in str(query(backup, "SELECT sql FROM sqlite_master"))


def test_a_backup_is_never_overwritten(folder: Path) -> None:
    earlier = folder / f"project.v{SCHEMA_VERSION}.backup.db"
    earlier.write_bytes(b"precious")
    open_store(folder, migrations=(*MIGRATIONS, add_column)).close()
    assert earlier.read_bytes() == b"precious"
    assert version(folder / f"project.v{SCHEMA_VERSION}.backup2.db") == SCHEMA_VERSION


def test_a_step_that_fails_leaves_the_project_at_the_step_before(folder: Path) -> None:
    with pytest.raises(ProjectError):
        open_store(folder, migrations=(*MIGRATIONS, add_column, fail_half_way))
    assert version(folder / DATABASE) == SCHEMA_VERSION + 1
    assert query(folder / DATABASE, "SELECT shade FROM scans") == [("old",)]


def test_an_empty_database_is_version_0_and_is_migrated_without_a_backup(tmp_path: Path) -> None:
    (tmp_path / DATABASE).touch()
    open_store(tmp_path).close()
    assert version(tmp_path / DATABASE) == SCHEMA_VERSION
    assert not list(tmp_path.glob("*.backup*"))


def test_work_survives_a_migration(folder: Path) -> None:
    expected = Session(make_scan(), author="grader")
    step(expected, 1, 0)
    open_store(folder, migrations=(*MIGRATIONS, add_column)).close()
    with Project.open(folder) as newer:
        record: ScanRecord = newer.worklist()[0].scan
        assert newer.read_only
        assert same(newer.session(record, "grader").annotation, expected.annotation)


@pytest.mark.parametrize("version_before", range(1, SCHEMA_VERSION))
def test_work_in_a_project_of_every_older_version_is_kept(
    tmp_path: Path, version_before: int
) -> None:
    folder = tmp_path / "study"
    journal = MemoryJournal()
    before = Session(make_scan(), author="grader", journal=journal)
    step(before, 1, 0)
    # Not by a project, which takes for granted what the present version has.
    store = create_store(folder, migrations=MIGRATIONS[:version_before])
    record, log = ScanTable(store).add(make_scan(), "grader"), EventLog(store)
    annotation = log.annotation(record.id, "grader", make_scan(), None)
    assert annotation.id is not None
    leases = LeaseTable(store)
    token = leases.take(annotation.id, take_over=False)
    log.append(annotation.id, token, 0, [row_of(event) for event in journal.events], None)
    leases.give_back(annotation.id, token, finished=True)
    store.close()
    assert version(folder / DATABASE) == version_before
    with Project.open(folder) as project:
        assert version(folder / DATABASE) == SCHEMA_VERSION
        after = project.session(record, "grader", scan=make_scan())
        assert same(after.annotation, before.annotation)
        assert len(after.history.done) == 1
    assert version(folder / f"project.v{version_before}.backup.db") == version_before
