"""LocalExecutor: one fresh worker process per task, with the executor interface of the stdlib.

A process per task gives all its memory back, the GPU's included, and a crash in a driver
cannot take the grader's window along. The worker is started as a module of its own, so that it
imports only what the task needs.
"""

from __future__ import annotations

import contextlib
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import IO, Any, ParamSpec, TypeVar

SIZE_BYTES = 8
"""Length of the size, little endian, before what goes through a pipe."""

P = ParamSpec("P")
T = TypeVar("T")


class WorkerDiedError(RuntimeError):
    """The worker process ended without an answer (killed, out of memory, driver crash)."""


class TaskFailedError(RuntimeError):
    """The task raised something that could not be sent back; the text says what."""


class LocalExecutor(Executor):
    """Runs each task in a process of its own, at most `max_workers` at a time."""

    def __init__(self, max_workers: int = 1) -> None:
        self._slots = threading.Semaphore(max_workers)
        self._lock = threading.Lock()
        self._processes: dict[Future[Any], subprocess.Popen[bytes]] = {}
        self._threads: set[threading.Thread] = set()
        self._closed = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run ``fn(*args, **kwargs)`` in a worker; everything must be picklable."""
        with self._lock:
            if self._closed:
                raise RuntimeError("this executor is shut down")
        task = pickle.dumps((fn, args, kwargs), protocol=pickle.HIGHEST_PROTOCOL)
        future: Future[T] = Future()
        thread = threading.Thread(target=self._attend, args=(future, task), daemon=True)
        with self._lock:
            self._threads.add(thread)
        thread.start()
        return future

    def kill(self, future: Future[Any]) -> None:
        """End the worker of `future` at once; its result becomes WorkerDiedError."""
        with self._lock:
            process = self._processes.get(future)
        if process is not None:
            process.kill()
        else:
            future.cancel()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more tasks; with `cancel_futures`, end those that run."""
        with self._lock:
            self._closed = True
            running = list(self._processes)
            threads = list(self._threads)
        if cancel_futures:
            for future in running:
                self.kill(future)
        if wait:
            for thread in threads:
                thread.join()

    def _attend(self, future: Future[Any], task: bytes) -> None:
        try:
            with self._slots:
                if self._closed or not future.set_running_or_notify_cancel():
                    future.cancel()
                    return
                self._run(future, task)
        except BaseException as error:
            # No process could be started, or memory ran out here: whoever waits must be told.
            if future.done():
                raise
            future.set_exception(error)
        finally:
            with self._lock:
                self._processes.pop(future, None)
                self._threads.discard(threading.current_thread())

    def _run(self, future: Future[Any], task: bytes) -> None:
        process = subprocess.Popen(
            [sys.executable, "-m", "mirage_core.jobs.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        with self._lock:
            self._processes[future] = process
        assert process.stdin is not None
        assert process.stdout is not None
        answer = b""
        # The pipe to the worker stays open until it has answered: its end tells the worker
        # that this program is gone. A worker that died early breaks the pipe.
        with contextlib.suppress(OSError):
            send(process.stdin, task)
            answer = process.stdout.read()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()
        code = process.wait()
        # A worker that is killed while it answers leaves the beginning of an answer. Its exit
        # code tells nothing: it may have noticed first that the pipe to it was closed.
        size, content = answer[:SIZE_BYTES], memoryview(answer)[SIZE_BYTES:]
        if len(size) < SIZE_BYTES or len(content) != int.from_bytes(size, "little"):
            future.set_exception(
                WorkerDiedError(
                    f"The worker process ended without a result (exit code {code}). "
                    "Nothing was changed; try again, with fewer B-scans if memory is short."
                )
            )
            return
        succeeded, value = pickle.loads(content)
        if succeeded:
            future.set_result(value)
        else:
            future.set_exception(value)


def send(pipe: IO[bytes], content: bytes) -> None:
    """Write `content` with its size before it, so that what was cut short can be told."""
    pipe.write(len(content).to_bytes(SIZE_BYTES, "little"))
    pipe.write(content)
    pipe.flush()
