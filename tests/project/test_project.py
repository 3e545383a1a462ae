"""A project keeps scans and everyone's work on them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mirage_core.annotate import EventKind, Session, State
from mirage_core.project import Project, ProjectError, ScanNotStoredError, Trouble
from mirage_core.scan import AXES, Provenance
from tests.project.eyes import FILE_NAME, NAME, PATIENT_ID, make_scan, same, step

SEED = 7


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "study"


def test_opening_the_package_loads_no_sql_driver() -> None:
    code = (
        "import sys; from mirage_core.project import Project, import_pixels; "
        "assert not {'sqlalchemy', 'h5py', 'torch'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_folder_without_a_project_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="create a new project") as caught:
        Project.open(tmp_path)
    assert caught.value.trouble is Trouble.NOT_A_PROJECT


def test_a_project_is_never_created_over_another(folder: Path) -> None:
    Project.create(folder).close()
    with pytest.raises(ProjectError, match="here already"):
        Project.create(folder)


def test_open_or_create_makes_a_project_once(folder: Path) -> None:
    with Project.open_or_create(folder) as project:
        record = project.add_scan(make_scan())
    with Project.open_or_create(folder) as project:
        assert [row.scan for row in project.worklist()] == [record]


def test_the_same_scan_has_one_record_whatever_its_file_is_called(folder: Path) -> None:
    with Project.create(folder) as project:
        record = project.add_scan(make_scan())
        assert project.add_scan(make_scan(patient=False)) == record
        assert project.add_scan(make_scan(seed=1)).id != record.id


def test_scans_of_one_patient_share_a_pseudonym_that_can_be_changed(folder: Path) -> None:
    with Project.create(folder) as project:
        one, two = project.add_scan(make_scan(0)), project.add_scan(make_scan(1))
        stranger = project.add_scan(make_scan(2, patient=False))
        assert (one.pseudonym, two.pseudonym, stranger.pseudonym) == ("P0001", "P0001", "P0002")
        project.set_pseudonym(one, "AMD-17")
        assert project.scan(two.id).pseudonym == "AMD-17"
        with pytest.raises(ValueError, match="Another patient is called AMD-17"):
            project.set_pseudonym(stranger, "AMD-17")
        assert project.add_scan(make_scan(3, patient=False)).pseudonym == "P0003"


def test_nothing_of_the_patient_or_the_file_name_is_stored(folder: Path) -> None:
    with Project.create(folder) as project:
        record = project.import_pixels(project.add_scan(make_scan()), make_scan())
        session = project.session(record, "grader")
        step(session, SEED, 0)
        assert project.open_scan(record).notes == ("The lateral scale is taken from the file.",)
    stored = b"".join(p.read_bytes() for p in folder.rglob("*") if p.is_file())
    for secret in (NAME, PATIENT_ID, FILE_NAME, "quokka", "1931-02-03", "19310203"):
        assert secret.encode() not in stored
    assert not [p for p in folder.rglob("*") if "quokka" in p.name.lower()]


def test_patients_cannot_be_matched_between_projects(folder: Path, tmp_path: Path) -> None:
    digests = set()
    for where in (folder, tmp_path / "other"):
        with Project.create(where) as project:
            project.add_scan(make_scan())
            with project._store.read() as connection:
                rows = connection.exec_driver_sql("SELECT digest FROM patients").scalars()
                digests |= set(rows)
    assert len(digests) == 2


def test_a_stored_scan_is_the_imported_one(folder: Path) -> None:
    scan = make_scan()
    with Project.create(folder) as project:
        record = project.import_pixels(project.add_scan(scan), scan)
    with Project.open(folder) as project:
        stored = project.open_scan(project.scan(record.id))
    for b in range(scan.n_b_scans):
        assert np.array_equal(stored.b_scan(b), scan.b_scan(b))
    assert stored.slo is not None
    assert scan.slo is not None
    assert np.array_equal(stored.slo, scan.slo)
    assert stored.vendor_surfaces is not None
    assert scan.vendor_surfaces is not None
    assert stored.vendor_surfaces.names == scan.vendor_surfaces.names
    assert np.array_equal(
        stored.vendor_surfaces.values, scan.vendor_surfaces.values, equal_nan=True
    )
    assert stored.quality is not None
    assert np.array_equal(stored.quality, scan.quality)
    for field in ("spacing", "geometry", "laterality", "acquisition", "source_format", "title"):
        assert getattr(stored, field) == getattr(scan, field)
    assert stored.identity is None
    assert stored.source_path is None


def test_a_spacing_set_by_the_user_stays_and_says_so(folder: Path) -> None:
    with Project.create(folder) as project:
        record = project.import_pixels(project.add_scan(make_scan()), make_scan())
        project.set_spacing(record, db=0.12, author="grader")
    with Project.open(folder) as project:
        record = project.scan(record.id)
        spacing = project.open_scan(record).spacing
        assert spacing == record.spacing
        assert [spacing[a].source for a in AXES] == [
            Provenance.USER,
            Provenance.FILE,
            Provenance.FILE,
        ]
        assert spacing.b.mm == 0.12
        assert [row.what for row in project.audit(record.id)] == ["added", "imported", "spacing"]


def test_work_begins_before_the_pixels_are_imported(folder: Path) -> None:
    scan = make_scan()
    with Project.create(folder) as project:
        record = project.add_scan(scan)
        assert not record.imported
        with pytest.raises(ScanNotStoredError, match="Open its original file again"):
            project.session(record, "grader")
        session = project.session(record, "grader", scan=scan)
        step(session, SEED, 0)
        record = project.import_pixels(record, scan)
        step(session, SEED, 1)
        project.close_session(session)
        assert same(project.session(record, "grader").annotation, session.annotation)


def test_a_session_is_rebuilt_with_its_undo_history(folder: Path) -> None:
    scan = make_scan()
    expected = Session(scan, author="grader")
    with Project.create(folder) as project:
        record = project.import_pixels(project.add_scan(scan), scan)
        session = project.session(record, "grader")
        for number in range(120):
            step(session, SEED, number)
            step(expected, SEED, number)
    with Project.open(folder) as project:
        session = project.session(project.scan(record.id), "grader")
        assert same(session.annotation, expected.annotation)
        while expected.redo() is not None:
            assert session.redo() is not None
        assert same(session.annotation, expected.annotation)
        while expected.undo() is not None:
            assert session.undo() is not None
        assert same(session.annotation, expected.annotation)
        assert session.undo() is None


def test_annotators_never_share_an_annotation(folder: Path) -> None:
    with Project.create(folder) as project:
        record = project.import_pixels(project.add_scan(make_scan()), make_scan())
        first = project.session(record, "first")
        step(first, SEED, 0)
        second = project.session(record, "second")
        assert not second.history.done
        step(second, SEED, 1)
        (row,) = project.worklist()
        assert [a.annotator for a in row.annotations] == ["second", "first"]
        supervisor = project.session(record, "boss", annotation_id=row.annotations[1].id)
        assert same(supervisor.annotation, first.annotation)
        with pytest.raises(KeyError):
            project.session(
                project.add_scan(make_scan(1)),
                "first",
                scan=make_scan(1),
                annotation_id=row.annotations[1].id,
            )


def test_the_worklist_knows_the_state_of_every_b_scan(folder: Path) -> None:
    with Project.create(folder) as project:
        record = project.import_pixels(project.add_scan(make_scan()), make_scan())
        session = project.session(record, "grader")
        for number in range(40):
            step(session, SEED, number)
            (annotation,) = project.worklist()[0].annotations
            assert annotation.states == session.annotation.b_scan_states()
        assert annotation.n_events == 40
        assert sum(annotation.state_counts().values()) == record.shape[0]
        session.set_state(range(record.shape[0]), State.APPROVED)
        (annotation,) = project.worklist()[0].annotations
        assert annotation.state_counts() == {State.APPROVED: record.shape[0]}


def test_the_audit_trail_says_who_did_what_where(folder: Path) -> None:
    with Project.create(folder) as project:
        record = project.import_pixels(project.add_scan(make_scan(), "anna"), make_scan())
        session = project.session(record, "anna")
        session.set_state([1], State.APPROVED)
        session.set_state([2, 3], State.APPROVED)
        project.close_session(session)
        (row,) = project.worklist()
        session = project.session(record, "ben", annotation_id=row.annotations[0].id)
        session.undo()
        session.redo()
        trail = [
            (r.author, r.what, r.annotator, r.tool, r.b_scans) for r in project.audit(record.id)
        ]
    assert trail == [
        ("anna", "added", "", "", ()),
        ("", "imported", "", "", ()),
        ("anna", EventKind.DO, "anna", "state", (1,)),
        ("anna", EventKind.DO, "anna", "state", (2, 3)),
        ("ben", EventKind.UNDO, "anna", "state", (2, 3)),
        ("ben", EventKind.REDO, "anna", "state", (2, 3)),
    ]


@pytest.mark.parametrize("table", ["events", "scan_log"])
def test_what_was_recorded_cannot_be_changed_or_deleted(folder: Path, table: str) -> None:
    with Project.create(folder) as project:
        record = project.import_pixels(project.add_scan(make_scan()), make_scan())
        step(project.session(record, "grader"), SEED, 0)
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET author = 'x'"):
            with pytest.raises(ProjectError), project._store.write() as connection:
                connection.exec_driver_sql(statement)
        assert len(project.audit(record.id)) == 3
