"""`mirage project import`: what came in, what was there, what is twice, what failed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mirage_core.project import Project
from tests.cli.running import mirage, save_volume


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two scans, one of them in two exports with the same grey, and a file that is no scan."""
    folder = tmp_path / "exports"
    save_volume(folder / "doe" / "1.npz", 1)
    save_volume(folder / "doe" / "2.npz", 2)
    with np.load(folder / "doe" / "1.npz") as file:
        volume = file["volume"].copy()
    volume.flat[:2] = 0, 255
    np.savez(folder / "doe" / "1.npz", volume=volume)
    np.savez(folder / "doe" / "1b.npz", volume=volume.astype(np.uint16))
    (folder / "broken.vol").write_bytes(b"this is not a scan\n" * 300)
    return folder


def test_scans_come_into_a_project_that_is_made_for_them(folder: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    ran = mirage("project", "import", folder, "--project", study, "--grader", "ada")
    assert ran.code == 2
    assert ran.out.startswith("3 new scans imported, 1 could not be read.")
    assert "has the same pixels as" in ran.out
    assert "broken.vol" in ran.err
    assert "Traceback" not in ran.err
    with Project.open(study) as project:
        rows = project.worklist()
        assert len(rows) == 3
        assert all(row.scan.imported and row.has_thumbnail for row in rows)
        assert project.audit(rows[0].scan.id)[0].author == "ada"


def test_json_tells_of_every_scan_and_names_no_source_but_failed_ones(
    folder: Path, tmp_path: Path
) -> None:
    ran = mirage("project", "import", folder, "--project", tmp_path / "study", "--json")
    assert ran.code == 2
    assert [len(ran.json[key]) for key in ("new", "already_there", "duplicates", "errors")] == [
        3,
        0,
        1,
        1,
    ]
    (twice,) = ran.json["duplicates"]
    assert twice["scan"]["pseudonym"] != twice["same_pixels_as"]["pseudonym"]
    assert Path(ran.json["errors"][0]["path"]).name == "broken.vol"
    assert "doe" not in ran.out


def test_a_second_import_adds_nothing_and_succeeds(folder: Path, tmp_path: Path) -> None:
    (folder / "broken.vol").unlink()
    study = tmp_path / "study"
    assert mirage("project", "import", folder, "--project", study).code == 0
    again = mirage("project", "import", folder, "--project", study)
    assert again.code == 0
    assert again.out.strip() == "No new scans imported, 3 there already."


def test_a_spacing_can_be_given_for_all(folder: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    mirage("project", "import", folder / "doe", "--project", study, "--spacing", ",0.004,0.012")
    with Project.open(study) as project:
        assert {row.scan.spacing.as_mm()[1:] for row in project.worklist()} == {(0.004, 0.012)}


def test_a_folder_without_scans_makes_no_project(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing here")
    ran = mirage("project", "import", tmp_path, "--project", tmp_path / "study")
    assert ran.code == 2
    assert "No scan was found" in ran.err
    assert not (tmp_path / "study").exists()


def test_ctrl_c_keeps_what_is_in_and_leaves_no_half_scan(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mirage_core.project import pixels

    real = pixels.write_scan
    begun = []

    def interrupted(*arguments: object) -> object:
        begun.append(arguments)
        if len(begun) == 2:
            raise KeyboardInterrupt
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(pixels, "write_scan", interrupted)
    ran = mirage("project", "import", folder, "--project", tmp_path / "study")
    assert ran.code == 130
    with Project.open(tmp_path / "study") as project:
        (row,) = project.worklist()
        assert project.verify(row.scan)
        assert [p.stem for p in (tmp_path / "study" / "scans").iterdir()] == [row.scan.id]


def test_a_project_that_can_take_no_more_is_a_sentence(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mirage_core.project import ProjectError, Trouble, import_folder

    def full(*_: object) -> None:
        raise ProjectError(tmp_path, Trouble.DISK_FULL)

    monkeypatch.setattr(import_folder, "import_whole", full)
    ran = mirage("project", "import", folder / "doe", "--project", tmp_path / "study")
    assert ran.code == 2
    assert "The disk is full." in ran.err
    assert "3 not looked at" in ran.out
    ran = mirage("project", "import", folder / "doe", "--project", tmp_path / "study", "--json")
    assert ran.code == 2
    assert ran.json["not_looked_at"] == 3
    assert "The disk is full." in ran.json["stopped"]
