"""Job: a task handed to an executor, with progress, time left and cancel."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from concurrent.futures import wait as wait_for
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from psygnal import Signal

from mirage_core.jobs.mailbox import Mailbox

_POLL_S = 0.05
_ESTIMATE_AFTER_S = 0.5
_ESTIMATE_FROM = 0.02


class JobState(StrEnum):
    """Where a job stands."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is: `fraction` 0..1, seconds so far, seconds left (None: too early)."""

    fraction: float
    elapsed_s: float
    left_s: float | None


class JobCancelledError(Exception):
    """The job was cancelled; there is no result."""


class Job:
    """One run of a task function elsewhere.

    Signals (emitted from a thread of the job: a GUI brings them to its own thread)
    -------
    progressed(Progress)
    ended(Job)
        Finished, failed or cancelled; emitted once.
    """

    progressed: ClassVar[Signal] = Signal(Progress)
    ended: ClassVar[Signal] = Signal(object)

    def __init__(self, executor: Executor, future: Future[Any], mailbox: Mailbox) -> None:
        self._executor = executor
        self._future = future
        self._mailbox = mailbox
        self._cancel_at: float | None = None
        self._started = time.monotonic()
        self._over = threading.Event()
        self.state = JobState.RUNNING

    def watch(self) -> None:
        """Begin to emit signals; :func:`submit` calls it once listeners can be connected."""
        threading.Thread(target=self._watch, daemon=True).start()

    def cancel(self, grace_s: float = 2.0) -> None:
        """Ask the task to stop; after `grace_s` seconds its worker is ended."""
        if self.state is JobState.RUNNING and self._cancel_at is None:
            self._cancel_at = time.monotonic() + grace_s
            self._mailbox.ask_to_stop()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the end; return whether it came in time."""
        return self._over.wait(timeout_s)

    def result(self) -> Any:
        """Wait and return what the task returned.

        Raises
        ------
        JobCancelledError
            If it was cancelled.
        Exception
            Whatever the task raised.
        """
        self.wait()
        if self.state is JobState.CANCELLED:
            raise JobCancelledError("the run was cancelled; nothing was changed")
        return self._future.result()

    def progress(self) -> Progress:
        """Return how far the job is now."""
        elapsed = time.monotonic() - self._started
        fraction = min(max(self._mailbox.fraction(), 0.0), 1.0)
        known = fraction >= _ESTIMATE_FROM and elapsed >= _ESTIMATE_AFTER_S
        return Progress(fraction, elapsed, elapsed * (1 - fraction) / fraction if known else None)

    def _watch(self) -> None:
        last = -1.0
        # A future cancelled in the queue is done() at once, but wakes waiters only later.
        while not self._future.done():
            wait_for((self._future,), timeout=_POLL_S)
            progress = self.progress()
            if progress.fraction != last and self._cancel_at is None:
                last = progress.fraction
                with _reporting():
                    self.progressed.emit(progress)
            if self._cancel_at is not None and time.monotonic() >= self._cancel_at:
                self._end_worker()
        self.state = self._final_state()
        self._mailbox.close()
        self._over.set()
        with _reporting():
            self.ended.emit(self)

    def _end_worker(self) -> None:
        kill = getattr(self._executor, "kill", None)
        if kill is not None:
            kill(self._future)
        else:
            self._future.cancel()

    def _final_state(self) -> JobState:
        # A result that arrives after the request to stop is dropped: cancelled means cancelled.
        if self._cancel_at is not None or self._future.cancelled():
            return JobState.CANCELLED
        try:
            failed = self._future.exception() is not None
        except CancelledError:
            return JobState.CANCELLED
        return JobState.FAILED if failed else JobState.FINISHED


@contextmanager
def _reporting() -> Iterator[None]:
    """Report what a listener raises and go on: a job ends whatever became of a view."""
    try:
        yield
    except Exception as error:
        threading.excepthook(
            threading.ExceptHookArgs(
                (type(error), error, error.__traceback__, threading.current_thread())
            )
        )


def submit(
    executor: Executor,
    function: Callable[..., Any],
    *args: Any,
    on_progress: Callable[[Progress], None] | None = None,
    on_end: Callable[[Job], None] | None = None,
    **kwargs: Any,
) -> Job:
    """Hand a task function to `executor`.

    Parameters
    ----------
    executor : concurrent.futures.Executor
        :class:`~mirage_core.jobs.local.LocalExecutor`,
        :class:`~mirage_core.jobs.cluster.ClusterExecutor`, or any other with the same interface.
        Where its workers see other temporary files than this program, its ``shared_folder`` is
        one that both see.
    function : callable
        Picklable; called as ``function(*args, report=…, cancelled=…, **kwargs)``.
    on_progress, on_end : callable, optional
        Connected before the first signal, so that none is missed. They are called from a
        thread of the job.

    Returns
    -------
    Job
    """
    mailbox = Mailbox(getattr(executor, "shared_folder", None))
    try:
        future = executor.submit(_run_task, mailbox, function, args, kwargs)
    except BaseException:
        mailbox.close()
        raise
    job = Job(executor, future, mailbox)
    if on_progress is not None:
        job.progressed.connect(on_progress)
    if on_end is not None:
        job.ended.connect(on_end)
    job.watch()
    return job


def _run_task(
    mailbox: Mailbox,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    return function(*args, report=mailbox.report, cancelled=mailbox.asked_to_stop, **kwargs)
