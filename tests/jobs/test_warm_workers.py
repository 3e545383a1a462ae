"""A worker that finished a task waits for the next, and never outstays what it was told."""

from __future__ import annotations

import contextlib
import mmap
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mirage_core.jobs import JobState, LocalExecutor, WorkerDiedError, memory, submit
from mirage_core.jobs.memory import resident_bytes
from tests.jobs import tasks
from tests.jobs.processes import alive, soon, state

ROOT = Path(__file__).resolve().parents[2]
MIB = 1024**2


@contextlib.contextmanager
def executor(keep_s: float = 60.0, **options: int) -> Iterator[LocalExecutor]:
    made = LocalExecutor(keep_s=keep_s, **options)
    try:
        yield made
    finally:
        made.shutdown(cancel_futures=True)


def worker_of(made: LocalExecutor) -> int:
    """Run a task that changes nothing and return the id of its process."""
    pid: int = submit(made, tasks.process_id).result()
    return pid


def test_a_worker_serves_one_task_after_another_and_keeps_what_it_loaded() -> None:
    with executor() as warm:
        calls = [submit(warm, tasks.call_number).result() for _ in range(3)]
    pid = calls[0][0]
    assert calls == [(pid, 1), (pid, 2), (pid, 3)]


def test_every_task_has_a_fresh_process_unless_told_otherwise() -> None:
    with executor(keep_s=0.0) as fresh:
        first, second = (submit(fresh, tasks.call_number).result() for _ in range(2))
        assert first[0] != second[0]
        assert second[1] == 1
        assert state(second[0]) == ""


def test_two_workers_wait_side_by_side() -> None:
    with executor(max_workers=2) as warm:
        pids = set()
        for _ in range(2):
            together = [warm.submit(tasks.id_after, 0.3) for _ in range(2)]
            pids |= {f.result() for f in together}
        assert len(pids) == 2


def test_an_idle_worker_ends_when_nothing_came() -> None:
    with executor(keep_s=0.3) as warm:
        pid = worker_of(warm)
        assert alive(pid)
        # Nothing of it stays, not even an entry in the table of processes.
        assert soon(lambda: state(pid) == "", 5.0)
        assert worker_of(warm) != pid


def test_a_worker_over_its_budget_of_memory_does_not_wait() -> None:
    with executor(keep_bytes=150 * MIB) as warm:
        pid = worker_of(warm)
        assert submit(warm, tasks.hold, MIB).result() == pid
        assert submit(warm, tasks.hold, 200 * MIB).result() == pid
        assert state(pid) == ""
        assert worker_of(warm) != pid


def test_memory_that_a_task_gave_back_does_not_count() -> None:
    with executor(keep_bytes=150 * MIB) as warm:
        pid = worker_of(warm)
        assert len(submit(warm, tasks.double, bytes(60 * MIB)).result()) == 120 * MIB
        assert worker_of(warm) == pid


def test_the_resident_set_grows_by_what_is_taken() -> None:
    before = resident_bytes()
    # Pages of its own: what earlier tests gave back may still be resident, and would be used again.
    with mmap.mmap(-1, 64 * MIB) as taken:
        for _ in range(64):
            taken.write(b"\1" * MIB)
        after = resident_bytes()
        size = len(taken)
    assert before is not None
    assert after is not None
    assert size * 0.9 < after - before < size * 1.5


def test_where_the_system_does_not_tell_the_present_the_highest_so_far_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    present = resident_bytes()
    monkeypatch.setattr(memory, "_from_proc", lambda: None)
    monkeypatch.setattr(memory, "_from_psutil", lambda: None)
    highest = resident_bytes()
    assert present is not None
    assert highest is not None
    assert present * 0.9 < highest < present + 4096 * MIB


def test_a_worker_stays_after_an_ordinary_failure(tmp_path: Path) -> None:
    with executor() as warm:
        note = tmp_path / "pid"
        with pytest.raises(ValueError):
            submit(warm, tasks.write_id_and_fail, str(note), "ValueError").result()
        assert worker_of(warm) == int(note.read_text())


@pytest.mark.parametrize("kind", ["MemoryError", "OutOfMemoryError", "group", "device", "exit"])
def test_a_worker_that_may_be_unsound_does_not_stay(tmp_path: Path, kind: str) -> None:
    with executor() as warm:
        note = tmp_path / "pid"
        failed = submit(warm, tasks.write_id_and_fail, str(note), kind)
        failed.wait()
        assert failed.state is JobState.FAILED
        assert state(int(note.read_text())) == ""
        assert worker_of(warm) != int(note.read_text())


def test_a_cancelled_task_that_stopped_by_itself_leaves_a_good_worker() -> None:
    with executor() as warm:
        pid = worker_of(warm)
        job = submit(warm, tasks.count_to, 10_000, 0.01)
        assert soon(lambda: job.progress().fraction > 0)
        job.cancel(grace_s=30.0)
        assert job.wait(20.0)
        assert job.state is JobState.CANCELLED
        assert worker_of(warm) == pid


def test_kill_ends_the_worker_of_that_task_and_no_other(tmp_path: Path) -> None:
    with executor(max_workers=3) as warm:
        notes = [tmp_path / "a", tmp_path / "b"]
        jobs = [submit(warm, tasks.write_id_and_sleep, str(note)) for note in notes]
        idle = worker_of(warm)
        assert soon(lambda: all(n.exists() and n.read_text() for n in notes))
        killed, other = (int(n.read_text()) for n in notes)
        jobs[0].cancel(grace_s=0.0)
        assert jobs[0].wait(20.0)
        assert state(killed) == ""
        assert alive(other)
        assert jobs[1].state is JobState.RUNNING
        assert worker_of(warm) == idle


def test_a_killed_task_is_not_tried_again_on_another_worker() -> None:
    with executor() as warm:
        pid = worker_of(warm)
        os.kill(pid, signal.SIGSTOP)  # it does not even take the task
        future = warm.submit(tasks.id_after, 0.0)
        assert soon(future.running)
        assert soon(lambda: warm._tasks[future].worker is not None)
        warm.kill(future)
        with pytest.raises(WorkerDiedError, match="ended before it began"):
            future.result(20.0)
        assert state(pid) == ""


def test_a_kill_before_the_worker_is_there_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    with executor() as warm:
        starting, killed = threading.Event(), threading.Event()
        popen = subprocess.Popen

        def slow_start(*args: object, **kwargs: object) -> object:
            starting.set()
            killed.wait(20.0)
            return popen(*args, **kwargs)  # type: ignore[call-overload]

        monkeypatch.setattr(subprocess, "Popen", slow_start)
        future = warm.submit(tasks.id_after, 60.0)
        assert starting.wait(20.0)
        warm.kill(future)
        killed.set()
        with pytest.raises(WorkerDiedError):
            future.result(20.0)


def test_a_task_goes_to_a_fresh_worker_when_the_idle_one_died() -> None:
    with executor() as warm:
        pid = worker_of(warm)
        os.kill(pid, signal.SIGKILL)
        assert worker_of(warm) != pid
        assert state(pid) == ""


def test_a_task_goes_to_a_fresh_worker_when_the_idle_one_dies_while_it_is_handed_over() -> None:
    with executor() as warm:
        pid = worker_of(warm)
        os.kill(pid, signal.SIGSTOP)
        future = warm.submit(tasks.double, bytes(8 * MIB), print, bool)
        assert soon(lambda: future in warm._tasks and warm._tasks[future].worker is not None)
        os.kill(pid, signal.SIGKILL)
        assert len(future.result(20.0)) == 16 * MIB


def test_a_worker_that_dies_over_its_task_is_told_and_the_task_not_repeated() -> None:
    with executor() as warm:
        worker_of(warm)
        with pytest.raises(WorkerDiedError, match="exit code 7"):
            submit(warm, tasks.die).result()
        with pytest.raises(WorkerDiedError, match="exit code 9"):
            submit(warm, tasks.die_while_answering).result()
        assert submit(warm, tasks.add, 1, 2).result() == 3


def test_shutdown_ends_idle_workers_at_once() -> None:
    warm = LocalExecutor(max_workers=2, keep_s=600.0)
    pids = {f.result() for f in [warm.submit(tasks.id_after, 0.3) for _ in range(2)]}
    assert all(map(alive, pids))
    start = time.monotonic()
    warm.shutdown()
    assert time.monotonic() - start < 2.0
    assert [state(pid) for pid in pids] == ["", ""]
    with pytest.raises(RuntimeError, match="shut down"):
        warm.submit(tasks.id_after, 0.0)


def test_a_worker_whose_task_outlived_the_shutdown_does_not_wait() -> None:
    warm = LocalExecutor(keep_s=600.0)
    future = warm.submit(tasks.id_after, 0.5)
    assert soon(future.running)
    warm.shutdown(wait=False)
    pid = future.result(20.0)
    assert soon(lambda: state(pid) == "")


def test_idle_workers_can_be_ended_while_the_executor_goes_on() -> None:
    with executor() as warm:
        pid = worker_of(warm)
        warm.end_idle_workers()
        assert state(pid) == ""
        assert worker_of(warm) != pid


def test_tasks_can_neither_read_nor_spoil_what_the_program_and_the_worker_say() -> None:
    with executor() as warm:
        assert submit(warm, tasks.read_stdin).result() == ""
        assert submit(warm, tasks.add, 2, 3).result() == 5
        assert submit(warm, tasks.add, 3, 4).result() == 7


def test_twenty_tasks_leave_no_open_file_no_thread_and_no_process() -> None:
    def held() -> tuple[int, int]:
        return len(os.listdir("/proc/self/fd")), threading.active_count()

    before = held()
    for keep_s in (60.0, 0.0):
        with executor(keep_s) as warm:
            worker_of(warm)
            after_one = held()
            for _ in range(10):
                worker_of(warm)
            assert soon(lambda expected=after_one: held() <= expected)
    assert soon(lambda: held() <= before)
    assert _children() == set()


def test_the_idle_worker_leaves_when_its_program_is_killed() -> None:
    script = (
        "import time\n"
        "from mirage_core.jobs import LocalExecutor, submit\n"
        "from tests.jobs import tasks\n"
        "warm = LocalExecutor(keep_s=600.0)\n"
        "print(submit(warm, tasks.process_id).result(), flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        pid = int(program.stdout.readline())
        assert alive(pid)
        program.kill()
    assert soon(lambda: not alive(pid))


def test_a_program_ends_without_waiting_for_its_idle_worker() -> None:
    script = (
        "from mirage_core.jobs import LocalExecutor, submit\n"
        "from tests.jobs import tasks\n"
        "warm = LocalExecutor(keep_s=600.0)\n"
        "print(submit(warm, tasks.process_id).result())\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT, capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    assert ended.returncode == 0
    assert ended.stderr == ""
    assert soon(lambda: not alive(int(ended.stdout)))


def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="keep_s is inf"):
        LocalExecutor(keep_s=float("inf"))


def _children() -> set[int]:
    children: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        # A thread listed a moment ago may have ended; what it began is its leader's by now.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            children.update(int(child) for child in (task / "children").read_text().split())
    return children


def test_threads_of_a_worker_do_not_turn_in_circles_while_they_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    with executor() as made:
        assert submit(made, tasks.variable, "OMP_WAIT_POLICY").result() == "PASSIVE"
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    with executor() as made:
        assert submit(made, tasks.variable, "OMP_WAIT_POLICY").result() == "ACTIVE"
