"""Many scans, some at a time, each in a worker process of its own: memory stays flat."""

from __future__ import annotations

import os
import queue
from collections.abc import Callable, Sequence
from typing import Any

from mirage_core.cli.segment_task import SegmentTask, segment_file
from mirage_core.jobs import Job, LocalExecutor, submit

Ended = Callable[[SegmentTask, dict[str, Any] | None, BaseException | None], None]
"""Told of each task: its info, or the error it ended with."""

_POLL_S = 0.2
_THREAD_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def run_batch(
    tasks: Sequence[SegmentTask],
    workers: int,
    on_progress: Callable[[float], None],
    on_end: Ended,
) -> None:
    """Run `tasks`, at most `workers` at a time; one that fails does not stop the others.

    `on_progress` is told how many tasks are done, with fractions of those that run. On Ctrl-C
    the running ones are stopped, which leaves nothing of theirs, and KeyboardInterrupt goes on.
    """
    if workers > 1:
        for name in _THREAD_LIMITS:
            os.environ.setdefault(name, "1")  # inherited by the workers; cores are shared out
    waiting = list(tasks)[::-1]
    running: dict[Job, SegmentTask] = {}
    ended: queue.Queue[Job] = queue.Queue()
    done = 0
    with LocalExecutor(workers) as executor:
        try:
            while waiting or running:
                while waiting and len(running) < workers:
                    task = waiting.pop()
                    running[submit(executor, segment_file, task, on_end=ended.put)] = task
                try:
                    job = ended.get(timeout=_POLL_S)
                except queue.Empty:
                    on_progress(done + sum(job.progress().fraction for job in running))
                    continue
                done += 1
                on_progress(done + sum(j.progress().fraction for j in running if j is not job))
                _tell(running.pop(job), job, on_end)
        except BaseException:
            for job in running:
                job.cancel()
            for job in running:
                job.wait()
            raise


def _tell(task: SegmentTask, job: Job, on_end: Ended) -> None:
    try:
        info = job.result()
    except Exception as error:
        on_end(task, None, error)
    else:
        on_end(task, info, None)
