"""Jobs run elsewhere, say how far they are, and can be cancelled."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mirage_core.jobs import (
    Job,
    JobCancelledError,
    JobState,
    LocalExecutor,
    Progress,
    TaskFailedError,
    WorkerDiedError,
    submit,
)
from tests.jobs import tasks
from tests.jobs.processes import alive, soon


@pytest.fixture
def executor() -> Iterator[LocalExecutor]:
    executor = LocalExecutor()
    yield executor
    executor.shutdown(cancel_futures=True)


def test_a_task_runs_in_another_process_and_returns_its_result(executor: LocalExecutor) -> None:
    assert submit(executor, tasks.add, 2, 3).result() == 5
    assert submit(executor, tasks.process_id).result() != os.getpid()


def test_progress_rises_to_the_end_and_tells_the_time_left(executor: LocalExecutor) -> None:
    seen: list[Progress] = []
    job = submit(executor, tasks.count_to, 30, 0.05, on_progress=seen.append)
    assert job.result() == 30
    fractions = [p.fraction for p in seen]
    assert fractions == sorted(fractions)
    assert len(set(fractions)) > 3
    assert any(p.left_s is not None and p.left_s > 0 for p in seen)


def test_end_is_told_exactly_once(executor: LocalExecutor) -> None:
    ends: list[Job] = []
    job = submit(executor, tasks.add, 1, 1, on_end=ends.append)
    job.result()
    time.sleep(0.2)
    assert ends == [job]
    assert job.state is JobState.FINISHED


def test_cancel_stops_a_cooperative_task(executor: LocalExecutor) -> None:
    job = submit(executor, tasks.count_to, 10_000, 0.01)
    time.sleep(0.3)
    job.cancel(grace_s=30.0)
    assert job.wait(20.0)
    assert job.state is JobState.CANCELLED
    with pytest.raises(JobCancelledError):
        job.result()


def test_cancel_ends_a_deaf_task_after_the_grace_period(executor: LocalExecutor) -> None:
    job = submit(executor, tasks.ignore_cancel, 120.0)
    time.sleep(0.3)
    job.cancel(grace_s=0.2)
    assert job.wait(20.0)
    assert job.state is JobState.CANCELLED


def test_a_job_that_waits_for_a_free_worker_can_be_cancelled(executor: LocalExecutor) -> None:
    first = submit(executor, tasks.count_to, 10_000, 0.01)
    second = submit(executor, tasks.add, 1, 1)
    second.cancel(grace_s=0.1)
    assert second.wait(20.0)
    assert second.state is JobState.CANCELLED
    assert first.state is JobState.RUNNING
    first.cancel()


def test_an_exception_of_the_task_arrives(executor: LocalExecutor) -> None:
    job = submit(executor, tasks.fail)
    with pytest.raises(ValueError, match="the reason"):
        job.result()
    assert job.state is JobState.FAILED


def test_an_exception_that_cannot_travel_arrives_as_text(executor: LocalExecutor) -> None:
    with pytest.raises(TaskFailedError, match="LocalError: cannot travel"):
        submit(executor, tasks.fail_unpicklably).result()


def test_a_dead_worker_is_told_in_a_sentence(executor: LocalExecutor) -> None:
    with pytest.raises(WorkerDiedError, match=r"ended without a result \(exit code 7\)"):
        submit(executor, tasks.die).result()


def test_a_worker_that_dies_while_it_answers_is_told_too(executor: LocalExecutor) -> None:
    with pytest.raises(WorkerDiedError, match="exit code 9"):
        submit(executor, tasks.die_while_answering).result()


def test_a_worker_that_cannot_be_started_ends_the_job(
    executor: LocalExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(Path("no") / "such" / "python"))
    job = submit(executor, tasks.add, 1, 1)
    assert job.wait(10)
    assert job.state is JobState.FAILED
    with pytest.raises(OSError):
        job.result()


def test_a_listener_that_fails_does_not_hold_up_the_end(
    executor: LocalExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def view_is_gone(_progress: Progress) -> None:
        raise RuntimeError

    reported: list[object] = []
    monkeypatch.setattr(threading, "excepthook", reported.append)
    ends: list[Job] = []
    job = submit(executor, tasks.count_to, 5, 0.02, on_progress=view_is_gone, on_end=ends.append)
    assert job.wait(10)
    assert job.result() == 5
    assert reported


def test_any_executor_of_the_standard_interface_will_do() -> None:
    with ThreadPoolExecutor(1) as pool:
        job = submit(pool, tasks.count_to, 5, 0.01)
        assert job.result() == 5
        deaf = submit(pool, tasks.count_to, 10_000, 0.01)
        deaf.cancel()
        assert deaf.wait(20.0)
        assert deaf.state is JobState.CANCELLED


def test_the_worker_leaves_when_its_program_is_killed(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    script = (
        "import time\n"
        "from mirage_core.jobs import LocalExecutor, submit\n"
        "from tests.jobs import tasks\n"
        f"submit(LocalExecutor(), tasks.write_id_and_sleep, {str(note)!r})\n"
        "time.sleep(60)\n"
    )
    root = Path(__file__).resolve().parents[2]
    program = subprocess.Popen([sys.executable, "-c", script], cwd=root)
    try:
        assert soon(lambda: note.exists() and note.read_text() != "")
    finally:
        program.kill()
        program.wait()
    worker = int(note.read_text())
    assert soon(lambda: not alive(worker))
