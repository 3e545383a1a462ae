"""Measuring: figures, map and grid of the scan shown, as they are now. No Qt.

All is worked out in the background, a moment after an edit; while the fovea is moved only its
nine figures are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np
from psygnal import Signal, SignalInstance

from mirage_core.measure.fovea import Fovea, FoveaSource
from mirage_viewer.background import Background
from mirage_viewer.canvas.fundus_figures import FundusGrid
from mirage_viewer.measuring.keeping import NOT_KEPT, READ_ONLY, FoveaKeeper
from mirage_viewer.measuring.latest import Latest
from mirage_viewer.measuring.maps import MapChoice, Picture
from mirage_viewer.measuring.report import ReportRun
from mirage_viewer.measuring.seen import Seen, all_of, laid_over, nine_of, sought_by
from mirage_viewer.messages import Level, Message, from_error
from mirage_viewer.place import Place

if TYPE_CHECKING:
    from mirage_core.engines.base import EngineInfo
    from mirage_core.project import Project
    from mirage_core.scan import Scan

TOPIC = "measure"
_NOWHERE = "This scan has no grid, and so no fovea to measure about."
_FAULT = "there is a fault in the program."


class MeasuredPlace(Place, Protocol):
    """Where the scan is measured: the desk."""

    @property
    def scan_changed(self) -> SignalInstance:
        """Another scan is shown, or its spacing changed."""
        ...


class Measuring:
    """The figures of one window.

    Signals
    -------
    changed()
        Figures are new, or out of date.
    laid()
        Map or grid over the fundus is new.
    fovea_put()
        A person put the fovea elsewhere, or has it sought again.

    Attributes
    ----------
    seen : Seen or None
        As it was last worked out.
    stale : bool
        The work changed since.
    problem : str
        Why it could not be worked out the last time, empty if it could.
    put : Fovea or None
        Where a person put the fovea; None: it is sought.
    choice : MapChoice
    smooth : bool
        Maps are interpolated between B-scans.
    active : bool
        Somebody looks: nothing is worked out before.
    reports : ReportRun
        Writes reports and tables.
    keeper : FoveaKeeper
        Knows where foveas were put, also those that are not written yet.
    """

    changed: ClassVar[Signal] = Signal()
    laid: ClassVar[Signal] = Signal()
    fovea_put: ClassVar[Signal] = Signal()

    def __init__(
        self,
        place: MeasuredPlace,
        background: Background,
        open_project: Callable[[], Project],
        engines: Callable[[], Sequence[EngineInfo]] = lambda: (),
    ) -> None:
        self._place = place
        self._open_project, self._engines = open_project, engines
        self._whole = Latest(background, self._not_measured)
        self._moving = Latest(background, self._report)
        self._shown: tuple[Scan, object] | None = None
        self._picture: Picture | None = None
        self._asked_project = False
        self._put_early = False
        self._edits = 0
        self._known_engines: tuple[EngineInfo, ...] = ()
        self.seen: Seen | None = None
        self.stale = False
        self.problem = ""
        self.put: Fovea | None = None
        self.choice = MapChoice()
        self.smooth = True
        self.active = False
        self.keeper = FoveaKeeper(place, background)
        self.reports = ReportRun(background, self.keeper.stored, engines)
        place.scan_changed.connect(self._scan_changed)

    @property
    def busy(self) -> bool:
        """True while figures are worked out."""
        return self._whole.busy

    @property
    def current(self) -> bool:
        """True if the figures are those of the work as it is now."""
        return self.seen is not None and not (self.busy or self.stale or self.problem)

    @property
    def fovea(self) -> Fovea | None:
        """The fovea that figures are about, None while there are none."""
        if self.put is not None:
            return self.put
        return self.seen.figures.fovea if self.seen is not None else None

    def profile(self, b: int) -> list[tuple[float, float]]:
        """Return the nerve fibre layer around the disc on circle `b`, ``(degrees, um)``."""
        if self.seen is None:
            return []
        from mirage_core.measure.circle_rows import circle_names, profile_of

        rows = self.seen.figures.rows
        circles = circle_names(rows)
        return profile_of(rows, circles[min(b, len(circles) - 1)]) if circles else []

    def value_at(self, b: int, x: float) -> float | None:
        """Return the map's value at column `x` of B-scan `b`, NaN where not known; None: no map."""
        if self.seen is None or self.seen.en_face is None:
            return None
        values = self.seen.en_face.values
        inside = 0 <= b < len(values) and 0 <= round(x) < values.shape[1]
        return float(values[b, round(x)]) if inside else float("nan")

    # ------------------------------------------------------------------ what is measured

    def activate(self) -> None:
        """Somebody looks from now on."""
        if not self.active:
            self.active = True
            self.measure()

    def _scan_changed(self) -> None:
        opened = self._place.open_scan
        shown = (opened.scan, opened.session) if opened is not None else None
        before = self._shown
        unchanged = shown is None or before is None or _same(shown, before)
        same = shown is not None and before is not None and shown[0].pixels is before[0].pixels
        self._keep_early(before, same=same)
        if unchanged and (shown is None) == (before is None) and self._asked_project:
            return
        self._shown = shown
        self._whole.forget()
        self._moving.forget()
        self._picture = None
        self._asked_project = False
        self.seen, self.stale, self.problem = None, False, ""
        if not same:
            self.put = None
            self._place.hush(TOPIC)
        self.changed.emit()
        self.laid.emit()
        self.measure()

    def edited(self) -> None:
        """The work changed: figures are out of date until :meth:`measure` is called."""
        self._edits += 1
        if self.active and self.seen is not None and not self.stale:
            self.stale = True
            self.changed.emit()

    def measure(self) -> None:
        """Work everything out anew."""
        opened = self._place.open_scan
        if not self.active or opened is None:
            return
        if self._picture is None:
            self._picture = Picture(opened.scan)
        scan, annotation, picture = opened.scan, opened.session.annotation, self._picture
        put, choice, smooth = self.put, self.choice, self.smooth
        ask = opened.project is not None and opened.record is not None and put is None
        ask = ask and not self._asked_project
        edits, engines = self._edits, self._engines()
        done_edits = tuple(opened.session.history.done)
        self.problem = ""

        def work() -> tuple[Seen, Fovea | None]:
            fovea = self.keeper.stored(opened) if ask else put
            sought = sought_by(done_edits, scan.n_b_scans, engines)
            return all_of(scan, annotation, picture, fovea, choice, smooth, sought), fovea

        def done(found: tuple[Seen, Fovea | None]) -> None:
            self.seen, self.stale, self.problem = found[0], edits != self._edits, ""
            if ask:
                self._asked_project = True
                self.put = self.put or found[1]
            self.changed.emit()
            self.laid.emit()

        self._whole.ask(work, done)
        self.changed.emit()

    def choose(self, choice: MapChoice) -> None:
        """Show another map, or none."""
        self.choice = choice
        self._lay_anew()

    def set_smooth(self, on: bool) -> None:
        """Interpolate maps between B-scans, or not."""
        self.smooth = on
        self._lay_anew()

    def _lay_anew(self) -> None:
        seen, picture, opened = self.seen, self._picture, self._place.open_scan
        if self._whole.busy or self.stale or self.problem:
            self.measure()
            return
        if seen is None or picture is None or opened is None:
            return
        choice, smooth, annotation = self.choice, self.smooth, opened.session.annotation

        def done(fresh: Seen) -> None:
            if self.seen is seen:
                self.seen = fresh
                self.laid.emit()

        self._whole.ask(
            lambda: laid_over(
                seen.figures, seen.ground, annotation, picture, choice, smooth, seen.looked_for
            ),
            done,
        )

    def engines_changed(self) -> None:
        """Other models are known now, and so perhaps what the one that drew the masks looks for."""
        engines = tuple(self._engines())
        if engines != self._known_engines:
            self._known_engines = engines
            self.measure()

    # ------------------------------------------------------------------ the fovea

    def put_fovea(self, b: float, x: float, *, final: bool = True) -> None:
        """Put the fovea on B-scan `b` and column `x`; while it moves it is not `final`."""
        opened = self._place.open_scan
        if opened is None:
            return
        if self.seen is not None and self.seen.ground.plane is None:
            self._place.say(Message(_NOWHERE, self.seen.ground.no_fovea, Level.INFO, TOPIC))
            return
        n, _, width = opened.scan.shape
        self.put = Fovea(min(max(b, 0.0), n - 1.0), min(max(x, 0.0), width - 1.0))
        if final:
            self._moving.forget()
            self._asked_project = True
            self._keep(self.put)
            self.fovea_put.emit()
            self.measure()
        else:
            self._follow()

    def drag_fovea(self, x_mm: float, y_mm: float, *, final: bool) -> None:
        """Put the fovea where it is dragged to on the fundus, in mm."""
        if self.seen is not None and self.seen.ground.plane is not None:
            b, x = self.seen.ground.plane.grid_place(np.array([x_mm, y_mm]))
            self.put_fovea(b, x, final=final)

    def seek_fovea(self) -> None:
        """Seek the fovea again instead of the place a person gave it."""
        if self.put is not None:
            self.put = None
            self._asked_project = True
            self._keep(None)
            self.fovea_put.emit()
            self.measure()

    def _follow(self) -> None:
        """Work out the nine figures about the fovea in hand."""
        seen, picture, opened, put = self.seen, self._picture, self._place.open_scan, self.put
        if seen is None or picture is None or opened is None or put is None:
            return
        annotation = opened.session.annotation

        def work() -> FundusGrid | None:
            ground = seen.ground.about(put)
            return nine_of(seen.en_face, ground, annotation, picture, moving=True)

        def done(grid: FundusGrid | None) -> None:
            if self.seen is not None:
                self.seen = replace(self.seen, grid=grid)
                self.laid.emit()

        self._moving.ask(work, done)

    def finish(self) -> str:
        """Write where foveas were put here and now; return why it cannot be, ``""`` if it is."""
        if self._put_early and self.put is not None and self._shown is not None:
            scan, author = self._shown[0], self._place.author
            self.keeper.hold(self._open_project, scan, self.put, author)
        return self.keeper.finish()

    def _keep(self, fovea: Fovea | None) -> None:
        opened = self._place.open_scan
        if opened is None:
            return
        project, record = opened.project, opened.record
        if project is None and not opened.editable:
            self._put_early = True
            return
        if project is None or record is None or project.read_only:
            why = READ_ONLY if project is not None else "It has no project."
            self._place.say(Message(NOT_KEPT, why, Level.INFO, TOPIC))
            return
        self.keeper.keep(project, record.id, fovea, self._place.author)

    def _keep_early(self, before: tuple[Scan, object] | None, *, same: bool) -> None:
        """Keep what was put before the scan had its place in the project, left or not."""
        if self._put_early:
            self._put_early = False
            if same:
                self._keep(self.put)
            elif before is not None and self.put is not None:
                author = self._place.author
                self.keeper.keep_early(self._open_project, before[0], self.put, author)

    def _not_measured(self, error: Exception) -> None:
        message = from_error(error, TOPIC)
        self.problem = message.text if message is not None else _FAULT
        self.changed.emit()
        self._report(error)

    def _report(self, error: Exception) -> None:
        message = from_error(error, TOPIC)
        if message is None:
            raise error
        self._place.say(message)


def _same(one: tuple[Scan, object], other: tuple[Scan, object]) -> bool:
    return one[0] is other[0] and one[1] is other[1]


def source_words(fovea: Fovea) -> str:
    """Return who says where the fovea is, and how sure that is."""
    if fovea.source is FoveaSource.USER:
        return "put by hand"
    if fovea.source is FoveaSource.CENTRE:
        return "not found; drag it into place"
    by = {"thickness": "found by thickness", "slo": "found on the SLO"}
    sure = f"{100 * fovea.confidence:.0f} % sure"
    return f"{by.get(fovea.source.value, fovea.source.value)}, {sure}"
