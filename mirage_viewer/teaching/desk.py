"""Teaching: the choices, the run and its result, for one window."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from psygnal import Signal

from mirage_viewer.background import Background
from mirage_viewer.engine_desk import EngineDesk
from mirage_viewer.messages import Level, Message, from_error
from mirage_viewer.opening import OpenScan
from mirage_viewer.project_model import ProjectModel
from mirage_viewer.projects import Projects
from mirage_viewer.settings import Settings
from mirage_viewer.teaching import runs, words
from mirage_viewer.teaching.held_out import HeldOut
from mirage_viewer.teaching.held_out import Place as HeldOutPlace
from mirage_viewer.teaching.interrupted import InterruptedRuns
from mirage_viewer.teaching.run import TeachRun
from mirage_viewer.teaching.runs import RunRequest
from mirage_viewer.teaching.survey import Survey, survey
from mirage_viewer.teaching.wanted import Wanted
from mirage_viewer.workers import Workers

if TYPE_CHECKING:
    from mirage_core.jobs.teach import TeachOutcome

TOPIC = "teaching"
_OFFER = "teaching interrupted"
BUSY = "A model is being taught classes; wait for it or cancel it."


class Stage(StrEnum):
    """Where teaching stands."""

    CHOOSING = "choosing"
    STARTING = "starting"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


class AtWork(Protocol):
    """What may be at work."""

    @property
    def at_work(self) -> bool:
        """Whether it is."""
        ...


class Place(HeldOutPlace, Protocol):
    """Whose window it is: the desk."""

    settings: Settings
    projects: Projects
    models: EngineDesk
    project_model: ProjectModel

    @property
    def author(self) -> str:
        """Who edits."""
        ...

    @property
    def class_teaching(self) -> AtWork:
        """The teaching of classes, one of which goes on at a time with this."""
        ...

    def hush(self, topic: str) -> None:
        """Take back what was told."""
        ...


class _Superseded(Exception):  # noqa: N818 - not an error: something else was asked meanwhile
    pass


class Teaching:
    """What the Teach window shows and does.

    Signals
    -------
    changed()
        The choices, what was counted, or the stage changed.
    progressed()
        The run got on or was steered.
    window_wanted()
        The user wants to see it.

    Attributes
    ----------
    wanted : Wanted
    found : Survey or None
        What there is, as it was last counted.
    counting : float or None
        How much was read of what is being counted, 0..1.
    outcome : TeachOutcome or None
        Of the last run.
    why : Message or None
        Why the last run failed.
    interrupted : InterruptedRuns
    """

    changed: ClassVar[Signal] = Signal()
    progressed: ClassVar[Signal] = Signal()
    window_wanted: ClassVar[Signal] = Signal()

    def __init__(self, place: Place, background: Background, workers: Workers) -> None:
        self._place = place
        self._background = background
        self._turn = 0
        self.run = TeachRun(background, workers)
        self.run.changed.connect(self.progressed.emit)
        self.held_out = HeldOut(place, background)
        self.interrupted = InterruptedRuns(
            self, background, place.say, _OFFER, words.interrupted, runs.runs_dir
        )
        self.wanted = Wanted()
        self.found: Survey | None = None
        self.counting: float | None = None
        self.stage = Stage.CHOOSING
        self.outcome: TeachOutcome | None = None
        self.why: Message | None = None
        place.models.users.append(self.uses)

    # ------------------------------------------------------------------ choosing

    @property
    def at_work(self) -> bool:
        """True while a run is begun or goes on."""
        return self.stage in (Stage.STARTING, Stage.RUNNING)

    @property
    def why_not(self) -> str:
        """Why no run can be begun now, whatever is chosen; empty if it can."""
        return BUSY if self._place.class_teaching.at_work else ""

    @property
    def can_start(self) -> bool:
        """Whether a run can be begun with what is chosen."""
        found = self.found
        ready = found is not None and self.counting is None and not found.problem
        return ready and not self.at_work and not self.why_not

    @property
    def shown_scan(self) -> OpenScan | None:
        """The scan shown, if it is in the project."""
        opened = self._place.open_scan
        return opened if opened is not None and opened.record is not None else None

    def want(self, **choices: Any) -> None:
        """Choose something else, by the names of :class:`Wanted`, and count anew."""
        self.wanted = replace(self.wanted, **choices)
        if set(choices) != {"title"}:
            self.look()

    @property
    def cluster(self) -> str:
        """Address of the Dask cluster that teaches, classes too; empty: this computer."""
        return self._place.settings.cluster

    @property
    def device(self) -> str:
        """What a model is taught on: as set for this computer, on a cluster the node's best."""
        return "auto" if self.cluster else self._place.settings.device

    def run_on(self, cluster: str) -> None:
        """Teach on another cluster from now on."""
        self._place.settings.cluster = cluster.strip()

    def look(self) -> None:
        """Count what there is to teach with."""
        self._turn += 1
        turn, wanted, post = self._turn, self.wanted, self._background.post
        folder, author = self._place.projects.folder, self._place.author
        engine = self._place.models.engines.chosen
        self.counting = 0.0
        self.changed.emit()

        def report(fraction: float) -> None:
            if turn != self._turn:
                raise _Superseded
            post(lambda: counted(fraction))

        def counted(fraction: float) -> None:
            if turn == self._turn and self.counting is not None:
                self.counting = fraction
                self.changed.emit()

        def done(found: Survey) -> None:
            if turn == self._turn:
                self.found, self.counting = found, None
                self.changed.emit()

        def failed(error: Exception) -> None:
            if isinstance(error, _Superseded) or turn != self._turn:
                return
            message = from_error(error, TOPIC)
            if message is None:
                raise error
            self.found = Survey(problem=message.text, hint=message.hint)
            self.counting = None
            self.changed.emit()

        self._background.run(lambda: survey(folder, wanted, author, engine, report), done, failed)

    # ------------------------------------------------------------------ a run

    def start(self) -> None:
        """Teach with what is chosen."""
        found, wanted = self.found, self.wanted
        if not self.can_start or found is None or found.base is None:
            return
        base, project = found.base, self._place.projects.folder
        allowed = replace(wanted, grader=found.only_grader or wanted.grader)

        def begin() -> RunRequest:
            return runs.begin_run(
                project, base.id, base.title, wanted.title, wanted.preset, found.n_b_scans
            )

        def begun(request: RunRequest) -> None:
            from mirage_core.project.teaching import ProjectSource

            source = ProjectSource(project, allowed.choice(found.chosen_structures(wanted)))
            self._begin(request, source, wanted.config(base.has_head), resume=False)

        self.run.forget()
        self._starting()
        self._background.run(begin, begun, self._failed)

    def resume(self, request: RunRequest) -> None:
        """Go on with a run that was interrupted."""
        if self.at_work or self.why_not:
            return

        def taken() -> tuple[RunRequest, Any]:
            from mirage_core.training.finetune.config import CONFIG, read_config

            return runs.take_over(request), read_config(request.folder / CONFIG)

        def begin(found: tuple[RunRequest, Any]) -> None:
            from mirage_core.project.teaching import ProjectSource

            mine, config = found
            self._begin(mine, ProjectSource(mine.project), config, resume=True)

        self._starting()
        self._background.run(taken, begin, self._failed)

    def go_on_with_last(self) -> None:
        """Go on with the run that was cancelled or failed here."""
        request = self.run.request
        if request is not None and request.can_go_on:
            self.resume(request)

    def discard(self, request: RunRequest) -> None:
        """Remove a run that was interrupted."""
        self._background.run(lambda: runs.discard(request.folder))

    def choose_again(self) -> None:
        """Put the last run away and go back to choosing."""
        if not self.at_work:
            self.held_out.forget()
            self.run.forget()
            self.stage, self.outcome, self.why = Stage.CHOOSING, None, None
            self.changed.emit()

    def uses(self, model: str) -> bool:
        """Return whether a model is being taught from."""
        request = self.run.request
        return self.at_work and request is not None and request.base == model

    def close(self) -> None:
        """End everything at once."""
        self._turn += 1
        self.run.close()

    def _starting(self) -> None:
        self.held_out.forget()
        self.stage, self.outcome, self.why = Stage.STARTING, None, None
        for topic in (TOPIC, _OFFER):
            self._place.hush(topic)
        self.changed.emit()

    def _begin(self, request: RunRequest, source: Any, config: Any, *, resume: bool) -> None:
        from mirage_core.training.finetune.kept import KeptSource

        self.stage = Stage.RUNNING
        self.run.start(
            request,
            KeptSource(source, request.folder),
            config,
            self.device,
            resume,
            self._done,
            self._failed,
            self._cancelled,
            self.cluster,
        )
        self.changed.emit()

    # ------------------------------------------------------------------ its end

    def use_it(self) -> None:
        """Segment with the new model from now on, and so does who else works on the project."""
        outcome, request = self.outcome, self.run.request
        if outcome is None:
            return
        self._place.models.engines.choose(outcome.model)
        here = request is not None and request.project == self._place.projects.folder
        if here and not self._place.project_model.why_not:
            self._place.hush(TOPIC)
            self._place.project_model.use(outcome.model, outcome.title)
        else:
            self._place.say(Message(f"{outcome.title} is used from now on.", topic=TOPIC))
        self.changed.emit()

    @property
    def used(self) -> bool:
        """Whether the new model is the one that segments."""
        chosen = self._place.models.engines.chosen
        return self.outcome is not None and self.outcome.model == chosen

    def _done(self, outcome: TeachOutcome) -> None:
        self.stage, self.outcome = Stage.DONE, outcome
        self._place.models.engines.refresh()
        self._conclude(outcome.folder, {"model": outcome.model, "suggested": outcome.suggested})
        self.held_out.read(outcome.folder)
        self._place.say(
            Message(
                f"Teaching is done: {outcome.title}.",
                outcome.sentence or words.NOT_MEASURED,
                topic=TOPIC,
                action="Show the result",
                do=self.window_wanted.emit,
            )
        )
        self.changed.emit()

    def _cancelled(self) -> None:
        self.stage = Stage.CANCELLED
        request = self.run.request
        if request is not None and not request.can_go_on:
            self.discard(request)
        self.changed.emit()

    def _failed(self, error: Exception) -> None:
        self.stage = Stage.FAILED
        self.why = from_error(error, TOPIC) or Message(
            words.failure(error), words.GO_ON_LATER, Level.ERROR, TOPIC
        )
        self._place.say(replace(self.why, action="Show it", do=self.window_wanted.emit))
        self.changed.emit()

    def _conclude(self, folder: Path, outcome: dict[str, Any]) -> None:
        def failed(error: Exception) -> None:
            # What is left of the run is offered at the next start; nothing else is lost.
            message = from_error(error, TOPIC)
            if message is None:
                raise error

        self._background.run(lambda: runs.conclude(folder, outcome), failed=failed)
