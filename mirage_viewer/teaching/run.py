"""TeachRun: one run at a time in a worker of its own: begun, watched, steered, ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from psygnal import Signal

from mirage_viewer.background import Background
from mirage_viewer.errand import Errand
from mirage_viewer.teaching.progress import RunProgress
from mirage_viewer.teaching.runs import RunRequest
from mirage_viewer.workers import Workers

if TYPE_CHECKING:
    from mirage_core.jobs import Job
    from mirage_core.jobs.teach import TeachWatch
    from mirage_core.training.run_config import RunConfig

_CHECKPOINT_S = 20.0
"""How long a cancelled run may take to write where it stands."""


class TeachRun:
    """The run of one window. A subclass teaches something else by another task of the core.

    Signals
    -------
    changed()
        It began, got on, was steered, or ended.

    Attributes
    ----------
    request : RunRequest or None
        Of the run that goes on, or was the last.
    told : RunProgress
        What it has told.
    pausing, stopping : bool
        What was asked of it.
    """

    changed: ClassVar[Signal] = Signal()

    def __init__(self, background: Background, workers: Workers) -> None:
        self._background = background
        self._workers = workers
        self._errand = Errand(background, _CHECKPOINT_S)
        self._errand.changed.connect(self.changed.emit)
        self._watch: TeachWatch | None = None
        self.request: RunRequest | None = None
        self.told = self._nothing_told()
        self.pausing = self.stopping = False

    @property
    def running(self) -> bool:
        """True from start to end."""
        return self._errand.running

    @property
    def cancelling(self) -> bool:
        """True while a cancelled run winds down."""
        return self.running and self._errand.cancelling

    @property
    def fraction(self) -> float:
        """How much of it is done, 0..1."""
        progress = self._errand.progress
        return progress.fraction if progress is not None else 0.0

    def start(
        self,
        request: RunRequest,
        source: Callable[[], Any],
        config: RunConfig,
        device: str,
        resume: bool,
        done: Callable[[Any], object],
        failed: Callable[[Exception], object],
        cancelled: Callable[[], object],
        cluster: str = "",
    ) -> None:
        """Begin the run, or go on with it; one of the last three calls is made at its end.

        It is run here, or on the `cluster` of that address.
        """
        from mirage_core.jobs.teach import TeachWatch, wish_for
        from mirage_core.places import models_dir
        from mirage_core.training.finetune.events import Wish

        folder, task = request.folder, self._task()
        self.request, self.told = request, self._nothing_told()
        self._watch = TeachWatch(folder)
        self.pausing = self.stopping = False

        def submit(**listeners: object) -> Job:
            wish_for(folder, Wish.GO)  # a wish of before would hold still
            return self._workers.teach(
                task,
                source,
                request.base,
                config,
                folder,
                models_dir(),
                title=request.title,
                resume=resume,
                device=device,
                cluster=cluster,
                **listeners,
            )

        def over(then: Callable[[], object]) -> None:
            self.poll()
            then()

        self._errand.start(
            submit,
            lambda outcome: over(lambda: done(outcome)),
            lambda error: over(lambda: failed(error)),
            lambda: over(cancelled),
        )

    def _task(self) -> Callable[..., Any]:
        """Return what a worker does."""
        from mirage_core.jobs.teach import teach_model

        return teach_model

    def _nothing_told(self) -> RunProgress:
        return RunProgress()

    def forget(self) -> None:
        """Put the last run away; nothing of it is removed."""
        if not self.running:
            self.request, self.told, self._watch = None, self._nothing_told(), None

    def poll(self) -> None:
        """Take in what the run has told since; the window asks a few times a second."""
        if self._watch is not None and self.told.take(self._watch.new_events()):
            self.changed.emit()

    def pause(self) -> None:
        """Hold after the step at hand."""
        self.pausing = True
        self._wish("pause")

    def go_on(self) -> None:
        """Go on after a pause."""
        self.pausing = self.told.paused = False
        self._wish("go")

    def stop_early(self) -> None:
        """End the training at hand, and keep the best of it."""
        self.stopping, self.pausing = True, False
        self._wish("stop")

    def cancel(self) -> None:
        """End it; it can be gone on with from where it stands."""
        self._errand.cancel()

    def close(self) -> None:
        """End it at once, for the end of the program."""
        self._errand.close()

    def _wish(self, what: str) -> None:
        if self.request is None or not self.running:
            return
        folder = self.request.folder

        def work() -> None:
            from mirage_core.jobs.teach import wish_for
            from mirage_core.training.finetune.events import Wish

            wish_for(folder, Wish(what))

        self._background.run(work)
        self.changed.emit()
