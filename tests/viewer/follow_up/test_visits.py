"""Which scans of a project are visits of one eye, and whose work on them is measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from mirage_core.annotate import State
from mirage_core.project import Project
from mirage_core.scan import Laterality, PatientIdentity
from mirage_viewer.follow_up.visits import VisitLine, doubts_of, load, visits_of
from tests.viewer.follow_up.studies import DAYS, SMALL, first_visit, second_visit

Study = Callable[[str], Path]


def test_the_earliest_stands_first_whichever_was_added_first(tmp_path: Path) -> None:
    with Project.create(tmp_path / "p") as project:
        for scan in (second_visit(), first_visit()):
            record = project.add_scan(scan, "Anna")
            project.import_pixels(record, scan)
        lines = visits_of(project, record, "Anna")
    assert [line.day for line in lines] == list(DAYS[:2])
    assert [line.state for line in lines] == ["as the device drew it"] * 2
    assert lines[0].size == "25 × 96"


def test_other_patients_and_the_other_eye_are_no_visits(study: Study) -> None:
    with Project.open(study("two")) as project:
        record = project.scans.all()[0]
        eye = first_visit(replace(SMALL, noise=1.1))
        stranger = replace(eye, identity=PatientIdentity("", "other"))
        other_eye = replace(first_visit(replace(SMALL, noise=1.2)), laterality=Laterality.OS)
        unknown = replace(first_visit(replace(SMALL, noise=1.3)), laterality=Laterality.UNKNOWN)
        for scan in (stranger, other_eye, unknown):
            project.import_pixels(project.add_scan(scan, "Anna"), scan)
        ids = [line.id for line in visits_of(project, record, "Anna")]
        known = [r.id for r in project.scans.all()]
    # Of an eye that is not known it may be this one; the comparison warns of that.
    assert sorted(ids) == sorted([known[0], known[1], known[4]])


def test_the_same_acquisition_twice_is_one_visit(study: Study) -> None:
    with Project.open(study("two")) as project:
        record = project.scans.all()[0]
        scan = first_visit()
        again = replace(scan, pixels=_Again(scan.pixels))
        fresh = project.import_pixels(project.add_scan(again, "Anna"), again)
        assert fresh.id != record.id
        assert fresh.id not in [v.id for v in visits_of(project, record, "Anna")]
        assert fresh.id in [v.id for v in visits_of(project, fresh, "Anna")]


class _Again:
    """The same grey, stored in another type, as another program exports it."""

    def __init__(self, pixels: object) -> None:
        self._pixels = pixels
        self.shape = pixels.shape  # type: ignore[attr-defined]

    def display(self, b: int) -> np.ndarray:
        return self._pixels.display(b)  # type: ignore[attr-defined, no-any-return]

    def raw(self, b: int) -> np.ndarray:
        return self.display(b).astype(np.uint16)


def test_ones_own_work_is_measured_then_the_consensus_then_the_latest(study: Study) -> None:
    with Project.open(study("two")) as project:
        record = project.scans.all()[0]
        by_ben = project.session(record, "Ben")
        by_ben.set_state([0, 1], State.APPROVED)
        project.close_session(by_ben)

        def state(viewer: str) -> str:
            return visits_of(project, record, viewer)[0].state

        assert state("grader").startswith("grader: ")
        assert state("Ben") == "Ben: 2 of 25 approved"
        assert state("Clara") == "Ben: 2 of 25 approved"  # he was at work last
        agreed = project.consensus(record, "Ben")
        agreed.set_state([0], State.APPROVED)
        project.close_session(agreed)
        assert state("Clara").startswith("Consensus: ")
        assert state("Ben") == "Ben: 2 of 25 approved"
        project.set_blind(True, "Lead")
        assert state("Clara") == "as the device drew it"


def test_a_visit_is_loaded_with_its_work_and_its_fovea(study: Study) -> None:
    from mirage_core.measure.fovea import Fovea

    with Project.open(study("two")) as project:
        record = project.scans.all()[0]
        project.foveas.set(record.id, Fovea(12.0, 40.0), "Anna")
        first, second = visits_of(project, record, "grader")
        mine, device = load(project, first, "grader"), load(project, second, "grader")
    assert (mine.annotated.states[0] == State.PREDICTED).all()
    assert (device.annotated.states[0] == State.VENDOR).all()
    assert mine.fovea == Fovea(12.0, 40.0)
    assert device.fovea is None


def test_a_scan_whose_pixels_are_not_stored_is_listed_and_cannot_be_compared(study: Study) -> None:
    with Project.open(study("one")) as project:
        project.add_scan(second_visit(), "Anna")
        lines = visits_of(project, project.scans.all()[0], "Anna")
    assert [line.stored for line in lines] == [True, False]
    assert "not in the project yet" in lines[1].state


def test_a_fovea_that_waits_to_be_written_is_that_of_the_visit(study: Study) -> None:
    from mirage_core.measure.fovea import Fovea

    with Project.open(study("two")) as project:
        first, _ = visits_of(project, project.scans.all()[0], "grader")
        waiting = Fovea(11.0, 30.0)
        assert load(project, first, "grader", (), lambda *_: waiting).fovea == waiting


def test_the_order_of_visits_without_a_day_is_not_known() -> None:
    dated = VisitLine("1", DAYS[0], "", "", "")
    without = replace(dated, id="2", day=None)
    unsure = ("The order of the visits is not known.",)
    assert doubts_of((dated, replace(dated, day=DAYS[1]))) == ()
    assert doubts_of((dated, without)) == doubts_of((without, dated)) == unsure


def test_who_drew_the_two_visits_is_said_where_it_is_not_one() -> None:
    anna = VisitLine("1", DAYS[0], "", "", "", whose="Anna")
    ben = replace(anna, whose="Ben")
    (words,) = doubts_of((anna, ben))
    assert "(Anna and Ben)" in words
    assert doubts_of((anna, anna)) == ()
