"""Two programs on one project: nobody's work is overwritten, nobody is locked out."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from mirage_core.project import Project, ProjectError, ScanBusyError, ScanRecord, clock
from mirage_core.project.processes import is_running, start_of
from tests.project.eyes import same, step

SEED = 3


def lease_as(project: Project, host: str, pid: int, started: str, ago: timedelta) -> None:
    """Make the lease look like one of another program."""
    beat = clock.to_text(datetime.now(UTC) - ago)
    with project._store.write() as connection:
        done = connection.exec_driver_sql(
            "UPDATE leases SET token = 'theirs', host = ?, pid = ?, started = ?, heartbeat = ?",
            (host, pid, started, beat),
        )
        assert done.rowcount == 1


def test_a_second_program_is_told_that_the_scan_is_open(
    project: Project, record: ScanRecord
) -> None:
    step(project.session(record, "grader"), SEED, 0)
    with Project.open(project.folder) as other:
        with pytest.raises(ScanBusyError, match="open in another window on this computer"):
            other.session(record, "grader")
        assert other.unfinished() == ()
        step(other.session(record, "someone else"), SEED, 0)


def test_a_closed_session_is_free_for_the_next_program(
    project: Project, record: ScanRecord
) -> None:
    session = project.session(record, "grader")
    step(session, SEED, 0)
    project.close_session(session)
    assert project.unfinished() == ()
    with Project.open(project.folder) as other:
        step(other.session(record, "grader"), SEED, 1)


def test_a_closed_session_keeps_edits_in_memory_and_says_so(
    project: Project, record: ScanRecord
) -> None:
    session = project.session(record, "grader")
    project.close_session(session)
    step(session, SEED, 0)
    assert "closed" in session.save_problem
    assert len(session.unsaved) == 1


def test_the_work_of_a_dead_program_is_offered_and_continued(
    project: Project, record: ScanRecord
) -> None:
    session = project.session(record, "grader")
    for number in range(5):
        step(session, SEED, number)
    gone = subprocess.Popen([sys.executable, "-c", "pass"])
    gone.wait()
    lease_as(project, os.uname().nodename.split(".")[0], gone.pid, "whenever", timedelta(0))
    with Project.open(project.folder) as other:
        (left,) = other.unfinished()
        assert left.scan == record
        assert left.annotation.n_events == 5
        again = other.session(left.scan, "grader", annotation_id=left.annotation.id)
        assert same(again.annotation, session.annotation)
        assert other.unfinished() == ()


def test_a_dismissed_session_is_not_offered_again_but_keeps_its_work(
    project: Project, record: ScanRecord
) -> None:
    session = project.session(record, "grader")
    step(session, SEED, 0)
    lease_as(project, os.uname().nodename.split(".")[0], 2**22 + 1, "", timedelta(0))
    (left,) = project.unfinished()
    project.dismiss(left)
    assert project.unfinished() == ()
    assert same(project.session(record, "grader").annotation, session.annotation)


def test_a_program_on_another_computer_is_respected_unless_taken_over(
    project: Project, record: ScanRecord
) -> None:
    project.session(record, "grader")
    lease_as(project, "reading-room-2", 1, "", timedelta(hours=1))
    with pytest.raises(ScanBusyError, match="reading-room-2") as caught:
        project.session(record, "grader")
    assert caught.value.host == "reading-room-2"
    step(project.session(record, "grader", take_over=True), SEED, 0)


def test_a_program_on_another_computer_is_not_taken_for_dead_however_long_it_is_silent(
    project: Project, record: ScanRecord
) -> None:
    # A clock that jumped shows the same as a program that was silent.
    project.session(record, "grader")
    lease_as(project, "reading-room-2", 1, "", timedelta(days=3650))
    assert project.unfinished() == ()
    with pytest.raises(ScanBusyError, match="last used at") as caught:
        project.session(record, "grader")
    assert caught.value.elsewhere
    step(project.session(record, "grader", take_over=True), SEED, 0)


def test_what_another_program_has_open_can_be_looked_at_as_far_as_it_is_saved(
    project: Project, record: ScanRecord
) -> None:
    session = project.session(record, "grader")
    step(session, SEED, 0)
    with Project.open(project.folder) as other:
        with pytest.raises(ScanBusyError) as caught:
            other.session(record, "grader")
        busy = caught.value
        with other.reader(busy.what, busy.hint) as reader:
            looked_at = reader.session(record, "grader", annotation_id=busy.annotation_id)
            assert same(looked_at.annotation, session.annotation)
            step(looked_at, SEED, 1)
            assert looked_at.save_problem.startswith(f"{busy.what} {busy.hint}")
        step(session, SEED, 2)
        assert session.save_problem == ""
        assert project.worklist()[0].annotations[0].n_events == 2


def test_who_is_told_that_a_scan_is_open_can_pass_it_on(
    project: Project, record: ScanRecord
) -> None:
    project.session(record, "grader")
    lease_as(project, "reading-room-2", 1, "", timedelta(hours=1))
    with pytest.raises(ScanBusyError) as caught:
        project.session(record, "grader")
    passed_on = pickle.loads(pickle.dumps(caught.value))
    assert str(passed_on) == str(caught.value)
    assert (passed_on.host, passed_on.elsewhere) == ("reading-room-2", True)
    assert passed_on.annotation_id == caught.value.annotation_id


def test_who_lost_the_scan_to_another_program_can_not_write_into_its_work(
    project: Project, record: ScanRecord
) -> None:
    first = project.session(record, "grader")
    step(first, SEED, 0)
    with Project.open(project.folder) as other:
        second = other.session(record, "grader", take_over=True)
        step(second, SEED, 1)
        step(first, SEED, 2)
        assert "opened in another program" in first.save_problem
        assert len(first.unsaved) == 1
        step(second, SEED, 3)
        assert not second.save_problem
        other.close_session(second)
        assert same(other.session(record, "grader").annotation, second.annotation)


def test_a_session_with_unsaved_edits_is_not_closed_and_later_offered_again(
    project: Project, record: ScanRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = project.session(record, "grader")
    with monkeypatch.context() as full:
        full.setattr(project.log, "append", _disk_full(project))
        step(session, SEED, 0)
        with pytest.raises(ProjectError, match=r"1 edits? .*not saved"):
            project.close_session(session)
        project.close()
    with Project.open(project.folder) as again:
        assert len(again.unfinished()) == 1


def test_processes_are_told_apart_by_more_than_their_number() -> None:
    started = start_of(os.getpid())
    assert started is not None
    assert is_running(os.getpid(), started)
    assert not is_running(os.getpid(), "another time")
    assert start_of(0) is None


def _disk_full(project: Project) -> object:
    from mirage_core.project import Trouble

    def refuse(*_args: object, **_options: object) -> None:
        raise ProjectError(project.folder, Trouble.DISK_FULL)

    return refuse
