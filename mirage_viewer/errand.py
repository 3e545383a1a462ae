"""Errand: one task in a worker at a time, its progress and end told in the window's thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from psygnal import Signal

from mirage_viewer.background import Background

if TYPE_CHECKING:
    from mirage_core.jobs import Job, Progress


_GRACE_S = 2.0


@dataclass(frozen=True, slots=True)
class _Ends:
    """Who is told how it ended."""

    done: Callable[[Any], object]
    failed: Callable[[Exception], object]
    cancelled: Callable[[], object]


class Errand:
    """Hands a task to a worker and follows it.

    Parameters
    ----------
    background : Background
    grace_s : float
        How long a task that was cancelled may take to end by itself.

    Signals
    -------
    changed()
        Started, got on, was cancelled, or ended.
    """

    changed: ClassVar[Signal] = Signal()

    def __init__(self, background: Background, grace_s: float = _GRACE_S) -> None:
        self._background = background
        self._grace_s = grace_s
        self._job: Job | None = None
        self._ends: _Ends | None = None
        self.progress: Progress | None = None
        self.cancelling = False

    @property
    def running(self) -> bool:
        """True from start to end."""
        return self._ends is not None

    def start(
        self,
        submit: Callable[..., Job],
        done: Callable[[Any], object],
        failed: Callable[[Exception], object],
        cancelled: Callable[[], object],
    ) -> None:
        """Run what `submit` hands over; ignored while something runs.

        Parameters
        ----------
        submit : callable
            Called in the background with ``on_progress`` and ``on_end`` for
            :func:`mirage_core.jobs.submit`: handing a volume over means pickling it.
        done, failed, cancelled : callable
            One of them is called, in the window's thread.
        """
        if self.running:
            return
        self._ends = _Ends(done, failed, cancelled)
        self._job, self.progress, self.cancelling = None, None, False
        self.changed.emit()
        post = self._background.post
        self._background.run(
            lambda: submit(
                on_progress=lambda progress: post(lambda: self._progressed(progress)),
                on_end=lambda job: post(lambda: self._end(job)),
            ),
            self._started,
            self._failed,
        )

    def cancel(self) -> None:
        """Stop it; nothing of it will be used."""
        if self.running and not self.cancelling:
            self.cancelling = True
            if self._job is not None:
                self._job.cancel(self._grace_s)
            self.changed.emit()

    def close(self) -> None:
        """Stop at once, for the end of the program."""
        if self._job is not None:
            self._job.cancel(grace_s=0.0)

    def _started(self, job: Job) -> None:
        if self.running:
            self._job = job
            if self.cancelling:
                job.cancel(self._grace_s)

    def _progressed(self, progress: Progress) -> None:
        if self.running and not self.cancelling:
            self.progress = progress
            self.changed.emit()

    def _end(self, job: Job) -> None:
        from mirage_core.jobs import JobState

        if self.cancelling or job.state is JobState.CANCELLED:
            ends = self._over()
            ends.cancelled()
            return
        try:
            result = job.result()
        except Exception as error:
            self._failed(error)
            return
        ends = self._over()
        ends.done(result)

    def _failed(self, error: Exception) -> None:
        ends = self._over()
        ends.failed(error)

    def _over(self) -> _Ends:
        ends, self._ends, self._job = self._ends, None, None
        assert ends is not None
        self.changed.emit()
        return ends
