"""One segmentation at a time, run by a job; its result goes to the session it was started for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from psygnal import Signal

from mirage_viewer.background import Background
from mirage_viewer.messages import Level, Message, from_error
from mirage_viewer.opening import OpenScan

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from mirage_core.annotate import Edit, PreparedAdoption, Proposal
    from mirage_core.jobs import Job, Progress

_CANCELLED = Message("Segmentation cancelled; nothing was changed.", topic="segment")


class Segmentation:
    """Starts an engine elsewhere, follows it, adopts its proposal as one edit.

    Parameters
    ----------
    background : Background
    executor : Executor, optional
        A local worker process by default, made at the first run.
    task : callable, optional
        What the worker runs, :func:`mirage_core.jobs.segment_scan` by default.

    Signals
    -------
    changed()
        Started, got on, or ended.
    said(Message)
    ended(OpenScan)
        Whatever the outcome; all of it is in the session by then.
    """

    changed: ClassVar[Signal] = Signal()
    said: ClassVar[Signal] = Signal(Message)
    ended: ClassVar[Signal] = Signal(object)

    def __init__(
        self,
        background: Background,
        executor: Executor | None = None,
        task: Callable[..., Proposal] | None = None,
    ) -> None:
        self._background = background
        self._executor = executor
        self._task = task
        self._job: Job | None = None
        self._cancelled = False
        self._overwrite = False
        self.target: OpenScan | None = None
        self.b_scans: tuple[int, ...] | None = None
        self.progress: Progress | None = None

    @property
    def running(self) -> bool:
        """True from start to end."""
        return self.target is not None

    @property
    def cancelling(self) -> bool:
        """True while a cancelled run winds down."""
        return self.running and self._cancelled

    def start(
        self,
        target: OpenScan,
        engine: str,
        b_scans: tuple[int, ...] | None = None,
        *,
        overwrite: bool = False,
    ) -> None:
        """Run `engine` on `b_scans` of `target`, all by default; ignored while one runs."""
        if self.running:
            return
        self.target, self.b_scans, self._overwrite = target, b_scans, overwrite
        self._cancelled, self.progress, self._job = False, None, None
        self.changed.emit()
        scan = target.scan
        # Handing a volume over means pickling it, which is too long for the window's thread.
        self._background.run(lambda: self._submit(scan, engine), self._started, self._fail)

    def cancel(self) -> None:
        """Stop the run; nothing of it will be used."""
        if self.running and not self._cancelled:
            self._cancelled = True
            if self._job is not None:
                self._job.cancel()
            self.changed.emit()

    def close(self) -> None:
        """Stop at once, for the end of the program."""
        if self._job is not None:
            self._job.cancel(grace_s=0.0)
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)

    def _submit(self, scan: object, engine: str) -> Job:
        from mirage_core.jobs import LocalExecutor, segment_scan, submit

        if self._executor is None:
            self._executor = LocalExecutor()
        return submit(
            self._executor,
            self._task or segment_scan,
            scan,
            engine,
            b_scans=self.b_scans,
            on_progress=lambda progress: self._background.post(lambda: self._progressed(progress)),
            on_end=lambda job: self._background.post(lambda: self._end(job)),
        )

    def _started(self, job: Job) -> None:
        if self.running:
            self._job = job
            if self._cancelled:
                job.cancel()

    def _progressed(self, progress: Progress) -> None:
        if self.running and not self._cancelled:
            self.progress = progress
            self.changed.emit()

    def _end(self, job: Job) -> None:
        from mirage_core.jobs import JobState

        if self._cancelled or job.state is JobState.CANCELLED:
            self._finish(_CANCELLED)
            return
        try:
            proposal = job.result()
        except Exception as error:
            self._fail(error)
            return
        self._adopt(proposal)

    def _adopt(self, proposal: Proposal) -> None:
        """Take the result over: worked out in the background, done here in one edit."""
        target, overwrite = self.target, self._overwrite
        assert target is not None
        target.runner.finish()
        session = target.session

        def done(prepared: PreparedAdoption) -> None:
            if self._cancelled:
                self._finish(_CANCELLED)
            elif session.adopt_prepared(prepared):
                self._adopted(prepared.edit)
            else:
                # A stroke came between: it counts, so the result is worked out once more.
                self._adopt(proposal)

        self._background.run(
            lambda: session.prepare(proposal, overwrite=overwrite), done, self._fail
        )

    def _adopted(self, edit: Edit | None) -> None:
        if edit is None:
            self._finish(
                Message(
                    "Segmentation found nothing to change.",
                    "Corrected and approved B-scans are kept as they are.",
                    topic="segment",
                )
            )
        else:
            self._finish(None)

    def _fail(self, error: Exception) -> None:
        message = from_error(error, "segment")
        if message is None:
            reason = str(error) or type(error).__name__
            message = Message(
                f"Segmentation failed: {reason.splitlines()[0]}",
                "Nothing was changed. Try one B-scan, or restart the program.",
                Level.ERROR,
                "segment",
            )
        self._finish(message)

    def _finish(self, message: Message | None) -> None:
        target, self.target, self._job, self.progress = self.target, None, None, None
        self.changed.emit()
        if message is not None:
            self.said.emit(message)
        self.ended.emit(target)
