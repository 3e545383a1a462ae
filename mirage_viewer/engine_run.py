"""EngineRun: an engine at work on a scan, and the sentences when it does not get through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from psygnal import Signal

from mirage_viewer.background import Background
from mirage_viewer.errand import Errand
from mirage_viewer.messages import Level, Message, from_error
from mirage_viewer.opening import OpenScan
from mirage_viewer.workers import Workers

if TYPE_CHECKING:
    from mirage_core.jobs import Job, Progress


class EngineRun:
    """One run at a time of one kind of task; subclasses say what becomes of its result.

    Signals
    -------
    changed()
        Started, got on, or ended.
    said(Message)
    ended(OpenScan)
        Whatever the outcome.
    """

    changed: ClassVar[Signal] = Signal()
    said: ClassVar[Signal] = Signal(Message)
    ended: ClassVar[Signal] = Signal(object)

    noun = "Run"
    topic = "run"

    def __init__(self, background: Background, workers: Workers) -> None:
        self._background = background
        self._workers = workers
        self._errand = Errand(background)
        self._errand.changed.connect(self._got_on)
        self._cancelled = False
        self.target: OpenScan | None = None
        self.engine = ""

    @property
    def running(self) -> bool:
        """True from start to end."""
        return self.target is not None

    @property
    def cancelling(self) -> bool:
        """True while a cancelled run winds down."""
        return self.running and self._cancelled

    @property
    def progress(self) -> Progress | None:
        """How far it is, None before anything is known."""
        return self._errand.progress

    def uses(self, engine: str) -> bool:
        """Return whether the engine called `engine` is at work."""
        return self.running and self.engine == engine

    def cancel(self) -> None:
        """Stop the run; nothing of it will be used."""
        if self.running and not self._cancelled:
            self._cancelled = True
            self._errand.cancel()
            self.changed.emit()

    def close(self) -> None:
        """Stop at once, for the end of the program."""
        self._errand.close()

    def _begin(
        self, target: OpenScan, task: str, engine: str, how: dict[str, str], **arguments: Any
    ) -> None:
        """Run `task` of the core with `engine` on the scan of `target`.

        Parameters
        ----------
        how : dict
            ``mode`` and ``device`` of :class:`mirage_core.engines.EngineOptions`.
        """
        self.target, self.engine, self._cancelled = target, engine, False
        scan = target.scan

        def submit(**listeners: Any) -> Job:
            from mirage_core.engines.base import EngineOptions, Mode

            options = EngineOptions(Mode(how["mode"]), how["device"])
            return self._workers.run_engine(
                task, scan, engine, options=options, **arguments, **listeners
            )

        self._errand.start(submit, self._take, self._fail, self._was_cancelled)

    def _got_on(self) -> None:
        if self._errand.running:
            self.changed.emit()

    def _take(self, result: Any) -> None:
        """Use the result; ends with :meth:`_finish`."""
        raise NotImplementedError

    def _was_cancelled(self) -> None:
        self._finish(Message(f"{self.noun} cancelled; nothing was changed.", topic=self.topic))

    def _fail(self, error: Exception) -> None:
        message = from_error(error, self.topic)
        if message is None:
            reason = str(error) or type(error).__name__
            message = Message(
                f"{self.noun} failed: {reason.splitlines()[0]}",
                "Nothing was changed. Try one B-scan, or restart the program.",
                Level.ERROR,
                self.topic,
            )
        self._finish(message)

    def _finish(self, message: Message | None) -> None:
        target, self.target = self.target, None
        self.changed.emit()
        if message is not None:
            self.said.emit(message)
        self.ended.emit(target)


def remarks_message(remarks: tuple[str, ...], topic: str) -> Message | None:
    """Return what a run has to say beside its result; it stays until it was read."""
    if not remarks:
        return None
    return Message(remarks[0], " ".join(remarks[1:]), topic=topic, action="OK")
