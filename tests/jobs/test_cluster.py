"""Tasks run on the nodes of a cluster as they do here: progress, cancel, errors, ends by force."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mirage_core.jobs import Job, JobCancelledError, JobState, Progress, WorkerDiedError, submit
from mirage_core.jobs.cluster import ClusterError, ClusterExecutor, NodeGoneError, _with_port
from tests.clusters import one_node
from tests.jobs import tasks
from tests.jobs.processes import alive, soon


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    with one_node() as address:
        yield address


@pytest.fixture
def executor(scheduler: str, tmp_path: Path) -> Iterator[ClusterExecutor]:
    executor = ClusterExecutor(scheduler, tmp_path)
    yield executor
    executor.shutdown(cancel_futures=True)


def test_a_task_runs_in_a_process_of_its_own_on_a_node(executor: ClusterExecutor) -> None:
    assert submit(executor, tasks.add, 2, 3).result() == 5
    one, other = (submit(executor, tasks.process_id).result() for _ in range(2))
    assert len({one, other, os.getpid()}) == 3


def test_progress_comes_through_the_shared_folder(
    executor: ClusterExecutor, tmp_path: Path
) -> None:
    seen: list[Progress] = []
    job = submit(executor, tasks.count_to, 30, 0.05, on_progress=seen.append)
    assert soon(lambda: any(tmp_path.glob("mirage-job-*/progress")))
    assert job.result() == 30
    fractions = [p.fraction for p in seen]
    assert fractions == sorted(fractions)
    assert len(set(fractions)) > 3
    assert not list(tmp_path.iterdir())


def test_what_a_task_raises_arrives(executor: ClusterExecutor) -> None:
    with pytest.raises(ValueError, match="the reason"):
        submit(executor, tasks.fail).result()


def test_a_task_that_is_asked_to_stop_does(executor: ClusterExecutor) -> None:
    job = submit(executor, tasks.count_to, 2000, 0.01)
    assert soon(lambda: job.progress().fraction > 0)
    began = time.monotonic()
    job.cancel(grace_s=60)
    with pytest.raises(JobCancelledError):
        job.result()
    assert time.monotonic() - began < 30


def test_a_task_that_does_not_hear_is_ended_by_force(
    executor: ClusterExecutor, tmp_path: Path
) -> None:
    job = submit(executor, tasks.write_id_and_sleep, str(tmp_path / "pid"))
    assert soon((tmp_path / "pid").exists)
    pid = int((tmp_path / "pid").read_text())
    job.cancel(grace_s=0.1)
    with pytest.raises(JobCancelledError):
        job.result()
    assert soon(lambda: not alive(pid))


PROGRAM = """
import sys, time
from pathlib import Path
from mirage_core.jobs.cluster import ClusterExecutor
from mirage_core.jobs import submit
from tests.jobs import tasks
submit(ClusterExecutor(sys.argv[1], Path(sys.argv[2])), tasks.write_id_and_sleep, sys.argv[3])
time.sleep(60)
"""


def test_a_program_that_is_killed_leaves_nothing_running_on_a_node(
    scheduler: str, tmp_path: Path
) -> None:
    told = tmp_path / "pid"
    program = subprocess.Popen([sys.executable, "-c", PROGRAM, scheduler, tmp_path, told])
    try:
        assert soon(lambda: told.exists() and bool(told.read_text()), within_s=60)
    finally:
        program.kill()
        program.wait()
    pid = int(told.read_text())
    assert soon(lambda: not alive(pid))


def test_a_scheduler_that_is_gone_is_told_and_holds_nobody_up(tmp_path: Path) -> None:
    with one_node() as address:
        executor = ClusterExecutor(address, tmp_path)
        job = submit(executor, tasks.count_to, 2000, 0.01)
        assert soon(lambda: job.progress().fraction > 0, within_s=60)
    job.cancel(grace_s=0.1)
    assert job.wait(30)
    began = time.monotonic()
    executor.shutdown(wait=False, cancel_futures=True)
    assert time.monotonic() - began < 30


def test_a_process_that_dies_is_told_and_takes_no_node_along(executor: ClusterExecutor) -> None:
    with pytest.raises(WorkerDiedError):
        submit(executor, tasks.die).result()
    assert submit(executor, tasks.add, 1, 1).result() == 2


def test_a_task_whose_node_dies_is_told_and_not_run_again(tmp_path: Path) -> None:
    shared, told = tmp_path / "shared", tmp_path / "pid"
    shared.mkdir()
    with one_node() as address:
        executor = ClusterExecutor(address, shared)
        job = submit(executor, tasks.write_id_and_sleep, str(told))
        assert soon(lambda: told.exists() and bool(told.read_text()), within_s=60)
        pid = int(told.read_text())
        (node,) = executor._client.run(os.getpid).values()
        os.kill(node, signal.SIGKILL)
        with pytest.raises(NodeGoneError, match="its node is gone"):
            job.result()
        assert soon(lambda: not alive(pid)), "its process ends with its node"
        assert int(told.read_text()) == pid
        assert soon(lambda: not list(shared.iterdir()))
        assert executor.idle
        executor.shutdown()


def test_a_node_that_does_not_see_the_shared_folder_says_so(scheduler: str, tmp_path: Path) -> None:
    executor = ClusterExecutor(scheduler, tmp_path / "not there")
    with pytest.raises(ClusterError, match="cannot write to") as raised:
        executor.submit(tasks.add, 1, 1).result()
    assert "the same folders" in raised.value.hint
    executor.shutdown()


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("host", "host:8786"),
        ("tcp://10.0.0.1", "tcp://10.0.0.1:8786"),
        ("tls://host", "tls://host:8786"),
        ("tcp://host:1", "tcp://host:1"),
        ("host:1", "host:1"),
        ("inproc://10.0.0.1/1/2", "inproc://10.0.0.1/1/2"),
    ],
)
def test_a_port_that_is_not_named_is_that_of_dask(given: str, meant: str) -> None:
    assert _with_port(given) == meant


def test_tls_without_a_certificate_is_said(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="asks for TLS") as raised:
        ClusterExecutor("tls://127.0.0.1:9", tmp_path, timeout_s=1)
    assert "distributed.comm.tls" in raised.value.hint


def test_the_end_is_told_once(executor: ClusterExecutor) -> None:
    ends: list[Job] = []
    job = submit(executor, tasks.add, 1, 1, on_end=ends.append)
    job.result()
    time.sleep(0.2)
    assert (ends, job.state) == ([job], JobState.FINISHED)


def test_a_cluster_that_is_not_there_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="No cluster answers at") as raised:
        ClusterExecutor("tcp://127.0.0.1:9", tmp_path, timeout_s=1)
    assert "scheduler" in raised.value.hint
