"""`mirage export` from a project, a result folder and a native file."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from mirage_core.annotate import State
from mirage_core.io.exporting import exporter_names
from mirage_core.project import Project
from mirage_core.scan import PatientIdentity
from tests.cli.running import FlatEngine, mirage, save_volume
from tests.io.exported_eye import PATIENT, make_annotation, make_scan


@pytest.fixture
def result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A result folder and its scan."""
    monkeypatch.setattr(
        "mirage_core.cli.segment_task.make_engine", lambda _name, _options: FlatEngine()
    )
    scan = save_volume(tmp_path / "eye.npz")
    assert mirage("segment", scan, "-o", tmp_path / "results", "--spacing", ",,0.02").code == 0
    return tmp_path / "results" / "eye", scan


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with two patients' scans; B-scans 0 and 3 approved, 1 edited, 2 predicted."""
    folder = tmp_path / "project"
    with Project.create(folder) as opened:
        for i in range(2):
            identity = PatientIdentity(f"Name {i} {PATIENT}", f"{PATIENT}-{i}")
            scan = make_scan(4, 40, 24 + i, identity=identity)
            record = opened.import_pixels(opened.add_scan(scan, "ann"), scan)
            session = opened.session(record, "ann")
            drawn = make_annotation(scan)
            for b in range(4):
                draft = session.draft(b)
                draft.curves[:] = drawn.surfaces.values[:, b]
                draft.mask[:] = drawn.masks.labels[b]
                session.commit(draft, "pen", "drawn")
            session.set_state([2], State.PREDICTED)
            session.set_state([0, 3], State.APPROVED)
            opened.close_session(session)
    return folder


def error_of(ran_err: str) -> str:
    lines = ran_err.strip().splitlines()
    assert len(lines) == 1, ran_err
    return lines[0]


@pytest.mark.parametrize("name", exporter_names())
def test_a_result_exports_in_every_format(
    name: str, result: tuple[Path, Path], tmp_path: Path
) -> None:
    folder, scan = result
    ran = mirage("export", folder, "-o", tmp_path / "x", "-f", name, "--scan-file", scan, "--json")
    assert ran.code == 0, ran.err
    assert ran.json["b_scans"] == 3
    assert ran.json["files"]
    assert all(Path(p).is_file() for p in ran.json["files"])


def test_a_result_keeps_the_spacing_it_was_segmented_with(
    result: tuple[Path, Path], tmp_path: Path
) -> None:
    folder, scan = result
    ran = mirage("export", folder, "-o", tmp_path / "x", "-f", "nifti", "--scan-file", scan)
    assert ran.code == 0
    labels = json.loads(next((tmp_path / "x").glob("*_labels.json")).read_text())
    assert labels["spacing"]["x"] == {"mm": 0.02, "source": "user"}
    assert labels["spacing"]["z"] == {"mm": 0.004, "source": "file"}


def test_an_exported_result_does_not_carry_the_name_of_the_scan_s_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "mirage_core.cli.segment_task.make_engine", lambda _name, _options: FlatEngine()
    )
    scan = save_volume(tmp_path / f"{PATIENT}.npz")
    assert mirage("segment", scan, "-o", tmp_path / "results").code == 0
    written = (tmp_path / "results" / PATIENT / "result.json").read_text()
    assert PATIENT not in written
    source = tmp_path / "results" / PATIENT
    assert mirage("export", source, "-o", tmp_path / "x", "--scan-file", scan).code == 0
    named = [p for p in (tmp_path / "x").rglob("*") if p.is_file()]
    assert named
    assert not any(PATIENT in str(p.relative_to(tmp_path)) for p in named)
    assert not any(PATIENT.encode() in p.read_bytes() for p in named)
    ran = mirage("export", source, "-o", tmp_path / "y", "--scan-file", scan, "--name", "P0009")
    assert ran.code == 0
    assert (tmp_path / "y" / "train" / "bscan" / "P0009_0.png").is_file()


def test_a_result_needs_its_own_scan(result: tuple[Path, Path], tmp_path: Path) -> None:
    folder, _ = result
    ran = mirage("export", folder, "-o", tmp_path / "x")
    assert ran.code == 2
    assert "--scan-file" in error_of(ran.err)
    other = save_volume(tmp_path / "other.npz", seed=9)
    ran = mirage("export", folder, "-o", tmp_path / "x", "--scan-file", other)
    assert ran.code == 2
    assert "is not the scan" in error_of(ran.err)
    assert not (tmp_path / "x").exists()


def test_a_damaged_result_is_named(result: tuple[Path, Path], tmp_path: Path) -> None:
    folder, scan = result
    (folder / "surfaces.npz").write_bytes(b"PK")
    ran = mirage("export", folder, "-o", tmp_path / "x", "--scan-file", scan)
    assert ran.code == 2
    assert str(folder) in error_of(ran.err)


def test_a_native_file_exports_again(result: tuple[Path, Path], tmp_path: Path) -> None:
    folder, scan = result
    mirage("export", folder, "-o", tmp_path / "e.h5", "-f", "hdf5", "--scan-file", scan)
    ran = mirage("export", tmp_path / "e.h5", "-o", tmp_path / "e.csv", "-f", "csv")
    assert ran.code == 0, ran.err
    with (tmp_path / "e.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {r["state"] for r in rows} == {"predicted"}
    assert {r["depth_px"] for r in rows if r["surface"] == "ILM"} == {"10.0"}


def test_a_project_gives_what_humans_edited_or_approved(project: Path, tmp_path: Path) -> None:
    ran = mirage("export", project, "-o", tmp_path / "x", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["b_scans"] == 6
    names = {p.name for p in (tmp_path / "x" / "train" / "bscan").iterdir()}
    assert names == {f"P000{p}_{b}.png" for p in (1, 2) for b in (0, 1, 3)}
    for path in (tmp_path / "x").rglob("*"):
        assert PATIENT not in path.name
        assert not path.is_file() or PATIENT.encode() not in path.read_bytes()


def test_states_scans_and_splits_are_chosen(project: Path, tmp_path: Path) -> None:
    ran = mirage("export", project, "-o", tmp_path / "a", "--states", "approved", "--val", "P0002")
    assert ran.code == 0, ran.err
    assert {p.name for p in (tmp_path / "a" / "train" / "semseg").iterdir()} == {
        "P0001_0.png",
        "P0001_3.png",
    }
    assert {p.name for p in (tmp_path / "a" / "val" / "semseg").iterdir()} == {
        "P0002_0.png",
        "P0002_3.png",
    }
    ran = mirage("export", project, "-o", tmp_path / "b", "-f", "hdf5", "--scan", "P0002")
    assert ran.code == 0, ran.err
    assert {p.name for p in (tmp_path / "b").iterdir()} == {"P0002.h5", "export.json"}


def test_exporting_changes_nothing_in_the_project(project: Path, tmp_path: Path) -> None:
    before = (project / "project.db").read_bytes()
    assert mirage("export", project, "-o", tmp_path / "x").code == 0
    assert (project / "project.db").read_bytes() == before


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--states", "vendor"], "nothing to export"),
        (["--states", "finished"], "no state 'finished'"),
        (["--scan", "P0009"], "no annotated scan 'P0009'"),
        (["--annotator", "bob"], "bob has not worked"),
        (["--split", "dev"], "no split 'dev'"),
        (["--val", "P0001", "--test", "P0001"], "cannot be in val and in test"),
        (["--format", "dicom"], "no export format 'dicom'"),
        (["--format", "csv", "--combined"], "--combined is no option"),
        (["--surfaces", "CSI"], "CSI is not drawn"),
    ],
)
def test_what_cannot_be_exported_is_said_in_one_sentence(
    args: list[str], words: str, project: Path, tmp_path: Path
) -> None:
    ran = mirage("export", project, "-o", tmp_path / "x", *args)
    assert ran.code == 2
    assert words in error_of(ran.err)
    assert not (tmp_path / "x").exists()


def test_an_existing_export_is_replaced_only_when_asked(project: Path, tmp_path: Path) -> None:
    args = ("export", project, "-o", tmp_path / "x", "-f", "csv")
    assert mirage(*args).code == 0
    ran = mirage(*args)
    assert ran.code == 2
    assert "--overwrite" in error_of(ran.err)
    assert mirage(*args, "--overwrite").code == 0


def test_a_folder_that_is_neither_project_nor_result_is_refused(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    ran = mirage("export", tmp_path / "photos", "-o", tmp_path / "x")
    assert ran.code == 2
    assert "no project folder and no result folder" in error_of(ran.err)
    np.savez(tmp_path / "scan.h5", a=np.zeros(1))
    ran = mirage("export", tmp_path / "scan.h5.npz", "-o", tmp_path / "x")
    assert ran.code == 2
    assert "not an HDF5 file" in error_of(ran.err)
