"""`mirage demo` does the whole path with the real parts."""

from __future__ import annotations

from pathlib import Path

from mirage_core.cli.demo_run import run_demo
from mirage_core.io.export_hdf5 import read_native
from mirage_core.project import Project
from mirage_core.simulate import EyeParameters, simulate_eye


def test_the_demo_leaves_a_project_and_every_export(tmp_path: Path) -> None:
    eye = simulate_eye(EyeParameters(shape=(3, 248, 192)), seed=7)
    steps = list(run_demo(tmp_path, eye))
    titles = [s.title for s in steps]
    for title in ("Open", "Segment", "Correct", "Undo, redo", "Approve", "Save", "Export"):
        assert title in titles
    assert "Simulated" in steps[1].detail
    for name in ("mirage/INFO.json", "nifti/P0001_masks.nii.gz", "csv/P0001.csv"):
        assert (tmp_path / "export" / name).is_file()
    content = read_native(tmp_path / "export" / "hdf5" / "P0001.h5")
    assert content.scan.acquisition.simulated
    assert content.b_scans
    with Project.open(tmp_path / "project", read_only=True) as project:
        assert len(project.worklist()) == 1


def test_the_demo_can_be_run_again_on_its_own_results(tmp_path: Path) -> None:
    eye = simulate_eye(EyeParameters(shape=(3, 248, 192)), seed=7)
    first = [s.detail for s in run_demo(tmp_path, eye) if s.title == "Approve"]
    again = [s.detail for s in run_demo(tmp_path, eye) if s.title == "Approve"]
    assert first == again
