"""Programs and threads at work on one project at the same time."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mirage_core.annotate import Session
from mirage_core.project import Project, ProjectError
from tests.project.eyes import make_scan, same, step

SEED = 5


def test_strokes_go_on_while_other_threads_import_and_verify(tmp_path: Path) -> None:
    with Project.create(tmp_path / "study") as project:
        record = project.import_pixels(project.add_scan(make_scan()), make_scan())
        other = make_scan(1, (30, 64, 80))
        session = project.session(record, "grader")
        with ThreadPoolExecutor(2) as threads:
            imported = threads.submit(lambda: project.import_pixels(project.add_scan(other), other))
            verified = threads.submit(lambda: [project.verify(record) for _ in range(5)])
            for number in range(60):
                step(session, SEED, number)
            assert project.verify(imported.result())
            assert all(verified.result())
        assert session.save_problem == ""
        project.close_session(session)
        assert same(project.session(record, "grader").annotation, session.annotation)


def test_annotators_in_different_programs_lose_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    with Project.create(folder) as project:
        record = project.import_pixels(project.add_scan(make_scan()), make_scan())
    annotators = ("anna", "ben", "chloe")
    together = threading.Barrier(len(annotators))

    def work(annotator: str) -> Session:
        with Project.open(folder) as own:
            session = own.session(record, annotator)
            together.wait()
            for number in range(40):
                step(session, hash_of(annotator), number)
            assert session.save_problem == ""
        return session

    with ThreadPoolExecutor(len(annotators)) as programs:
        sessions = dict(zip(annotators, programs.map(work, annotators), strict=True))
    with Project.open(folder) as project:
        for annotator, session in sessions.items():
            assert same(project.session(record, annotator).annotation, session.annotation)


def test_a_scan_added_by_two_programs_at_once_has_one_record(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    Project.create(folder).close()
    together = threading.Barrier(4)

    def add(_number: int) -> str:
        with Project.open(folder) as own:
            together.wait()
            return own.add_scan(make_scan()).id

    with ThreadPoolExecutor(4) as programs:
        assert len(set(programs.map(add, range(4)))) == 1


@pytest.mark.parametrize("time", range(8))
def test_a_project_created_by_several_programs_at_once_is_created_once(
    tmp_path: Path, time: int
) -> None:
    folder = tmp_path / "study"
    together = threading.Barrier(4)

    def create(_number: int) -> str:
        together.wait()
        try:
            with Project.create(folder):
                return "created"
        except ProjectError:
            with Project.open(folder) as project:
                assert project.worklist() == ()
                return "opened"

    with ThreadPoolExecutor(4) as programs:
        assert sorted(programs.map(create, range(4))) == ["created", *["opened"] * 3]


def hash_of(annotator: str) -> int:
    return sum(map(ord, annotator))


_LOOKS = """
import sqlite3, sys
from contextlib import closing
with closing(sqlite3.connect(sys.argv[1])) as database:
    print(database.execute("SELECT count(*) FROM events").fetchone()[0])
"""


def another_program_looks(folder: Path) -> int:
    """Let another program open and close the database; return the events it saw."""
    done = subprocess.run(
        [sys.executable, "-c", _LOOKS, str(folder / "project.db")],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


def test_a_project_opened_twice_in_one_program_stays_in_its_hold(tmp_path: Path) -> None:
    # Where a program closes a file, the system takes all its locks on that file away. SQLite knows;
    # whoever reads project.db in another way makes another program believe that it is alone, and
    # remove the log from under this one.
    with Project.create(tmp_path / "study") as project:
        record = project.import_pixels(project.add_scan(make_scan()), make_scan())
        session = project.session(record, "grader")
        step(session, SEED, 0)
        Project.open(project.folder).close()
        Project.open(project.folder, read_only=True).close()
        assert another_program_looks(project.folder) == 1
        step(session, SEED, 1)
        assert session.save_problem == ""
        assert another_program_looks(project.folder) == 2
        assert (project.folder / "project.db-wal").exists()
