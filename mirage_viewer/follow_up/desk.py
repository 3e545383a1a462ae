"""FollowingUp: which visits of the open scan's eye are compared, and what came of it. No Qt.

All is worked out in the background; of what is asked for meanwhile only the last is done.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from mirage_core.scan import SpacingUnknownError
from mirage_viewer.background import Background
from mirage_viewer.follow_up.comparison import Comparison, compare, with_maps
from mirage_viewer.follow_up.getter import Getter
from mirage_viewer.follow_up.keeping import RegistrationKeeper
from mirage_viewer.follow_up.pictures import Fundus
from mirage_viewer.follow_up.visits import VisitLine, as_open, other_eye, visits_of
from mirage_viewer.measuring.latest import Latest
from mirage_viewer.messages import Level, Message, from_error
from mirage_viewer.opening import OpenScan
from mirage_viewer.place import Place

if TYPE_CHECKING:
    from mirage_core.engines.base import EngineInfo
    from mirage_core.measure.followup import Visit
    from mirage_core.measure.fovea import Fovea
    from mirage_core.measure.registration import Registration
    from mirage_core.project import Project
    from mirage_viewer.follow_up.getter import FoveaOf

F64 = NDArray[np.float64]
Pair = tuple[str, str]

TOPIC = "follow-up"
NO_SCAN = "Open a scan first; then its visits are listed."
NO_PROJECT = "This scan is in no project, so its other visits are not known."
ALONE = "There is no other visit of this eye in the project."
ALONE_HINT = (
    "Bring it in with File > Import folder into the project, or open its file once. Scans belong "
    "together when their files name the same patient and the same eye."
)
UNREADY = (
    "The other visit's pixels are not in the project yet. Open its file once and wait until it "
    "is copied."
)
_FAULT = "there is a fault in the program."


class FollowingUp:
    """The comparison of visits in one window.

    Parameters
    ----------
    place : Place
    background : Background
    put : callable
        Returns where a person put the fovea of the open scan, None where that is not known here.
    engines : callable
        Returns the engines there are, for what they look for.
    fovea_of : callable
        Returns where a person put the fovea of a scan of a project.

    Signals
    -------
    changed()
        Visits, choice, comparison, or what goes on.
    said(Message)
        How writing a table ended.

    Attributes
    ----------
    visits : tuple of VisitLine
        The earliest first.
    first, later : str
        Ids of the scans compared, empty for none.
    pair : (str, str)
        Surfaces of the maps.
    shown : Comparison or None
        As it was last worked out.
    stale : bool
        Something changed since; it is worked out anew.
    problem : str
        Why it could not be, empty if it could.
    stopped : bool
        The user does not wait for it any more.
    active : bool
        Somebody looks.
    """

    changed: ClassVar[Signal] = Signal()
    said: ClassVar[Signal] = Signal(Message)

    def __init__(
        self,
        place: Place,
        background: Background,
        put: Callable[[], Fovea | None],
        engines: Callable[[], Sequence[EngineInfo]] = lambda: (),
        fovea_of: FoveaOf = lambda project, scan_id: project.foveas.get(scan_id),
    ) -> None:
        self._place, self._put, self._engines, self._fovea_of = place, put, engines, fovea_of
        self._listing = Latest(background, self._failed)
        self._work = Latest(background, self._failed)
        self._writing = Latest(background, self._not_written)
        self.keeper = RegistrationKeeper(place, background)
        self.pair: Pair = ("ILM", "BM")
        self._turn = 0
        self.active = False
        self._begin()

    def _begin(self) -> None:
        self._turn += 1
        for work in (self._listing, self._work):
            work.forget()
        self.visits: tuple[VisitLine, ...] = ()
        self.first = self.later = ""
        self.shown: Comparison | None = None
        self.stale, self.problem, self.stopped = False, "", False
        self._loaded: dict[str, Visit] = {}
        self._fundus: dict[str, Fundus] = {}
        self._known: dict[Pair, Registration | None] = {}
        self._project: Project | None = None

    @property
    def busy(self) -> bool:
        """True while something is worked out."""
        return self._work.busy or self._listing.busy

    @property
    def why(self) -> str:
        """Why nothing is compared, and what to do; empty where something is."""
        opened = self._place.open_scan
        if opened is None:
            return NO_SCAN
        if opened.project is None or opened.record is None:
            return f"{NO_PROJECT} {ALONE_HINT}"
        if self._listing.busy or self.problem:
            return ""
        if len(self.visits) < 2:
            return f"{ALONE} {ALONE_HINT}"
        return "" if self.first and self.later else UNREADY

    @property
    def lines(self) -> tuple[VisitLine, VisitLine] | None:
        """The visits compared."""
        by_id = {line.id: line for line in self.visits}
        if self.first in by_id and self.later in by_id:
            return by_id[self.first], by_id[self.later]
        return None

    # ------------------------------------------------------------------ which visits

    def look(self) -> None:
        """Somebody looks: list the visits of the open scan's eye and compare two of them."""
        self.active = True
        self._begin()
        opened = self._place.open_scan
        if opened is None or opened.project is None or opened.record is None:
            self.changed.emit()
            return
        project, record, viewer = opened.project, opened.record, self._place.author
        self._project = project

        def done(visits: tuple[VisitLine, ...]) -> None:
            self.visits = tuple(as_open(v, opened) if v.id == record.id else v for v in visits)
            ready = [v.id for v in visits if v.stored]
            if record.id in ready and len(ready) > 1:
                # The first against the one shown; where that is the first, against the last.
                self.first = ready[0]
                self.later = record.id if record.id != ready[0] else ready[-1]
            self.compare()

        self._listing.ask(lambda: visits_of(project, record, viewer), done)
        self.changed.emit()

    def leave(self) -> None:
        """Nobody looks any more: drop what was loaded."""
        self.active = False
        self._begin()

    def choose(self, first: str, later: str) -> None:
        """Compare other visits; of two, the earlier is the baseline."""
        order = [v.id for v in self.visits if v.stored]
        if first == later or first not in order or later not in order:
            self.changed.emit()
            return
        first, later = sorted((first, later), key=order.index)
        if (first, later) != (self.first, self.later):
            self.first, self.later = first, later
            self.shown = None
            self.compare()

    def later_than_first(self) -> tuple[VisitLine, ...]:
        """The visits after the baseline that can be compared; none of them of the other eye."""
        ids = [v.id for v in self.visits]
        if self.first not in ids:
            return ()
        at = ids.index(self.first)
        first, after = self.visits[at], self.visits[at + 1 :]
        return tuple(v for v in after if v.stored and not other_eye(first, v))

    # ------------------------------------------------------------------ comparing

    def edited(self) -> None:
        """The work on the open scan changed: :meth:`compare` is to be called soon."""
        if self.active and self.shown is not None and not self.stale:
            self.stale = True
            self.changed.emit()

    def compare(self) -> None:
        """Compare the visits chosen anew."""
        lines, opened = self.lines, self._place.open_scan
        self.problem, self.stopped = "", False
        self._turn += 1
        if lines is None or opened is None:
            self.changed.emit()
            return
        get, key, pair, fundus = self._getter(opened), self._key, self.pair, self._fundus
        turn = self._turn
        self.stale = self.shown is not None

        def work() -> Comparison:
            visits = get.visit(lines[0]), get.visit(lines[1])
            return compare(lines, visits, get.registration(*key), pair, fundus)

        def done(comparison: Comparison) -> None:
            if turn != self._turn:
                return  # something else is wanted by now
            self.shown, self.stale = comparison, False
            before, registration = self._known.get(key), comparison.registration
            if before is not None and before.alike != before.alike:
                self._place_by(key, registration)  # how well it fits is known by now
            elif registration is not None:
                self._known[key] = registration
            self.changed.emit()

        self._work.ask(work, done)
        self.changed.emit()

    def cancel(self) -> None:
        """Do not wait for it any more."""
        if self.busy:
            self._listing.forget()
            self._work.forget()
            self.stopped = True
            self.changed.emit()

    def choose_pair(self, upper: str, lower: str) -> None:
        """Show maps between other surfaces."""
        self.pair = upper, lower
        shown = self.shown
        if shown is None or self._work.busy or self.stale:
            self.compare()
            return

        turn = self._turn

        def done(fresh: Comparison) -> None:
            if self.shown is shown and turn == self._turn:
                self.shown = fresh
            self.changed.emit()

        self._work.ask(lambda: with_maps(shown, (upper, lower)), done)
        self.changed.emit()

    # ------------------------------------------------------------------ bringing together

    @property
    def _key(self) -> Pair:
        return self.first, self.later

    def place(self, matrix: F64) -> None:
        """Lay the later visit over the first as a person did."""
        self.keep(matrix)
        self.compare()

    def keep(self, matrix: F64) -> None:
        """Keep how a person laid the later visit over the first."""
        from mirage_core.measure.registration import Registration, RegistrationSource

        nan = float("nan")
        self._place_by(self._key, Registration(matrix, nan, nan, RegistrationSource.USER))

    def use_as_it_is(self) -> None:
        """Keep how the visits lie now, as looked at by a person."""
        from mirage_core.measure.registration import RegistrationSource

        shown = self.shown
        if shown is None or shown.start is None:
            return
        if shown.registration is None:
            self.place(shown.start.matrix)
        elif shown.registration.source is RegistrationSource.VESSELS:
            confirmed = replace(shown.registration, source=RegistrationSource.CONFIRMED)
            self._place_by(self._key, confirmed)
            self.compare()

    def find_again(self) -> None:
        """Drop what a person did, and find by the vessels how the visits lie."""
        self._place_by(self._key, None)
        self.compare()

    def finish(self) -> str:
        """Write what waits here and now; return why it cannot be, ``""`` if it is."""
        return self.keeper.finish()

    def _place_by(self, key: Pair, registration: Registration | None) -> None:
        self._known[key] = registration
        if self._project is not None and self.kept and all(key):
            self.keeper.keep(self._project, key, registration, self._place.author)

    @property
    def kept(self) -> bool:
        """Whether the project keeps what a person does."""
        return self._project is not None and not self._project.read_only

    def _getter(self, opened: OpenScan) -> Getter:
        return Getter(
            opened,
            self._place.author,
            self._put(),
            self._engines(),
            self.keeper,
            self._loaded,
            dict(self._known),
            self._fovea_of,
        )

    # ------------------------------------------------------------------ the table

    def write_table(self, path: Path) -> None:
        """Write the changes from the baseline to each later visit as CSV."""
        opened, lines = self._place.open_scan, self.lines
        if opened is None or lines is None or self._writing.busy:
            return
        later, get, pseudonym = self.later_than_first(), self._getter(opened), opened.name
        first, laterality = lines[0], opened.scan.laterality

        def work() -> int:
            from mirage_viewer.follow_up.export import write_changes

            return write_changes(path, get, first, later, (pseudonym, laterality))

        def done(n: int) -> None:
            words = "1 later visit" if n == 1 else f"{n} later visits"
            self.said.emit(
                Message(f"The changes to {words} are written to {path.name}.", topic=TOPIC)
            )
            self.changed.emit()

        self._writing.ask(work, done)
        self.changed.emit()

    @property
    def writing(self) -> bool:
        """True while a table is written."""
        return self._writing.busy

    # ------------------------------------------------------------------ trouble

    def _failed(self, error: Exception) -> None:
        words = _words_of(error)
        self.problem = words or f"The visits could not be compared: {_FAULT}"
        self.shown, self.stale = None, False
        self.changed.emit()
        if not words:
            raise error

    def _not_written(self, error: Exception) -> None:
        message, words = from_error(error, TOPIC), _words_of(error)
        self.changed.emit()
        if not words:
            raise error
        text = f"The table was not written: {words}"
        self.said.emit(message or Message(text, level=Level.ERROR, topic=TOPIC))


def _words_of(error: Exception) -> str:
    """Return what an error means for people; empty for a fault in the program."""
    from mirage_core.measure.measured import NotMeasuredError

    message = from_error(error, TOPIC)
    if message is not None:
        return f"{message.text} {message.hint}".strip()
    return str(error) if isinstance(error, (NotMeasuredError, SpacingUnknownError)) else ""
