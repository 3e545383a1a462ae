"""ClassTeaching: the choices, the run and its result, for one window. No Qt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from psygnal import Signal

from mirage_core.places import data_dir
from mirage_viewer.background import Background
from mirage_viewer.engine_desk import EngineDesk
from mirage_viewer.messages import Level, Message, from_error
from mirage_viewer.projects import Projects
from mirage_viewer.settings import Settings
from mirage_viewer.teach_classes.kept import keep_choice, read_choice
from mirage_viewer.teach_classes.run import ClassRun
from mirage_viewer.teach_classes.survey import ClassSurvey, survey
from mirage_viewer.teach_classes.wanted import ClassWanted
from mirage_viewer.teach_classes.words import NOT_MEASURED, interrupted
from mirage_viewer.teaching import Stage, Teaching, runs, words
from mirage_viewer.teaching.interrupted import InterruptedRuns
from mirage_viewer.teaching.runs import RunRequest
from mirage_viewer.workers import Workers

if TYPE_CHECKING:
    from mirage_core.jobs.teach_classes import ClassOutcome
    from mirage_core.project.class_teaching import ClassChoice
    from mirage_core.training.classify.config import ClassifyConfig

TOPIC = "teaching classes"
_OFFER = "teaching classes interrupted"
BUSY = "A model is being taught from corrections; wait for it or cancel it."


class Place(Protocol):
    """Whose window it is: the desk."""

    settings: Settings
    projects: Projects
    models: EngineDesk
    teaching: Teaching

    @property
    def author(self) -> str:
        """Who labels."""
        ...

    def say(self, message: Message) -> None:
        """Show a message."""
        ...

    def hush(self, topic: str) -> None:
        """Take back what was told."""
        ...


class ClassTeaching:
    """What the Classes page of the Teach window shows and does.

    Signals
    -------
    changed()
        The choices, what was counted, or the stage changed.
    progressed()
        The run got on or was cancelled.
    window_wanted()
        The user wants to see it.

    Attributes
    ----------
    wanted : ClassWanted
    found : ClassSurvey or None
        What there is, as it was last counted.
    counting : bool
    stage : Stage
    outcome : ClassOutcome or None
        Of the last run.
    why : Message or None
        Why the last run failed.
    interrupted : InterruptedRuns
    """

    changed: ClassVar[Signal] = Signal()
    progressed: ClassVar[Signal] = Signal()
    window_wanted: ClassVar[Signal] = Signal()

    def __init__(self, place: Place, background: Background, workers: Workers) -> None:
        self._place, self._background = place, background
        self._turn = 0
        self.run = ClassRun(background, workers)
        self.run.changed.connect(self.progressed.emit)
        self.interrupted = InterruptedRuns(
            self, background, place.say, _OFFER, interrupted, runs_dir
        )
        self.wanted = ClassWanted()
        self.found: ClassSurvey | None = None
        self.counting = False
        self.stage = Stage.CHOOSING
        self.outcome: ClassOutcome | None = None
        self.why: Message | None = None
        place.models.users.append(self.uses)

    # ------------------------------------------------------------------ choosing

    @property
    def at_work(self) -> bool:
        """True while a run is begun or goes on."""
        return self.stage in (Stage.STARTING, Stage.RUNNING)

    @property
    def why_not(self) -> str:
        """Why no run can be begun now, though it could with these labels; empty if it can."""
        return BUSY if self._place.teaching.at_work else ""

    @property
    def can_start(self) -> bool:
        """Whether a run can be begun with what is chosen."""
        found = self.found
        ready = found is not None and not self.counting and not found.problem
        return ready and not self.at_work and not self.why_not

    def want(self, **choices: Any) -> None:
        """Choose something else, by the names of :class:`ClassWanted`, and count anew."""
        self.wanted = replace(self.wanted, **choices)
        if set(choices) != {"title"}:
            self.look()

    def look(self) -> None:
        """Count what is labelled."""
        self._turn += 1
        turn, wanted = self._turn, self.wanted
        folder, author = self._place.projects.folder, self._place.author
        self.counting = True
        self.changed.emit()

        def done(found: ClassSurvey) -> None:
            if turn == self._turn:
                self.found, self.counting = found, False
                self.changed.emit()

        def failed(error: Exception) -> None:
            message = from_error(error, TOPIC)
            if message is None:
                raise error
            done(ClassSurvey(problem=message.text, hint=message.hint))

        self._background.run(lambda: survey(folder, wanted, author), done, failed)

    # ------------------------------------------------------------------ a run

    def start(self) -> None:
        """Teach with what is chosen."""
        found, wanted = self.found, self.wanted
        if not self.can_start or found is None or found.base is None:
            return
        (base, title), project = found.base, self._place.projects.folder
        allowed = replace(wanted, grader=found.only_grader or wanted.grader)

        def begin() -> tuple[RunRequest, ClassChoice, ClassifyConfig]:
            choice = allowed.choice(found.level)
            config = allowed.config(of_volumes=found.of_volumes)
            request = runs.begin_run(
                project, base, title, wanted.title, wanted.recipe, found.n, runs_dir()
            )
            try:
                keep_choice(request.folder, choice)
            except Exception:
                runs.discard(request.folder)
                raise
            return request, choice, config

        def begun(made: tuple[RunRequest, ClassChoice, ClassifyConfig]) -> None:
            self._begin(*made, resume=False)

        self._put_away()
        self._starting()
        self._background.run(begin, begun, self._failed)

    def resume(self, request: RunRequest) -> None:
        """Go on with a run that was interrupted, with the labels and settings it began with."""
        if self.at_work or self.why_not:
            return

        def taken() -> tuple[RunRequest, ClassChoice, ClassifyConfig]:
            from mirage_core.training.classify.config import read_config
            from mirage_core.training.classify.record import CONFIG

            folder = request.folder
            choice, config = read_choice(folder), read_config(folder / CONFIG)
            return runs.take_over(request), choice, config

        def begin(found: tuple[RunRequest, ClassChoice, ClassifyConfig]) -> None:
            mine, choice, config = found
            self.wanted = ClassWanted.of_run(choice, config, mine.base, mine.title)
            self._begin(mine, choice, config, resume=True)

        self._starting()
        self._background.run(taken, begin, self._failed)

    def go_on(self) -> None:
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
            self._put_away()
            self.stage, self.outcome, self.why = Stage.CHOOSING, None, None
            self.changed.emit()

    def uses(self, model: str) -> bool:
        """Return whether a model is being taught from."""
        request = self.run.request
        return self.at_work and request is not None and request.base == model

    def close(self) -> None:
        """End everything at once; what can be gone on with is offered at the next start."""
        self._turn += 1
        self.run.close()
        request = self._useless()
        if request is not None:
            runs.discard(request.folder)

    def _put_away(self) -> None:
        """Forget the last run; what can be gone on with is offered at the next start."""
        request = self._useless()
        if request is not None:
            self.discard(request)
        self.run.forget()

    def _useless(self) -> RunRequest | None:
        """Return the last run, if it gave no model and did not get far enough to go on."""
        request = self.run.request
        useless = request is not None and self.stage is not Stage.DONE and not request.can_go_on
        return request if useless else None

    def _starting(self) -> None:
        self.stage, self.outcome, self.why = Stage.STARTING, None, None
        for topic in (TOPIC, _OFFER):
            self._place.hush(topic)
        self.changed.emit()

    def _begin(
        self, request: RunRequest, choice: ClassChoice, config: ClassifyConfig, *, resume: bool
    ) -> None:
        from mirage_core.project.class_teaching import ClassSource
        from mirage_core.project.kept_classes import KeptClassSource

        self.stage = Stage.RUNNING
        self.run.start(
            request,
            KeptClassSource(ClassSource(request.project, choice), request.folder),
            config,
            self._place.teaching.device,
            resume,
            self._done,
            self._failed,
            self._cancelled,
            self._place.teaching.cluster,
        )
        self.changed.emit()

    # ------------------------------------------------------------------ its end

    def use_it(self) -> None:
        """Classify with the new model from now on."""
        if self.outcome is not None:
            self._place.models.engines.choose_classifier(self.outcome.model)
            self.changed.emit()

    @property
    def used(self) -> bool:
        """Whether the new model is the one that classifies."""
        classifier = self._place.models.engines.classifier
        return self.outcome is not None and (
            classifier is not None and classifier.name == self.outcome.model
        )

    def _done(self, outcome: ClassOutcome) -> None:
        self.stage, self.outcome = Stage.DONE, outcome
        self._place.models.engines.refresh()
        folder, model = outcome.folder, outcome.model
        self._background.run(lambda: runs.conclude(folder, {"model": model}), failed=self._unkept)
        self._place.say(
            Message(
                f"Teaching is done: {outcome.title}.",
                outcome.report.sentence if outcome.report is not None else NOT_MEASURED,
                topic=TOPIC,
                action="Show the result",
                do=self.window_wanted.emit,
            )
        )
        self.changed.emit()

    def _cancelled(self) -> None:
        self.stage = Stage.CANCELLED
        self.changed.emit()

    def _failed(self, error: Exception) -> None:
        self.stage = Stage.FAILED
        request = self.run.request
        hint = words.GO_ON_LATER if request is not None and request.can_go_on else ""
        self.why = from_error(error, TOPIC) or Message(
            words.failure(error), hint, Level.ERROR, TOPIC
        )
        self._place.say(replace(self.why, action="Show it", do=self.window_wanted.emit))
        self.changed.emit()

    def _unkept(self, error: Exception) -> None:
        # The model is in the store; only the folder of the run stays as large as it was.
        if from_error(error, TOPIC) is None:
            raise error


def runs_dir() -> Path:
    """Return the folder that the folders of runs are in, apart from those that can be resumed."""
    return data_dir() / "teaching_classes"
