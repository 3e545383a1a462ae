"""Labels are kept for good, one opinion per grader and place, and say who changed them."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mirage_core.project import LabelSet, Project, ProjectError, ScanRecord
from mirage_core.project.class_teaching import collect_classes
from mirage_core.project.migrations import MIGRATIONS
from mirage_core.project.scans import ScanTable
from mirage_core.project.store import DATABASE, create_store
from tests.project.eyes import make_scan

CLASSES = LabelSet(("CNV", "DME", "normal"))
FINDINGS = LabelSet(("drusen", "fluid"), multi_label=True)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "study") as project:
        yield project


@pytest.fixture
def record(project: Project) -> ScanRecord:
    project.labels.set_label_set(CLASSES, "ada")
    return project.add_scan(make_scan())


def test_a_project_has_no_labels_at_first(project: Project) -> None:
    assert project.labels.label_set == LabelSet()
    scan = project.add_scan(make_scan())
    assert project.labels.of_scan(scan.id) == ()
    with pytest.raises(ValueError, match="no label 'CNV'; its labels are: none yet"):
        project.labels.set(scan.id, ["CNV"], "ada")


def test_labels_of_a_scan_and_of_its_b_scans_stay_apart(tmp_path: Path) -> None:
    with Project.create(tmp_path / "study") as project:
        project.labels.set_label_set(CLASSES, "ada")
        scan = project.add_scan(make_scan())
        project.labels.set(scan.id, ["CNV"], "ada")
        project.labels.set(scan.id, ["DME"], "ada", b_scan=3)
        project.labels.set(scan.id, ["normal"], "bob", b_scan=3)
        project.labels.set(scan.id, ["normal"], "ada", b_scan=0)
    with Project.open(tmp_path / "study") as project:
        assert project.labels.label_set == CLASSES
        found = [(x.annotator, x.b_scan, x.labels) for x in project.labels.of_scan(scan.id)]
        assert found == [
            ("ada", None, ("CNV",)),
            ("ada", 0, ("normal",)),
            ("ada", 3, ("DME",)),
            ("bob", 3, ("normal",)),
        ]
        assert project.labels.all() == {scan.id: project.labels.of_scan(scan.id)}
        assert project.labels.counts() == {"CNV": 1, "DME": 0, "normal": 0}
        assert project.labels.counts(b_scans=True) == {"CNV": 0, "DME": 1, "normal": 2}


def test_a_label_is_changed_and_taken_back_and_the_trail_keeps_all(
    project: Project, record: ScanRecord
) -> None:
    labels = project.labels
    labels.set(record.id, ["CNV"], "ada", b_scan=2)
    labels.set(record.id, ["CNV"], "ada", b_scan=2)  # nothing new
    labels.set(record.id, ["DME"], "ada", b_scan=2)
    labels.clear(record.id, "ada", b_scan=2)
    labels.clear(record.id, "ada", b_scan=2)
    assert labels.get(record.id, "ada", b_scan=2) is None
    rows = [row for row in project.audit(record.id) if row.what == "label"]
    assert [(r.author, r.annotator, r.label, r.b_scans) for r in rows] == [
        ("ada", "ada", "CNV", (2,)),
        ("ada", "ada", "DME", (2,)),
        ("ada", "ada", "taken back", (2,)),
    ]


def test_of_one_label_several_or_none_are_refused(project: Project, record: ScanRecord) -> None:
    for given in (["CNV", "DME"], []):
        with pytest.raises(ValueError, match="Give one label"):
            project.labels.set(record.id, given, "ada")
    assert project.labels.of_scan(record.id) == ()


def test_of_many_labels_several_or_none_may_hold(project: Project) -> None:
    project.labels.set_label_set(FINDINGS, "ada")
    scan = project.add_scan(make_scan())
    assert project.labels.set(scan.id, ["fluid", "drusen"], "ada").labels == ("drusen", "fluid")
    assert project.labels.set(scan.id, [], "ada", b_scan=1).labels == ()
    assert project.labels.get(scan.id, "ada", b_scan=1) is not None
    with pytest.raises(ValueError, match="several labels, or none"):
        project.labels.set_label_set(LabelSet(FINDINGS.names), "ada")
    rows = [row.label for row in project.audit(scan.id) if row.what == "label"]
    assert rows == ["drusen, fluid", "none of them"]


def test_a_label_in_use_is_renamed_everywhere_and_never_dropped(
    project: Project, record: ScanRecord
) -> None:
    labels = project.labels
    labels.set(record.id, ["CNV"], "ada")
    labels.set(record.id, ["DME"], "bob", b_scan=1)
    with pytest.raises(ValueError, match="'CNV' is given once"):
        labels.set_label_set(LabelSet(("DME", "normal")), "ada")
    labels.rename("CNV", " wet  AMD ", "ada")
    assert labels.label_set.names == ("wet AMD", "DME", "normal")
    assert [x.labels for x in labels.of_scan(record.id)] == [("wet AMD",), ("DME",)]
    labels.set_label_set(LabelSet(("wet AMD", "DME", "dry AMD")), "ada")
    for bad in ("DME", "dme", " "):
        with pytest.raises(ValueError):
            labels.rename("wet AMD", bad, "ada")
    assert [row.what for row in project.audit_of_project()] == ["labels"] * 3


def test_a_label_was_given_when_it_was_given_whatever_it_is_called(
    project: Project, record: ScanRecord
) -> None:
    labels = project.labels
    first = labels.set(record.id, ["CNV"], "Grader 1", b_scan=1)
    last = labels.set(record.id, ["DME"], "bob", b_scan=1)
    labels.rename("CNV", "wet AMD", "bob")
    project.graders.give_a_name("Grader 1", "ada")
    found = {x.annotator: (x.labels, x.time) for x in labels.of_scan(record.id)}
    assert found == {"ada": (("wet AMD",), first.time), "bob": (("DME",), last.time)}


def test_set_and_labels_are_read_at_one_moment(project: Project, record: ScanRecord) -> None:
    project.labels.set(record.id, ["CNV"], "ada")
    project.labels.set(record.id, ["DME"], "bob")
    project.set_blind(True, "lead")
    assert project.labels.snapshot() == (CLASSES, project.labels.all())
    _, of_bob = project.labels.snapshot("bob")
    assert [x.annotator for x in of_bob[record.id]] == ["bob"]


def test_a_label_that_is_not_in_the_set_is_not_taught(project: Project, record: ScanRecord) -> None:
    project.import_pixels(record, make_scan())
    project.labels.set(record.id, ["CNV"], "ada", b_scan=1)
    with closing(sqlite3.connect(project.folder / DATABASE)) as connection:
        connection.execute(
            "INSERT INTO labels (scan, annotator, b_scan, labels, author, time) "
            "SELECT scan, 'bob', 2, '[\"glaucoma\"]', 'bob', time FROM labels"
        )
        connection.commit()
    assert len(project.labels.of_scan(record.id)) == 2
    assert [e.b_scans for e in collect_classes(project).examples] == [(1,)]


def test_names_are_trimmed_and_each_stands_once() -> None:
    assert LabelSet.of([" wet  AMD", "", "DME"]).names == ("wet AMD", "DME")
    with pytest.raises(ValueError, match="same name"):
        LabelSet(("Dme", "DME"))


def test_graders_of_a_blind_project_see_their_own(project: Project, record: ScanRecord) -> None:
    labels = project.labels
    labels.set(record.id, ["CNV"], "ada")
    labels.set(record.id, ["DME"], "bob")
    assert len(labels.of_scan(record.id, "ada")) == 2
    project.set_blind(True, "lead")
    assert [x.annotator for x in labels.of_scan(record.id, "ada")] == ["ada"]
    assert labels.counts("bob") == {"CNV": 0, "DME": 1, "normal": 0}
    assert len(labels.all()[record.id]) == 2
    seen = [r.annotator for r in project.audit(record.id, "ada") if r.what == "label"]
    assert seen == ["ada"]


def test_labels_follow_who_gets_a_name(project: Project, record: ScanRecord) -> None:
    labels = project.labels
    labels.set(record.id, ["CNV"], "Grader 1")
    labels.set(record.id, ["CNV"], "Grader 1", b_scan=1)
    labels.set(record.id, ["DME"], "ada", b_scan=1)
    assert record.id in project.graders.give_a_name("Grader 1", "ada")
    found = [(x.annotator, x.b_scan, x.labels) for x in labels.of_scan(record.id)]
    assert ("ada", None, ("CNV",)) in found
    assert ("ada", 1, ("DME",)) in found
    assert ("Grader 1", None, ("CNV",)) not in found


@pytest.mark.parametrize(
    ("what", "error"),
    [
        (lambda p, _r: p.labels.set("elsewhere", ["CNV"], "ada"), KeyError),
        (lambda p, r: p.labels.set(r.id, ["CNV"], "ada", b_scan=6), IndexError),
        (lambda p, r: p.labels.set(r.id, ["CNV"], " "), ValueError),
        (lambda p, _r: p.labels.set_label_set(FINDINGS, ""), ValueError),
        (lambda p, _r: p.labels.rename("glaucoma", "x", "ada"), ValueError),
    ],
)
def test_what_cannot_be_leaves_nothing(
    what: object, error: type[Exception], project: Project, record: ScanRecord
) -> None:
    with pytest.raises(error):
        what(project, record)  # type: ignore[operator]
    assert project.labels.of_scan(record.id) == ()
    assert project.labels.label_set == CLASSES


def test_a_project_for_reading_refuses_in_words(tmp_path: Path) -> None:
    with Project.create(tmp_path / "study") as project:
        project.labels.set_label_set(CLASSES, "ada")
        scan = project.add_scan(make_scan())
        project.labels.set(scan.id, ["CNV"], "ada")
    with Project.open(tmp_path / "study", read_only=True) as project:
        with pytest.raises(ProjectError, match="open for reading only"):
            project.labels.set(scan.id, ["DME"], "ada")
        assert project.labels.get(scan.id, "ada").labels == ("CNV",)


def test_rows_cannot_be_changed_or_removed(project: Project, record: ScanRecord) -> None:
    project.labels.set(record.id, ["CNV"], "ada")
    with closing(sqlite3.connect(project.folder / DATABASE)) as connection:
        for statement in ("UPDATE labels SET annotator = 'bob'", "DELETE FROM labels"):
            with pytest.raises(sqlite3.DatabaseError, match="append-only"):
                connection.execute(statement)


def test_a_label_is_durable_when_the_call_returns(project: Project, record: ScanRecord) -> None:
    code = """
        import os, sys
        from mirage_core.project import Project
        project = Project.open(sys.argv[1])
        project.labels.set(sys.argv[2], ["DME"], "ada", b_scan=4)
        os._exit(9)
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(project.folder), record.id]
    assert subprocess.run(command, check=False, env=dict(os.environ)).returncode == 9
    assert project.labels.get(record.id, "ada", b_scan=4).labels == ("DME",)


def test_a_project_of_version_2_is_brought_up_and_can_be_labelled(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    store = create_store(folder, migrations=MIGRATIONS[:2])
    record = ScanTable(store).add(make_scan(), "ada")
    store.close()
    with Project.open(folder) as project:
        assert project.labels.of_scan(record.id) == ()
        project.labels.set_label_set(CLASSES, "ada")
        assert project.labels.set(record.id, ["DME"], "ada").labels == ("DME",)
    assert (folder / "project.v2.backup.db").exists()
