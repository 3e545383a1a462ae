"""The same scan opened again: the project's word stands, whatever way the scan comes in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from mirage_core.annotate import Edit, Patch, Target
from mirage_core.project import Project
from mirage_core.scan import Laterality, Provenance, Spacing, Surfaces
from tests.project.eyes import make_scan, same, step


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "study") as project:
        yield project


def test_a_spacing_set_by_the_user_holds_when_the_file_is_opened_again(project: Project) -> None:
    record = project.add_scan(make_scan())
    project.set_spacing(record, db=0.12, dz=0.003)
    again = make_scan()
    session = project.session(project.add_scan(again), "grader", scan=again)
    assert session.scan.spacing.as_mm() == (0.12, 0.003, 0.0116)
    assert session.scan.spacing.z.source is Provenance.USER


def test_spacings_set_in_two_windows_do_not_undo_each_other(project: Project) -> None:
    record = project.add_scan(make_scan())
    with Project.open(project.folder) as other:
        other.set_spacing(record, db=0.12)
    assert project.set_spacing(record, dz=0.003).spacing.as_mm() == (0.12, 0.003, 0.0116)


def test_what_was_unknown_is_taken_from_a_file_that_knows(project: Project) -> None:
    vague = replace(make_scan(), spacing=Spacing(), laterality=Laterality.UNKNOWN)
    project.import_pixels(project.add_scan(vague), vague)
    record = project.add_scan(make_scan(), "grader")
    assert record.laterality is Laterality.OS
    assert record.title == make_scan().title
    assert record.spacing == make_scan().spacing
    stored = project.open_scan(record)
    assert (stored.laterality, stored.spacing) == (record.laterality, record.spacing)
    log = [(row.what, row.author) for row in project.audit(record.id)]
    assert log[-2:] == [("spacing", "grader"), ("laterality", "grader")]
    project.add_scan(make_scan(), "grader")
    assert len(project.audit(record.id)) == len(log)


def test_what_is_known_is_not_changed_by_a_file_that_says_otherwise(project: Project) -> None:
    record = project.add_scan(make_scan())
    other = replace(make_scan(), spacing=Spacing.from_mm(1.0, 1.0, 1.0), laterality=Laterality.OD)
    again = project.add_scan(other)
    assert (again.laterality, again.spacing.z.mm) == (Laterality.OS, record.spacing.z.mm)
    session = project.session(again, "grader", scan=other)
    assert session.scan.laterality is Laterality.OS
    assert any("other eye" in note for note in session.scan.notes)


def test_edits_stay_on_the_surfaces_they_were_drawn_over(project: Project) -> None:
    scan = make_scan()
    record = project.import_pixels(project.add_scan(scan), scan)
    vendor = scan.vendor_surfaces
    assert vendor is not None
    exported_anew = replace(scan, vendor_surfaces=Surfaces(vendor.values + 3, vendor.names))
    session = project.session(record, "grader", scan=exported_anew)
    for number in range(5):
        step(session, 3, number)
    worked = session.annotation.copy()
    project.close_session(session)
    assert same(project.session(record, "grader").annotation, worked)


def test_a_stored_file_that_was_lost_can_be_brought_back(project: Project) -> None:
    scan = make_scan()
    record = project.import_pixels(project.add_scan(scan), scan)
    (project.folder / "scans" / f"{record.id}.h5").unlink()
    lost = project.scan(record.id)
    assert not lost.imported
    assert project.import_pixels(lost, scan).sha256 == record.sha256
    assert np.array_equal(project.open_scan(record).b_scan(2), scan.b_scan(2))


def test_a_name_that_is_no_unicode_does_not_stop_the_edits(project: Project) -> None:
    scan = make_scan()
    session = project.session(project.add_scan(scan), "grader", scan=scan)
    session.author = "J\udce9r"
    step(session, 1, 0)
    assert not session.unsaved


def test_the_audit_trail_keeps_the_order_when_a_clock_is_set_back(project: Project) -> None:
    scan = make_scan()
    record = project.add_scan(scan)
    session = project.session(record, "grader", scan=scan)
    values = np.zeros((1, 1, 1), np.uint8)
    for hours in range(3):
        time = datetime.now(UTC) - timedelta(hours=hours)
        patch = Patch(Target.MASKS, (0, hours, 0), values, values + 1)
        session.apply(Edit((patch,), "pen", f"Stroke {hours}", "grader", time))
    labels = [row.label for row in project.audit(record.id) if row.tool]
    assert labels == ["Stroke 0", "Stroke 1", "Stroke 2"]
