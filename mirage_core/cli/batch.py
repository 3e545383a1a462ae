"""Many scans, some at a time, in worker processes that end after a share: memory stays flat."""

from __future__ import annotations

import os
import queue
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from mirage_core.cli.segment_task import Outcome, SegmentTask, segment_files
from mirage_core.io.atomic import remove_leftovers
from mirage_core.jobs import Job, LocalExecutor, WorkerDiedError, submit

Ended = Callable[[SegmentTask, dict[str, Any] | None, BaseException | None], None]
"""Told of each task: its info, or the error it ended with."""

Share = tuple[SegmentTask, ...]
"""Tasks that one worker process does before it ends."""

_POLL_S = 0.2
_SHARE_BYTES = 16 * 1024**2
_MAX_SHARE = 32
_THREAD_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def run_batch(
    tasks: Sequence[SegmentTask],
    workers: int,
    on_progress: Callable[[float], None],
    on_end: Ended,
    cluster: str = "",
) -> None:
    """Run `tasks`, at most `workers` at a time; one that fails does not stop the others.

    With the address of a `cluster` they run there, and 0 workers are as many as it runs at a time.

    `on_progress` is told how many tasks are done, with fractions of those that run. On Ctrl-C
    the running ones are stopped, which leaves nothing of theirs, and KeyboardInterrupt goes on.
    """
    if workers > 1 and not cluster:
        for name in _THREAD_LIMITS:
            os.environ.setdefault(name, "1")  # inherited by the workers; cores are shared out
    executor: Executor
    if cluster:
        from mirage_core.jobs.cluster import ClusterExecutor

        executor = ClusterExecutor(cluster, tasks[0].target.parent)
        workers = workers or max(1, executor.n_at_a_time)
    else:
        executor = LocalExecutor(workers)
    waiting = shares(tasks, workers)[::-1]
    running: dict[Job, Share] = {}
    ended: queue.Queue[Job] = queue.Queue()
    done = 0
    with executor:
        try:
            while waiting or running:
                while waiting and len(running) < workers:
                    share = waiting.pop()
                    running[submit(executor, segment_files, share, on_end=ended.put)] = share
                try:
                    job = ended.get(timeout=_POLL_S)
                except queue.Empty:
                    part = sum(j.progress().fraction * len(s) for j, s in running.items())
                    on_progress(done + part)
                    continue
                share = running.pop(job)
                outcomes, again = _outcomes(job, share)
                waiting += again
                done += len(outcomes)
                for task, (info, error) in zip(share, outcomes, strict=False):
                    on_end(task, info, error)
                on_progress(done)
        except BaseException:
            for job in running:
                job.cancel()
            for job, share in running.items():
                job.wait()
                _clear(share)  # after a worker that was ended by force
            raise


def shares(tasks: Sequence[SegmentTask], workers: int) -> list[Share]:
    """Group `tasks` so that the start of a worker does not outweigh its work.

    A volume is a share of its own; single B-scans go together, but never so many that a
    worker stands idle.
    """
    most = max(1, min(_MAX_SHARE, len(tasks) // (2 * workers)))
    out: list[Share] = []
    share: list[SegmentTask] = []
    size = 0
    for task in tasks:
        bytes_ = _size(task.source)
        if share and (len(share) >= most or size + bytes_ > _SHARE_BYTES):
            out.append(tuple(share))
            share, size = [], 0
        share.append(task)
        size += bytes_
    if share:
        out.append(tuple(share))
    return out


def _size(path: Path) -> int:
    """Return a file's size; a folder counts as large, a file that is gone as nothing."""
    try:
        return _SHARE_BYTES if path.is_dir() else path.stat().st_size
    except OSError:
        return 0


def _clear(share: Share) -> None:
    for task in share:
        remove_leftovers(task.target)


def _outcomes(job: Job, share: Share) -> tuple[list[Outcome], list[Share]]:
    """Return what came of `share`, and what of it is to be run again, each task alone.

    When a worker dies over a share, one of its scans is to blame: alone, it fails alone.
    """
    try:
        outcomes: list[Outcome] = job.result()
    except WorkerDiedError as error:
        _clear(share)
        if len(share) > 1:
            return [], [(task,) for task in reversed(share)]
        return [(None, error)], []
    except Exception as error:
        return [(None, error)] * len(share), []
    return outcomes, []
