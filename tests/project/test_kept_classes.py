"""Labels of a run are kept beside it, and read here where another computer learns from them."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from mirage_core.jobs.teach import for_a_node
from mirage_core.project import LabelSet, Project
from mirage_core.project.class_teaching import ClassSource, GivenLabel
from mirage_core.project.kept_classes import KEPT, KeptClassSource, read_labels
from mirage_core.training.classify.examples import ClassData
from mirage_core.training.classify.record import RECORD
from mirage_core.training.finetune.errors import TeachError
from tests.project.eyes import make_scan


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "study"
    with Project.create(folder) as project:
        project.labels.set_label_set(LabelSet(("CNV", "DME")), "ada")
        scan = make_scan()
        record = project.import_pixels(project.add_scan(scan), scan)
        project.labels.set(record.id, ["CNV"], "ada", b_scan=1)
        project.labels.set(record.id, ["DME"], "ada", b_scan=2)
    return folder


def label(study: Path, b_scan: int, name: str) -> None:
    with Project.open(study) as project:
        (row,) = project.worklist()
        project.labels.set(row.scan.id, [name], "ada", b_scan=b_scan)


def told(data: ClassData) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    return [(e.b_scans, e.classes) for e in data.examples]


def test_labels_given_later_are_not_taught(study: Path, tmp_path: Path) -> None:
    source = KeptClassSource(ClassSource(study), tmp_path / "run")
    first = source()
    label(study, 1, "DME")
    label(study, 3, "CNV")
    again = source()
    assert told(again) == told(first) == [((1,), (0,)), ((2,), (1,))]
    assert again.fingerprint() == first.fingerprint()
    assert len(ClassSource(study)()) == 3


def test_nothing_is_kept_for_a_run_that_began_without(study: Path, tmp_path: Path) -> None:
    (tmp_path / RECORD).write_text("{}")
    assert len(KeptClassSource(ClassSource(study), tmp_path)()) == 2
    assert not (tmp_path / KEPT).exists()


def test_a_scan_that_was_removed_meanwhile_is_left_out_and_that_is_said(
    study: Path, tmp_path: Path
) -> None:
    source = KeptClassSource(ClassSource(study), tmp_path)
    source()
    kept = (tmp_path / KEPT).read_text()
    id = read_labels(tmp_path).labels[0].scan
    (tmp_path / KEPT).write_text(kept.replace(id, "gone"))
    data = source()
    assert len(data) == 0
    assert "1 scan was left out" in data.notes[0]


def test_another_computer_gets_pixels_and_labels_but_never_opens_the_project(
    study: Path, tmp_path: Path
) -> None:
    source = for_a_node(KeptClassSource(ClassSource(study), tmp_path))
    for file in study.glob("project.db*"):
        file.unlink()
    data = pickle.loads(pickle.dumps(source))()
    assert told(data) == [((1,), (0,)), ((2,), (1,))]
    np.testing.assert_array_equal(data.examples[0].scan.b_scan(1), make_scan().b_scan(1))


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 1, "labels": [{"scan": 1}]}'])
def test_damaged_labels_are_said(content: str, tmp_path: Path) -> None:
    (tmp_path / KEPT).write_text(content)
    with pytest.raises(TeachError, match="damaged"):
        read_labels(tmp_path)


def test_labels_of_another_version_are_said(tmp_path: Path) -> None:
    (tmp_path / KEPT).write_text('{"format": 99}')
    with pytest.raises(TeachError, match="another version"):
        read_labels(tmp_path)


def test_what_is_kept_names_scans_by_their_ids_alone(study: Path, tmp_path: Path) -> None:
    KeptClassSource(ClassSource(study), tmp_path)()
    assert read_labels(tmp_path).labels[1] == GivenLabel(
        read_labels(tmp_path).labels[0].scan, 2, (1,)
    )
