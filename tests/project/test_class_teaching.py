"""Labels of a project become examples: pixels from the project, of a patient the pseudonym."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mirage_core.project import LabelSet, Project, ScanRecord
from mirage_core.project.class_teaching import ClassChoice, ClassSource, collect_classes
from tests.project.eyes import NAME, PATIENT_ID, make_scan


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "study") as made:
        made.labels.set_label_set(LabelSet(("CNV", "DME")), "ada")
        yield made


def add(project: Project, seed: int = 0) -> ScanRecord:
    scan = make_scan(seed)
    return project.import_pixels(project.add_scan(scan), scan)


def test_labels_of_b_scans_and_of_scans_are_taught_apart(project: Project) -> None:
    record = add(project)
    project.labels.set(record.id, ["CNV"], "ada", b_scan=2)
    project.labels.set(record.id, ["DME"], "ada", b_scan=4)
    project.labels.set(record.id, ["DME"], "ada")
    single = collect_classes(project)
    assert [(e.b_scans, e.classes) for e in single.examples] == [((2,), (0,)), ((4,), (1,))]
    assert single.labels == ("CNV", "DME")
    first = single.examples[0]
    assert first.patient == record.pseudonym
    np.testing.assert_array_equal(first.scan.b_scan(2), make_scan().b_scan(2))
    (whole,) = collect_classes(project, ClassChoice("scan")).examples
    assert (whole.b_scans, whole.classes) == (tuple(range(6)), (1,))


def test_a_choice_narrows_it(project: Project) -> None:
    records = [add(project, seed) for seed in (0, 3)]
    for record in records:
        project.labels.set(record.id, ["CNV"], "ada", b_scan=0)
    project.labels.set(records[1].id, ["DME"], "bob", b_scan=1)
    assert len(collect_classes(project)) == 3
    assert len(collect_classes(project, ClassChoice(scans=(records[0].id,)))) == 1
    assert len(collect_classes(project, ClassChoice(graders=("bob",)))) == 1


def test_where_graders_differ_the_last_is_taken_and_that_is_said(project: Project) -> None:
    record = add(project)
    project.labels.set(record.id, ["CNV"], "ada", b_scan=0)
    project.labels.set(record.id, ["DME"], "bob", b_scan=0)
    data = collect_classes(project)
    assert [e.classes for e in data.examples] == [(1,)]
    assert "1 label differs between graders" in data.notes[0]


def test_none_of_several_labels_is_an_example_too(project: Project) -> None:
    project.labels.set_label_set(LabelSet(("CNV", "DME"), multi_label=True), "ada")
    record = add(project)
    project.labels.set(record.id, [], "ada", b_scan=0)
    project.labels.set(record.id, ["CNV", "DME"], "ada", b_scan=1)
    data = collect_classes(project)
    assert data.multi_label
    assert [e.classes for e in data.examples] == [(), (0, 1)]


def test_a_scan_without_its_pixels_is_left_out_and_that_is_said(project: Project) -> None:
    record = project.add_scan(make_scan())
    project.labels.set(record.id, ["CNV"], "ada", b_scan=0)
    data = collect_classes(project)
    assert len(data) == 0
    assert "1 scan was left out" in data.notes[0]


def test_a_source_is_read_elsewhere_and_tells_nothing_of_the_patient(project: Project) -> None:
    record = add(project)
    project.labels.set(record.id, ["CNV"], "ada", b_scan=0)
    data = pickle.loads(pickle.dumps(ClassSource(project.folder)))()
    assert len(data) == 1
    content = pickle.dumps(data)
    for word in (*NAME.split("^"), PATIENT_ID):
        assert word.encode() not in content
