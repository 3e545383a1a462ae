"""LocalExecutor: worker processes on this computer, with the executor interface of the stdlib.

A process of its own gives all its memory back when it ends, the GPU's included, and a crash in
a driver cannot take the grader's window along. The worker is started as a module of its own, so
that it imports only what the task needs. It ends after its task, or waits a while for the next
one, which then finds libraries and weights loaded.
"""

from __future__ import annotations

import math
import pickle
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from mirage_core.jobs.worker_process import WorkerProcess

KEEP_BYTES = 4 * 1024**3
"""What a waiting worker may hold by default: the weights' budget of an engine, and libraries."""

P = ParamSpec("P")
T = TypeVar("T")


class WorkerDiedError(RuntimeError):
    """The worker process ended without an answer (killed, out of memory, driver crash)."""


class TaskFailedError(RuntimeError):
    """The task raised something that could not be sent back; the text says what."""


@dataclass(eq=False, slots=True)
class _Task:
    """One submitted call: its pickle until it runs, its worker while it runs."""

    future: Future[Any]
    content: bytes
    worker: WorkerProcess | None = None
    killed: bool = False


class LocalExecutor(Executor):
    """Runs each task in a worker process, at most `max_workers` at a time.

    Parameters
    ----------
    max_workers : int
    keep_s : float
        Seconds that a worker waits for another task before it ends; 0 gives every task a fresh
        process. A worker whose task ran out of memory, broke a device or was killed never waits.
    keep_bytes : int
        A worker that holds more of the computer's memory than this after a task ends at once.
    """

    def __init__(
        self, max_workers: int = 1, keep_s: float = 0.0, keep_bytes: int = KEEP_BYTES
    ) -> None:
        if not (math.isfinite(keep_s) and keep_s >= 0):
            raise ValueError(f"keep_s is {keep_s}; give a number of seconds, 0 to keep no worker")
        self._slots = threading.Semaphore(max_workers)
        self._keep_s = keep_s
        self._keep_bytes = keep_bytes
        self._lock = threading.Lock()
        self._tasks: dict[Future[Any], _Task] = {}
        self._idle: list[WorkerProcess] = []
        self._threads: set[threading.Thread] = set()
        self._closed = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run ``fn(*args, **kwargs)`` in a worker; everything must be picklable."""
        with self._lock:
            if self._closed:
                raise RuntimeError("this executor is shut down")
        content = pickle.dumps((fn, args, kwargs), protocol=pickle.HIGHEST_PROTOCOL)
        future: Future[T] = Future()
        task = _Task(future, content)
        thread = threading.Thread(target=self._attend, args=(task,), daemon=True)
        with self._lock:
            self._threads.add(thread)
        thread.start()
        return future

    def kill(self, future: Future[Any]) -> None:
        """End the worker of `future` at once; its result becomes WorkerDiedError."""
        with self._lock:
            task = self._tasks.get(future)
            if task is not None:
                task.killed = True
                if task.worker is not None:
                    task.worker.kill()
        if task is None:
            future.cancel()

    def end_idle_workers(self, wait: bool = True) -> None:
        """End the workers that wait for a task, and with them what they hold."""
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.kill()
        for worker in idle if wait else ():
            worker.join()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more tasks and end idle workers; with `cancel_futures`, end those that run."""
        with self._lock:
            self._closed = True
            running = list(self._tasks)
            threads = list(self._threads)
        if cancel_futures:
            for future in running:
                self.kill(future)
        self.end_idle_workers(wait)
        if wait:
            for thread in threads:
                thread.join()

    def _attend(self, task: _Task) -> None:
        future = task.future
        try:
            with self._slots:
                if not self._register(task) or not future.set_running_or_notify_cancel():
                    future.cancel()
                    return
                succeeded, value = self._run(task)
            if succeeded:
                future.set_result(value)
            else:
                future.set_exception(value)
        except BaseException as error:
            # No process could be started, or memory ran out here: whoever waits must be told.
            if future.done():
                raise
            future.set_exception(error)
        finally:
            with self._lock:
                self._tasks.pop(future, None)
                self._threads.discard(threading.current_thread())

    def _register(self, task: _Task) -> bool:
        """Make `task` known to :meth:`kill`; return False if nothing is run any more."""
        with self._lock:
            if not self._closed:
                self._tasks[task.future] = task
            return not self._closed

    def _run(self, task: _Task) -> tuple[bool, Any]:
        """Return whether `task` succeeded, and its result or what it raised."""
        begun = False
        while not begun:
            worker, fresh = self._worker_for(task)
            # A worker that died while it waited has done nothing of the task; another one will.
            begun = worker.hand_over(task.content) or fresh
        task.content = b""
        answer, stays = worker.answer()
        if not self._release(task, worker, stays):
            worker.kill()
            worker.join()
        # A worker that is killed while it answers leaves the beginning of an answer. Its exit
        # code tells nothing: it may have noticed first that the pipe to it was closed.
        if answer is None:
            return False, _worker_died(f"exit code {worker.exit_code}")
        succeeded, value = pickle.loads(answer)
        return succeeded, value

    def _worker_for(self, task: _Task) -> tuple[WorkerProcess, bool]:
        """Return a worker that is the task's from now on, and whether it was started for it."""
        with self._lock:
            if task.killed:
                raise _worker_died("ended before it began")
            if self._idle:
                task.worker = self._idle.pop()
                return task.worker, False
        worker = WorkerProcess(self._keep_s, self._keep_bytes, self._forget)
        self._assign(worker, task)
        return worker, True

    def _assign(self, worker: WorkerProcess, task: _Task) -> None:
        with self._lock:
            task.worker = worker
            if task.killed:  # while its worker was being started
                worker.kill()

    def _release(self, task: _Task, worker: WorkerProcess, stays: bool) -> bool:
        """Take `worker` from its task; return whether it waits for another from now on."""
        with self._lock:
            task.worker = None
            waits = stays and not task.killed and not self._closed
            if waits:
                self._idle.append(worker)
        return waits

    def _forget(self, worker: WorkerProcess) -> None:
        with self._lock:
            if worker in self._idle:
                self._idle.remove(worker)


def _worker_died(how: str) -> WorkerDiedError:
    return WorkerDiedError(
        f"The worker process ended without a result ({how}). "
        "Nothing was changed; try again, with fewer B-scans if memory is short."
    )
