"""Comparing: another grader's work laid over the one shown, their agreement, the consensus. No Qt.

Everything that takes long happens in the background; what is late because something else was
chosen meanwhile is dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from psygnal import Signal

from mirage_core.annotate import Annotation, Edit
from mirage_core.annotate.queue import after
from mirage_core.measure.annotated import surface_names
from mirage_viewer.background import Background
from mirage_viewer.comparing_place import ComparedPlace
from mirage_viewer.messages import Level, Message, from_error
from mirage_viewer.two_answers import TwoAnswers, answer_of, laid_over

if TYPE_CHECKING:
    from mirage_core.measure.comparison import Comparison
    from mirage_core.measure.fovea import Fovea
    from mirage_core.measure.triage import Triage
    from mirage_core.project import Project
    from mirage_core.project.records import AnnotationRecord

    FoveaOf = Callable[[Project, str], Fovea | None]

NOBODY = -1
"""Id of no annotation: nothing is compared."""
SHOWN = 0
"""Id that stands for the work shown; those of a project begin with 1."""
ENGINE = -2
"""Id that stands for what a model drew in the work shown, before it was corrected."""
TOLERANCE_PX = 2.0
"""Surfaces no further apart than this count as one."""
TOPIC = "compare"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An annotation that can be compared: its id in the project and what it is called."""

    id: int
    title: str


class Comparing:
    """The comparison of one window.

    Parameters
    ----------
    place : ComparedPlace
    background : Background
    fovea_of : callable
        Returns where a person put the fovea of a scan of a project, None where it is to be sought.

    Signals
    -------
    changed()
        Who can be compared, or is.
    measured()
        The table is new, or is being worked out.

    Attributes
    ----------
    candidates : tuple of Candidate
        Those who worked on the scan shown, whom the one who looks may see.
    one, other : int
        Ids of those compared; :data:`SHOWN` for the work shown, :data:`NOBODY` for none.
    engine : Candidate or None
        What a model drew in the work shown, None where none did.
    why : str
        Why nobody can be compared, or empty.
    whole : bool
        The agreement is on all B-scans of both, not on the one shown.
    agreement : Comparison or None
        As it was last worked out.
    stale : bool
        Something changed since.
    turn : int
        Counts choices; what was begun in an earlier turn is dropped.
    """

    changed: ClassVar[Signal] = Signal()
    measured: ClassVar[Signal] = Signal()

    def __init__(
        self,
        place: ComparedPlace,
        background: Background,
        fovea_of: FoveaOf = lambda project, scan_id: project.foveas.get(scan_id),
    ) -> None:
        self._place, self._fovea_of = place, fovea_of
        self._background = background
        self._measurings = 0
        self.turn = 0
        self._loaded: dict[int, Annotation] = {}
        self.candidates: tuple[Candidate, ...] = ()
        self.one, self.other = SHOWN, NOBODY
        self.engine: Candidate | None = None
        self._answers: tuple[Edit, ...] = ()
        self.why = ""
        self.whole = True
        self.agreement: Comparison | None = None
        self.stale = False

    # ------------------------------------------------------------------ who

    @property
    def comparing(self) -> bool:
        """True while two are compared and both are there."""
        return self._pair() is not None

    @property
    def consensus(self) -> bool:
        """True if the work shown is the consensus, and can be changed."""
        opened = self._place.open_scan
        return opened is not None and opened.consensus and opened.editable

    def another_scan(self) -> None:
        """Begin anew: another scan is shown, or other work on it."""
        self.turn += 1
        self._loaded.clear()
        self.candidates, self.why = (), ""
        self.engine = self._offered_engine()
        self.one, self.other = SHOWN, NOBODY
        self.agreement, self.stale = None, False
        self.changed.emit()
        self.measured.emit()
        self.look_up()

    def look_up(self) -> None:
        """Read anew who worked on the scan."""
        opened = self._place.open_scan
        if opened is None or opened.project is None or opened.record is None:
            return
        project, record, viewer = opened.project, opened.record, self._place.author
        turn, consensus = self.turn, opened.consensus

        def work() -> tuple[tuple[Candidate, ...], str]:
            if project.blind:
                return (), "The project is blind: graders do not see each other's work."
            rows = (row for row in project.worklist(viewer) if row.scan.id == record.id)
            found = (a for row in rows for a in row.annotations if a.n_events)
            others = (
                a for a in found if not (a.is_consensus if consensus else a.annotator == viewer)
            )
            # In the order in which they began, whoever was at work last.
            return tuple(Candidate(a.id, a.annotator) for a in sorted(others, key=_id_of)), ""

        def done(result: tuple[tuple[Candidate, ...], str]) -> None:
            if turn == self.turn:
                self.candidates, self.why = result
                if not self.candidates and not self.why:
                    self.why = "Nobody else has worked on this scan in this project."
                self.changed.emit()
                if self.consensus and len(self.candidates) > 1 and self.other == NOBODY:
                    self.pick(self.candidates[0].id, self.candidates[1].id)

        self._background.run(work, done, self._report)

    def pick(self, one: int, other: int) -> None:
        """Compare annotations; :data:`NOBODY` as `other` ends the comparison."""
        self.turn += 1
        self.one = one if self.consensus else SHOWN
        self.other = other
        self.agreement = None
        opened, turn = self._place.open_scan, self.turn
        self.changed.emit()
        if opened is None or opened.project is None or opened.record is None:
            return
        project, record, viewer = opened.project, opened.record, self._place.author
        wanted = [i for i in (self.one, other) if i > SHOWN and i not in self._loaded]
        self._place.hush(TOPIC)

        damage: list[str] = []
        scan, session = opened.scan, opened.session
        self._answers = self._engine_edits()

        def work() -> dict[int, Annotation]:
            found = {
                i: project.annotation(record, i, viewer, scan=scan, on_damage=damage.append)
                for i in wanted
            }
            if other == ENGINE:
                from mirage_core.annotate.engine_answer import engine_answer

                found[ENGINE] = engine_answer(*session.moment())
            return found

        def done(found: dict[int, Annotation]) -> None:
            if turn != self.turn:
                return
            self._loaded.update(found)
            for problem in damage:
                self.say(problem, Level.WARNING)
            self.changed.emit()
            self.measure()

        self._background.run(work, done, self._report)

    def name_of(self, id: int) -> str:
        """Return what an annotation is called."""
        known = (*self.candidates, *([self.engine] if self.engine is not None else []))
        return next((c.title for c in known if c.id == id), "this work")

    # ------------------------------------------------------------------ what differs

    def on(self, b: int) -> TwoAnswers | None:
        """Return how the two differ on B-scan `b`; None while nothing is compared."""
        pair, opened = self._pair(), self._place.open_scan
        if pair is None:
            return None
        names, scheme = surface_names(*pair), pair[0].masks.scheme
        one, other = (answer_of(annotation, b, names, scheme) for annotation in pair)
        shown = None
        if self.one != SHOWN and opened is not None:
            shown = answer_of(opened.session.annotation, b, names, scheme)
        return laid_over(one, other, shown, TOLERANCE_PX)

    def set_whole(self, whole: bool) -> None:
        """Measure on all B-scans of both, or on the one shown."""
        self.whole = whole
        self.measure()

    def moved(self) -> None:
        """Another B-scan is shown."""
        if self.comparing and not self.whole:
            self.measure()

    def edited(self) -> None:
        """The work shown changed: what was measured of it is out of date."""
        engine = self._offered_engine()
        if (engine is None) != (self.engine is None):
            self.engine = engine
            if engine is None and self.other == ENGINE:
                self.pick(self.one, NOBODY)
            self.changed.emit()
        if self.comparing and self.one == SHOWN and not self.stale:
            self.stale = True
            self.measured.emit()

    def fovea_put(self) -> None:
        """The fovea of the scan shown was put elsewhere: :meth:`measure` is to be called soon."""
        if self.comparing and not self.stale:
            self.stale = True
            self.measured.emit()

    def measure(self) -> None:
        """Work the agreement out."""
        pair, opened, turn = self._pair(), self._place.open_scan, self.turn
        if pair is None or opened is None:
            return
        if self.other == ENGINE and self._answers != self._engine_edits():
            self.pick(self.one, ENGINE)  # it has answered anew, or an answer was undone
            return
        scan, b_scans = opened.scan, self._scope()
        project, record, with_engine = opened.project, opened.record, self.other == ENGINE
        self.stale = False
        self._measurings += 1
        mine = self._measurings

        def overtaken() -> bool:
            return turn != self.turn or mine != self._measurings

        def work() -> Comparison | None:
            from mirage_core.annotate.engine_answer import by_hand
            from mirage_core.measure.comparison import compare

            # What a grader left as a model drew it says nothing of the grader.
            one, other = (by_hand(pair[0]), pair[1]) if with_engine else pair
            fovea = None
            if project is not None and record is not None:
                fovea = self._fovea_of(project, record.id)
            return compare(one, other, scan, b_scans, cancelled=overtaken, fovea=fovea)

        def done(found: Comparison | None) -> None:
            if not overtaken() and found is not None and b_scans == self._scope():
                self.agreement = found
                self.measured.emit()

        self._background.run(work, done, self._report)

    def next_difference(self) -> None:
        """Go to the B-scan on which the two differ most, then to the one after it."""
        self.triaged(self._go_on)

    def _go_on(self, found: Triage) -> None:
        b = after(found.to_decide, self._place.b)
        if b is None:
            self.say(f"They agree within {TOLERANCE_PX:g} px on every B-scan of both.")
            return
        self._place.show_b_scan(b)

    # ------------------------------------------------------------------ for others

    def annotation(self, id: int) -> Annotation | None:
        """Return an annotation that is compared, None where it is not there yet."""
        opened = self._place.open_scan
        if id == SHOWN:
            return opened.session.annotation if opened is not None else None
        return self._loaded.get(id)

    def triaged(self, then: Callable[[Triage], object]) -> None:
        """Work out on which B-scans the two agree, and call `then` with it."""
        pair, turn = self._pair(), self.turn
        if pair is None:
            return

        def work() -> Triage:
            from mirage_core.measure.triage import agreeing_b_scans

            return agreeing_b_scans(*pair, TOLERANCE_PX)

        def done(found: Triage) -> None:
            if turn == self.turn:
                then(found)

        self._background.run(work, done, self._report)

    def say(self, text: str, level: Level = Level.INFO) -> None:
        """Tell the user something about the comparison."""
        self._place.say(Message(text, "", level, TOPIC))

    def export(self, path: Path) -> None:
        """Write the agreement as CSV, or its plots where `path` ends as a picture does."""
        opened, agreement = self._place.open_scan, self.agreement
        if opened is None or opened.record is None or agreement is None:
            return
        record = opened.record
        # "This work" would say nothing in a file.
        one = self._place.author if self.one == SHOWN else self.name_of(self.one)
        names = (one, self.name_of(self.other))

        def work() -> str:
            from mirage_viewer.agreement_files import write_agreement

            return write_agreement(path, record, names, agreement)

        self._background.run(work, self.say, self._not_written)

    def _not_written(self, error: Exception) -> None:
        if isinstance(error, ImportError):
            why = "Plots are drawn by matplotlib, which is not installed."
            hint = "Install it (pip install matplotlib) and save the plots again."
            self._place.say(Message(why, hint, Level.ERROR, TOPIC))
            return
        self._report(error)

    def _offered_engine(self) -> Candidate | None:
        """Return the model's side of the work shown, None where no model drew any of it."""
        opened = self._place.open_scan
        in_project = opened is not None and opened.record is not None
        drew = in_project and not self.consensus and bool(self._engine_edits())
        return Candidate(ENGINE, "Model, uncorrected") if drew else None

    def _engine_edits(self) -> tuple[Edit, ...]:
        """Return the answers of models that are in effect."""
        opened = self._place.open_scan
        done = opened.session.history.done if opened is not None else ()
        return tuple(edit for edit in done if edit.model_sha256)

    def _scope(self) -> tuple[int] | None:
        """Return the B-scan that the agreement is on; None: all of them."""
        return None if self.whole else (self._place.b,)

    def _pair(self) -> tuple[Annotation, Annotation] | None:
        one, other = self.annotation(self.one), self.annotation(self.other)
        return (one, other) if one is not None and other is not None else None

    def _report(self, error: Exception) -> None:
        message = from_error(error, TOPIC)
        if message is None:
            raise error
        self._place.say(message)


def _id_of(annotation: AnnotationRecord) -> int:
    return annotation.id
