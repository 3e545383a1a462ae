"""ModelComparing: two engines on the scan shown, laid over it and measured. No Qt.

Nothing of it gets into the annotation, the history or the project.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

from psygnal import Signal

from mirage_core.annotate.queue import after
from mirage_core.measure.annotated import surface_names
from mirage_viewer.background import Background
from mirage_viewer.comparing import TOLERANCE_PX
from mirage_viewer.comparing_place import ComparedPlace
from mirage_viewer.engines import always_there
from mirage_viewer.messages import Level, Message, from_error
from mirage_viewer.model_answers import Answers, Key, ModelAgreement, agreement, corrected
from mirage_viewer.pair_run import Question
from mirage_viewer.two_answers import TwoAnswers, answer_of, side_by_side

if TYPE_CHECKING:
    from mirage_core.annotate import Annotation, Proposal
    from mirage_core.engines.base import EngineInfo
    from mirage_core.measure.triage import Triage
    from mirage_viewer.engine_desk import EngineDesk

TOPIC = "compare models"


class Scope(StrEnum):
    """Which B-scans models are compared on."""

    HERE = "here"
    CORRECTED = "corrected"
    ALL = "all"


class ModelPlace(ComparedPlace, Protocol):
    """What is compared on, and by what: the desk."""

    models: EngineDesk


class ModelComparing:
    """Two engines of one window, side by side.

    Signals
    -------
    changed()
        Another pair or scope, answers arrived, or the mode was entered or left.
    measured()
        The table is new, or is being worked out.

    Attributes
    ----------
    on_show : bool
        The mode is on: what the two found lies over the image.
    one, other : str
        Names of the engines; empty while they are not known.
    scope : Scope
    agreement : ModelAgreement or None
        As it was last worked out.
    turn : int
        Counts choices; what was begun in an earlier turn is dropped.
    """

    changed: ClassVar[Signal] = Signal()
    measured: ClassVar[Signal] = Signal()

    def __init__(self, place: ModelPlace, background: Background) -> None:
        self._place = place
        self._background = background
        self._answers: dict[str, Answers] = {}
        self._picked = False
        self.turn = 0
        self.on_show = False
        self.one = self.other = ""
        self.scope = Scope.HERE
        self.agreement: ModelAgreement | None = None
        place.models.pair.answered.connect(self._answered)
        place.models.pair.ended.connect(self._ended)
        place.models.engines.changed.connect(self._engines_changed)

    # ------------------------------------------------------------------ which two

    @property
    def choices(self) -> tuple[tuple[str, str], ...]:
        """Names and titles of the engines that can be compared."""
        listing = self._place.models.engines.listing
        listed = listing.segmenters if listing is not None else ()
        return tuple((i.name, i.title) for i in listed) or tuple(always_there().items())

    @property
    def why_not(self) -> str:
        """Why nothing can be run now; empty if it can."""
        if self._place.open_scan is None:
            return "Open a scan first."
        if self._place.models.engines.listing is None:
            return "The models are still being looked for."
        if len(self.choices) < 2:
            return "There is one model only; Models… can get another."
        if self.scope is Scope.CORRECTED and not self._wanted():
            return "You have not corrected or approved a B-scan of this scan yet."
        return "Another run goes on; wait for it or cancel it." if self._place.models.run else ""

    def info(self, name: str) -> EngineInfo | None:
        """Return what is known of an engine."""
        return self._place.models.engines.info(name)

    def title(self, name: str) -> str:
        """Return what an engine is called, with the mode in which it ran."""
        if name in self._answers:
            return self._answers[name].title
        return dict(self.choices).get(name, name)

    def enter(self) -> None:
        """Begin to compare models; what was found before lies over the image again."""
        self.on_show = True
        if not self._picked or not self._is_known():
            self._choose_pair()
        self._tell()

    def leave(self) -> None:
        """Take everything away that lies over the image."""
        if self.on_show:
            self.on_show = False
            self._tell()

    def pick(self, one: str, other: str) -> None:
        """Compare two engines; choosing the same twice swaps them."""
        if one == other:
            one, other = (one, self.one) if one != self.one else (self.other, other)
        self.one, self.other, self._picked = one, other, True
        self._answers = {k: v for k, v in self._answers.items() if k in (one, other)}
        self._tell()

    def set_scope(self, scope: Scope) -> None:
        """Compare on other B-scans."""
        self.scope = scope
        self._tell()

    def forget(self) -> None:
        """Another scan is shown."""
        self._answers.clear()
        self._tell()

    # ------------------------------------------------------------------ running

    def run(self) -> None:
        """Let both engines segment what they have not yet, to be looked at."""
        opened = self._place.open_scan
        if opened is None or self.why_not:
            return
        self._place.hush(TOPIC)
        questions = [q for q in map(self._question, (self.one, self.other)) if q is not None]
        if questions:
            self._place.models.ask(opened, questions)
        else:
            self._tell()

    def _question(self, name: str) -> Question | None:
        wanted, engines = self._wanted(), self._place.models.engines
        there = self._answers.get(name)
        if there is not None and there.key != self._key(name):
            del self._answers[name]
            there = None
        have = there.b_scans if there is not None else frozenset()
        if self.scope is Scope.ALL:
            # A whole run sees more neighbours than one of a B-scan: both see the same then.
            done = there is not None and there.whole
            return None if done else Question(name, engines.how(name), None)
        missing = tuple(b for b in wanted if b not in have)
        return Question(name, engines.how(name), missing) if missing else None

    def _key(self, name: str) -> Key:
        info = self.info(name)
        return info.sha256 if info is not None else "", self._place.models.engines.how(name)["mode"]

    def _answered(self, question: Question, proposal: Proposal) -> None:
        opened = self._place.open_scan
        if opened is None or self._place.models.pair.cancelling:
            return
        info = self.info(question.engine)
        # The mode it was asked with: another one may be chosen by now.
        name, key = question.engine, (info.sha256 if info else "", question.how["mode"])
        names = opened.session.annotation.surfaces.names
        there = self._answers.get(name)
        if there is None or there.key != key:
            there = self._answers[name] = Answers.begun(key, proposal, opened.scan, names)
        there.take(question, proposal)

    def _ended(self, _target: object) -> None:
        self._tell()

    # ------------------------------------------------------------------ what differs

    @property
    def comparing(self) -> bool:
        """True while the mode is on and both have answered something."""
        return self.on_show and self._pair() is not None

    def has(self, b: int) -> bool:
        """Return whether both were asked about B-scan `b`."""
        return b in self._shared()

    def on(self, b: int) -> TwoAnswers | None:
        """Return what lies over B-scan `b`; None while there is nothing."""
        pair, opened = self._pair(), self._place.open_scan
        if not self.on_show or pair is None or opened is None or not self.has(b):
            return None
        names, scheme = surface_names(*pair), opened.session.annotation.masks.scheme
        one, other = (answer_of(annotation, b, names, scheme) for annotation in pair)
        return side_by_side(one, other, TOLERANCE_PX)

    def moved(self) -> None:
        """Another B-scan is shown."""
        if self.on_show and self.scope is Scope.HERE:
            self._tell()

    def edited(self) -> None:
        """The grader's work changed: measure anew how far they are from it."""
        if self.comparing:
            self.measure()

    def measure(self) -> None:
        """Work the table out."""
        self.turn += 1
        pair, opened, turn = self._pair(), self._place.open_scan, self.turn
        on = self.measured_on
        if not self.on_show or pair is None or opened is None or not on:
            self.agreement = None
            self.measured.emit()
            return
        work, scan = opened.session.annotation, opened.scan

        def done(found: ModelAgreement | None) -> None:
            if turn == self.turn and found is not None:
                self.agreement = found
                self.measured.emit()

        self._background.run(
            lambda: agreement(*pair, work, scan, on, lambda: turn != self.turn), done, self._report
        )

    @property
    def measured_on(self) -> tuple[int, ...]:
        """B-scans of the scope that both were asked about."""
        shared = self._shared()
        return tuple(b for b in self._wanted() if b in shared)

    @property
    def n_wanted(self) -> int:
        """Number of B-scans in the scope."""
        return len(self._wanted())

    @property
    def favoured(self) -> str:
        """The one of the two that corrections began from, empty if neither or both.

        What a grader left as an engine drew it agrees with that engine.
        """
        opened = self._place.open_scan
        if opened is None:
            return ""
        tools = {edit.tool for edit in opened.session.history.done}
        began = [name for name in (self.one, self.other) if name in tools]
        return began[0] if len(began) == 1 else ""

    def next_difference(self) -> None:
        """Go to the B-scan on which the two differ most, then to the one after it."""
        pair, turn = self._pair(), self.turn
        if pair is None:
            return

        def work() -> Triage:
            from mirage_core.measure.triage import agreeing_b_scans

            return agreeing_b_scans(*pair, TOLERANCE_PX)

        def done(found: Triage) -> None:
            if turn == self.turn:
                self._go_on(found)

        self._background.run(work, done, self._report)

    def _go_on(self, found: Triage) -> None:
        b = after(found.to_decide, self._place.b)
        if b is None:
            self._say(f"They agree within {TOLERANCE_PX:g} px on every B-scan both were run on.")
            return
        self._place.show_b_scan(b)

    def export(self, path: Path) -> None:
        """Write the table of the two as CSV."""
        opened, found = self._place.open_scan, self.agreement
        if opened is None or opened.record is None or found is None:
            return
        record, names = opened.record, (self.title(self.one), self.title(self.other))

        def work() -> None:
            from mirage_core.project.tables import write_agreement

            write_agreement(path, record, names, found.between, overwrite=True)

        self._background.run(
            work, lambda _: self._say(f"The comparison is written to {path.name}."), self._report
        )

    # ------------------------------------------------------------------ inside

    def _wanted(self) -> tuple[int, ...]:
        opened = self._place.open_scan
        if opened is None:
            return ()
        if self.scope is Scope.ALL:
            return tuple(range(opened.scan.n_b_scans))
        if self.scope is Scope.CORRECTED:
            return corrected(opened.session.annotation)
        return (self._place.b,)

    def _shared(self) -> frozenset[int]:
        one, other = self._answers.get(self.one), self._answers.get(self.other)
        return one.b_scans & other.b_scans if one is not None and other is not None else frozenset()

    def _pair(self) -> tuple[Annotation, Annotation] | None:
        one, other = self._answers.get(self.one), self._answers.get(self.other)
        if one is None or other is None:
            return None
        return one.annotation, other.annotation

    def _choose_pair(self) -> None:
        """Choose the model in use and its parent, else the first other one."""
        known = [name for name, _ in self.choices]
        engines = self._place.models.engines
        self.other = engines.chosen if engines.chosen in known else known[0]
        parents = engines.listing.parents if engines.listing is not None else {}
        parent = parents.get(self.other, "")
        rest = [name for name in known if name != self.other]
        self.one = parent if parent in rest else rest[0] if rest else ""

    def _engines_changed(self) -> None:
        if self.on_show and not self._is_known():
            self._choose_pair()
        self.changed.emit()

    def _is_known(self) -> bool:
        known = [name for name, _ in self.choices]
        return self.one in known and self.other in known

    def _tell(self) -> None:
        self.agreement = None
        self.changed.emit()
        self.measure()

    def _say(self, text: str, level: Level = Level.INFO) -> None:
        self._place.say(Message(text, "", level, TOPIC))

    def _report(self, error: Exception) -> None:
        message = from_error(error, TOPIC)
        if message is None:
            raise error
        self._place.say(message)
