"""What is measured of every kind of scan lies right over its fundus picture. No window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest
from psygnal import Signal

from mirage_core.annotate import Session
from mirage_core.measure.fovea import Fovea
from mirage_core.scan import (
    ArrayPixels,
    CirclePosition,
    Laterality,
    LinePosition,
    Scan,
    ScanGeometry,
    ScanPattern,
    Spacing,
    State,
)
from mirage_viewer.background import Inline
from mirage_viewer.measuring import desk as measuring_desk
from mirage_viewer.measuring.desk import Measuring, source_words
from mirage_viewer.measuring.keeping import NOT_KEPT, FoveaKeeper
from mirage_viewer.measuring.latest import Latest
from mirage_viewer.measuring.maps import MapChoice, MapKind
from mirage_viewer.measuring.words import FigureLine, figure_lines
from mirage_viewer.messages import Message
from mirage_viewer.opening import OpenScan

N, HEIGHT, WIDTH = 25, 60, 81
STEP = 0.1  # mm between B-scans and, by the SLO, 0.02 mm a pixel


class DiskFullError(Exception):
    """A disk that takes nothing more."""

    what, hint = "The disk is full.", "Make room."


class Foveas:
    """A project that keeps what is put, unless its disk is full."""

    def __init__(self) -> None:
        self.foveas, self.read_only, self.full = self, False, False
        self.id = "one"
        self.written: list[Fovea | None] = []

    def add_scan(self, _scan: Scan, _author: str) -> Foveas:
        return self

    def get(self, _scan_id: str) -> Fovea | None:
        return self.written[-1] if self.written else None

    def set(self, _scan_id: str, fovea: Fovea | None, _author: str) -> None:
        if self.full:
            raise DiskFullError
        self.written.append(fovea)


class Shown:
    """A place with one scan."""

    scan_changed: ClassVar[Signal] = Signal()

    def __init__(self) -> None:
        self.open_scan: OpenScan | None = None
        self.author = "Anna"
        self.said: list[Message] = []

    def say(self, message: Message) -> None:
        self.said.append(message)

    def hush(self, topic: str) -> None:
        pass


def raster(*, superior_first: bool, slo: bool = True, laterality: Laterality) -> Scan:
    rows = 30.0 + 5.0 * np.arange(N)
    if not superior_first:
        rows = rows[::-1]
    lines = tuple(LinePosition((float(r), 30.0), (float(r), 130.0)) for r in rows)
    geometry = ScanGeometry(ScanPattern.RASTER, lines if slo else (), superior_first, (0.02, 0.02))
    return Scan(
        ArrayPixels(np.zeros((N, HEIGHT, WIDTH), np.uint8)),
        Spacing.from_mm(STEP, 0.004, 0.025),
        geometry,
        slo=np.full((180, 160), 90, np.uint8) if slo else None,
        laterality=laterality,
    )


def flat(_b: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.full(x.shape, 40.0)


def measured(scan: Scan, bm: Callable[[np.ndarray, np.ndarray], Any], **chosen: Any) -> Measuring:
    """Measure `scan` with the ILM at row 10 and BM at ``bm(b, x)``."""
    session = Session(scan)
    annotation = session.annotation
    b, x = np.meshgrid(np.arange(scan.n_b_scans), np.arange(scan.shape[2]), indexing="ij")
    annotation.surfaces["ILM"][...] = 10
    annotation.surfaces["RNFL/GCL"][...] = 10 + 0.2 * (bm(b, x) - 10)
    annotation.surfaces["BM"][...] = bm(b, x)
    annotation.states[:] = State.EDITED
    place, project = Shown(), Foveas()
    measuring = Measuring(place, Inline(), lambda: project)
    measuring.project = project
    measuring.kept_place = place  # signals hold it only weakly
    for name, value in chosen.items():
        setattr(measuring, name, value)
    place.open_scan = OpenScan(session, editable=True)
    place.scan_changed.emit()
    measuring.activate()
    return measuring


@pytest.mark.parametrize("smooth", [True, False])
@pytest.mark.parametrize("superior_first", [True, False])
def test_a_map_lies_where_its_a_scans_are(superior_first: bool, smooth: bool) -> None:
    scan = raster(superior_first=superior_first, laterality=Laterality.OS)
    # Thicker from B-scan to B-scan, and thicker to the right.
    seen = measured(scan, lambda b, x: 30 + 0.5 * b + 0.1 * x, smooth=smooth).seen
    heat, values = seen.heat, seen.en_face.values
    scale = heat.values.shape[0] / 180
    for b, x in ((3, 10), (12, 40), (20, 70)):
        row, col = scan.geometry.slo_point(b, x, WIDTH)
        found = heat.values[round((row + 0.5) * scale - 0.5), round((col + 0.5) * scale - 0.5)]
        assert found == pytest.approx(values[b, x], abs=1.5 if smooth else 2.5)
    assert np.isnan(heat.values[0, 0])


def test_between_b_scans_a_smooth_map_has_no_steps() -> None:
    scan = raster(superior_first=True, laterality=Laterality.OD)
    steps = {}
    for smooth in (True, False):
        column = measured(scan, lambda b, _x: 30 + b, smooth=smooth).seen.heat.values[:, 80]
        steps[smooth] = np.nanmax(np.abs(np.diff(column)))
    assert steps[True] < 0.4 * steps[False]


@pytest.mark.parametrize("laterality", [Laterality.OD, Laterality.OS])
@pytest.mark.parametrize("superior_first", [True, False])
def test_superior_is_up_and_nasal_on_its_side(superior_first: bool, laterality: Laterality) -> None:
    scan = raster(superior_first=superior_first, laterality=laterality)
    measuring = measured(scan, flat)
    measuring.put_fovea(12.0, 40.0)
    grid = measuring.seen.grid
    at = {c.text: grid.frame.to_px(grid.centre_mm + np.array([c.x_mm, c.y_mm])) for c in grid.sides}
    middle = grid.frame.to_px(grid.centre_mm)
    assert middle == pytest.approx((90.0, 80.0), abs=0.6)
    assert at["S"][0] < middle[0] < at["I"][0]
    nasal = at["N"][1] - middle[1]
    assert (nasal > 0) == (laterality is Laterality.OD)
    assert measuring.seen.grid.frame.to_mm(middle) == pytest.approx(grid.centre_mm)


def test_of_an_unknown_eye_no_side_is_claimed() -> None:
    scan = raster(superior_first=True, laterality=Laterality.UNKNOWN)
    measuring = measured(scan, flat)
    measuring.put_fovea(12.0, 40.0)
    assert [c.text for c in measuring.seen.grid.sides] == ["S", "I"]


@pytest.mark.parametrize("superior_first", [True, False])
def test_without_an_slo_the_projection_carries_map_and_grid(superior_first: bool) -> None:
    scan = raster(superior_first=superior_first, slo=False, laterality=Laterality.OD)
    measuring = measured(scan, lambda b, _x: 30 + b)
    measuring.put_fovea(6.0, 40.0)
    seen = measuring.seen
    row = 6 if superior_first else N - 1 - 6
    assert seen.heat.values[row, 40] == pytest.approx(seen.en_face.values[6, 40])
    assert seen.grid.frame.to_px(seen.grid.centre_mm) == pytest.approx((row, 40))


def test_a_dragged_fovea_is_where_the_hand_let_it_go() -> None:
    measuring = measured(raster(superior_first=False, laterality=Laterality.OD), flat)
    grid = measuring.seen.grid
    place = grid.frame.to_mm(np.array([70.0, 100.0]))
    measuring.drag_fovea(*place, final=True)
    # Row 70 is the ninth from the top, the first stored being the lowest; column 100 of 30..130.
    assert measuring.put.b == pytest.approx(16.0, abs=0.01)
    assert measuring.put.x == pytest.approx(0.7 * (WIDTH - 1), abs=0.01)
    assert "by hand" in source_words(measuring.put)
    assert any("while the scan is open" in m.text for m in measuring.kept_place.said)


def test_beyond_the_scan_it_stays_at_its_edge() -> None:
    measuring = measured(raster(superior_first=True, laterality=Laterality.OD), flat)
    measuring.put_fovea(-3.0, 500.0)
    assert (measuring.put.b, measuring.put.x) == (0.0, WIDTH - 1.0)


def circle() -> Scan:
    return Scan(
        ArrayPixels(np.zeros((1, HEIGHT, 180), np.uint8)),
        Spacing.from_mm(None, 0.004, 0.06),
        ScanGeometry(ScanPattern.CIRCLE, (CirclePosition((90.0, 80.0), 60.0),), None, (0.03, 0.03)),
        slo=np.full((180, 160), 90, np.uint8),
        laterality=Laterality.OS,
    )


def names(lines: tuple[FigureLine, ...]) -> set[str]:
    return {n for line in lines for n in (line.name, *names(line.lines))}


def test_a_circle_scan_has_sectors_and_a_profile_instead_of_a_grid() -> None:
    measuring = measured(circle(), flat)
    assert measuring.seen.grid is None
    assert measuring.seen.heat is not None
    profile = measuring.profile(0)
    assert [d for d, _ in profile] == list(range(0, 360, 5))
    assert {round(um, 3) for _, um in profile} == {24.0}
    shown = names(figure_lines(measuring.seen.figures, {}))
    assert {"RNFL: ILM to RNFL/GCL", "Nasal superior", "Temporal"} <= shown
    assert "CST" not in shown


def test_a_circle_scan_has_no_fovea_to_put_and_says_so() -> None:
    measuring = measured(circle(), flat)
    measuring.put_fovea(0.0, 90.0)
    assert measuring.put is None
    assert any("no grid" in m.text for m in measuring.kept_place.said)


def test_a_map_of_what_nobody_looked_for_says_so() -> None:
    scan = raster(superior_first=True, laterality=Laterality.OD)
    measuring = measured(scan, flat)
    opened = measuring.kept_place.open_scan
    opened.session.annotation.states[-1] = State.UNSEEN
    measuring.choose(MapChoice(MapKind.MARKED, value=1))
    assert measuring.seen.heat is None
    assert "Nobody has looked" in measuring.seen.why


def test_a_map_of_a_class_that_the_model_may_not_know_is_not_empty_but_missing() -> None:
    measuring = measured(raster(superior_first=True, laterality=Laterality.OD), flat)
    opened = measuring.kept_place.open_scan
    opened.session.annotation.states[-1] = State.PREDICTED
    measuring.choose(MapChoice(MapKind.MARKED, value=1))
    assert measuring.seen.heat is None
    assert "not known to look for it" in measuring.seen.why
    opened.session.annotation.states[-1] = State.APPROVED
    measuring.choose(MapChoice(MapKind.MARKED, value=1))
    assert measuring.seen.heat is not None


def test_where_it_is_unknown_how_b_scans_lie_no_side_is_named() -> None:
    scan = raster(superior_first=True, slo=False, laterality=Laterality.OD)
    scan = replace(scan, geometry=replace(scan.geometry, superior_to_inferior=None))
    measuring = measured(scan, flat)
    measuring.put_fovea(12.0, 40.0)
    assert measuring.seen.grid is not None
    assert measuring.seen.grid.sides == ()


def test_each_circle_shows_its_own_profile() -> None:
    one = circle()
    two = replace(
        one,
        pixels=ArrayPixels(np.zeros((2, HEIGHT, 180), np.uint8)),
        geometry=replace(one.geometry, positions=one.geometry.positions * 2),
    )
    measuring = measured(two, lambda b, _x: 40.0 + 10 * b)
    assert {round(um, 3) for _, um in measuring.profile(0)} == {24.0}
    assert {round(um, 3) for _, um in measuring.profile(1)} == {32.0}


def test_where_the_b_scans_lie_is_not_guessed() -> None:
    scan = raster(superior_first=True, laterality=Laterality.OD)
    scan = replace(scan, geometry=ScanGeometry(ScanPattern.RASTER, (), True, (0.02, 0.02)))
    seen = measured(scan, flat).seen
    assert seen.heat is None
    assert seen.grid is None
    assert "not known" in seen.why
    cst = next(r for r in seen.figures.rows if r.figure == "CST")
    assert cst.structure == "ILM..BM"


class Slow:
    """A background whose work ends when it is told to."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def run(self, work: Any, done: Any = None, failed: Any = None) -> None:
        self.waiting.append(lambda: Inline().run(work, done, failed))

    def post(self, call: Any) -> None:
        call()

    def later(self, seconds: float, call: Any) -> None:
        pass


def test_of_the_wishes_that_come_meanwhile_only_the_last_is_done() -> None:
    background, got = Slow(), []
    latest = Latest(background, lambda error: got.append(str(error)))
    for n in range(4):
        latest.ask(lambda n=n: n, got.append)
    while background.waiting:
        background.waiting.pop(0)()
    assert got == [0, 3]
    assert not latest.busy


def test_what_is_forgotten_is_not_delivered_and_an_error_does_not_stop_the_next() -> None:
    background, got = Slow(), []
    latest = Latest(background, lambda error: got.append(type(error).__name__))
    latest.ask(lambda: 1, got.append)
    latest.forget()
    latest.ask(lambda: 1 / 0, got.append)
    latest.ask(lambda: 2, got.append)
    while background.waiting:
        background.waiting.pop(0)()
    assert got == ["ZeroDivisionError", 2]


def test_of_two_places_of_a_fovea_the_last_is_written_whoever_comes_first() -> None:
    background, project = Slow(), Foveas()
    keeper = FoveaKeeper(Shown(), background)
    for x in (10.0, 20.0):
        keeper.keep(project, "one", Fovea(3.0, x), "Anna")
    while background.waiting:
        background.waiting.pop()()
    assert [f.x for f in project.written] == [20.0]


def test_a_fovea_that_waits_is_written_at_the_end_and_is_the_one_that_counts() -> None:
    project, opened = Foveas(), OpenScan(Session(circle()))
    opened.project = opened.record = project
    keeper = FoveaKeeper(Shown(), Slow())
    keeper.keep(project, "one", Fovea(3.0, 10.0), "Anna")
    assert project.written == []
    assert keeper.stored(opened) == keeper.of(project, "one") == Fovea(3.0, 10.0)
    assert keeper.finish() == ""
    assert project.written == [Fovea(3.0, 10.0)]


def test_a_fovea_that_could_not_be_written_is_tried_again() -> None:
    place, project = Shown(), Foveas()
    keeper = FoveaKeeper(place, Inline())
    project.full = True
    keeper.keep(project, "one", Fovea(3.0, 10.0), "Anna")
    assert "The disk is full." in place.said[-1].text
    assert keeper.finish() == "The disk is full."
    project.full = False
    place.said[-1].do()
    assert project.written == [Fovea(3.0, 10.0)]


def test_a_fovea_put_before_the_scan_is_in_the_project_is_kept_once_it_is() -> None:
    measuring = measured(raster(superior_first=True, laterality=Laterality.OD), flat)
    place, project = measuring.kept_place, Foveas()
    place.open_scan.editable = False
    measuring.put_fovea(12.0, 40.0)
    assert place.said == []
    place.open_scan.project = place.open_scan.record = project
    place.scan_changed.emit()
    assert project.written == [Fovea(12.0, 40.0)]


@pytest.mark.parametrize("next_scan", [True, False])
def test_a_fovea_of_a_scan_that_is_left_before_it_is_in_the_project_is_kept(
    next_scan: bool,
) -> None:
    measuring = measured(raster(superior_first=True, laterality=Laterality.OD), flat)
    place = measuring.kept_place
    place.open_scan.editable = False
    measuring.put_fovea(12.0, 40.0)
    place.open_scan = OpenScan(Session(circle())) if next_scan else None
    place.scan_changed.emit()
    assert measuring.project.written == [Fovea(12.0, 40.0)]
    assert measuring.finish() == ""
    assert len(measuring.project.written) == 1


def test_a_fovea_put_early_is_written_when_the_window_closes_or_it_is_said_why_not() -> None:
    measuring = measured(raster(superior_first=True, laterality=Laterality.OD), flat)
    measuring.kept_place.open_scan.editable = False
    measuring.put_fovea(12.0, 40.0)
    measuring.project.full = True
    assert measuring.finish() == "The disk is full."
    measuring.project.full = False
    assert measuring.finish() == ""
    assert measuring.project.written[-1] == Fovea(12.0, 40.0)


def test_an_early_fovea_that_a_project_cannot_take_is_said() -> None:
    place, project = Shown(), Foveas()
    project.read_only = True
    keeper = FoveaKeeper(place, Inline())
    keeper.keep_early(lambda: project, circle(), Fovea(0.0, 10.0), "Anna")
    assert place.said[-1].text == NOT_KEPT
    assert project.written == []
    keeper.hold(lambda: project, circle(), Fovea(0.0, 10.0), "Anna")
    assert "cannot be kept" in keeper.finish()
    assert keeper.finish() == ""


def test_a_project_that_cannot_be_opened_is_tried_again() -> None:
    def gone() -> Foveas:
        raise DiskFullError

    place, project, ways = Shown(), Foveas(), [gone]
    keeper = FoveaKeeper(place, Inline())
    keeper.keep_early(lambda: ways[-1](), circle(), Fovea(0.0, 10.0), "Anna")
    assert "The disk is full." in place.said[-1].text
    assert keeper.finish() == "The disk is full."
    ways.append(lambda: project)
    place.said[-1].do()
    assert project.written == [Fovea(0.0, 10.0)]


def test_what_cannot_be_measured_is_no_longer_measured_and_counts_as_out_of_date(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    measuring = measured(raster(superior_first=True, laterality=Laterality.OD), flat)
    assert measuring.current
    told: list[str] = []
    measuring.changed.connect(lambda: told.append(measuring.problem))

    def fail(*_: Any) -> None:
        raise DiskFullError

    with monkeypatch.context() as broken:
        broken.setattr(measuring_desk, "all_of", fail)
        measuring.measure()
    assert "The disk is full." in told
    assert not measuring.busy
    assert not measuring.current
    measuring.measure()
    assert measuring.current
