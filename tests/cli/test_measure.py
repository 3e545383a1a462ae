"""`mirage measure` on results, projects, scans and folders of them."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mirage_core.annotate import State
from mirage_core.io.export_result import write_result
from mirage_core.measure.fovea import Fovea
from mirage_core.project import Project
from mirage_core.scan import PatientIdentity
from mirage_core.simulate import EyeParameters, save_npz, simulate_eye
from tests.cli.running import mirage, save_volume

PATIENT = "Sensitive"
EYE = simulate_eye(EyeParameters(shape=(25, 120, 128), field_mm=(6.4, 1.92, 6.4), pathology=()), 3)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def value(rows: list[dict[str, str]], structure: str, region: str, figure: str) -> str:
    (found,) = (
        r["value"]
        for r in rows
        if (r["structure"], r["region"], r["figure"]) == (structure, region, figure)
    )
    return found


@pytest.fixture
def scan_file(tmp_path: Path) -> Path:
    """The simulated eye as a file, with its surfaces as the device's."""
    path = tmp_path / f"{PATIENT}.npz"
    save_npz(EYE, path)
    return path


@pytest.fixture
def result(tmp_path: Path, scan_file: Path) -> Path:
    """A result folder of that file."""
    from mirage_core.io.digest import source_sha256
    from mirage_core.io.native_layout import spacing_fields

    folder = tmp_path / "results" / PATIENT
    folder.mkdir(parents=True)
    info = {
        "engine": {"name": "graph", "mask_classes": ["IRF", "SRF"]},
        "input": {
            "sha256": source_sha256(scan_file),
            "spacing": spacing_fields(EYE.scan.spacing),
            "laterality": "R",
            "pattern": "raster",
            "superior_to_inferior": False,
        },
    }
    confidence = np.ones(EYE.surfaces.values.shape, np.float32)
    write_result(folder, EYE.surfaces, confidence, EYE.masks, info)
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the eye; one grader approved half of it."""
    folder = tmp_path / "project"
    with Project.create(folder) as opened:
        identity = PatientIdentity(f"{PATIENT} Name", f"{PATIENT}-1")
        scan = replace(EYE.scan, identity=identity, vendor_surfaces=EYE.surfaces)
        record = opened.import_pixels(opened.add_scan(scan, "ann"), scan)
        session = opened.session(record, "ann")
        session.set_state(list(range(13)), State.APPROVED)
        opened.close_session(session)
    return folder


def test_a_result_is_measured_with_the_spacing_it_was_made_with(
    result: Path, tmp_path: Path
) -> None:
    ran = mirage("measure", result, "-o", tmp_path / "t.csv")
    assert ran.code == 0, ran.err
    rows = table(tmp_path / "t.csv")
    assert 240 < float(value(rows, "ILM..BM", "central", "CST")) < 300
    assert {r["grader"] for r in rows} == {"graph"}
    assert float(value(rows, "IRF", "whole scan", "volume")) == 0
    # Nothing looked for drusen: no zero.
    (drusen,) = (r for r in rows if (r["structure"], r["region"], r["figure"])
                 == ("DRUSEN", "whole scan", "volume"))  # fmt: skip
    assert drusen["value"] == ""
    assert "not known to look for it" in drusen["note"]
    assert "not known to look for it" in ran.err
    (cst,) = (r for r in rows if r["figure"] == "CST" and r["structure"] == "ILM..BM")
    assert cst["unit"] == "um"
    assert cst["surfaces"] == "ILM BM"
    assert cst["spacing"] == "z derived, b derived, x derived"
    assert (cst["coverage"], cst["approved"]) == ("1.0000", "0.0000")


def test_with_its_scan_a_result_gets_the_places_in_the_file(
    result: Path, scan_file: Path, tmp_path: Path
) -> None:
    ran = mirage("measure", result, "--scans", scan_file, "-o", tmp_path / "t.csv")
    assert ran.code == 0, ran.err
    rows = table(tmp_path / "t.csv")
    assert {r["spacing"] for r in rows if r["figure"] == "CST"} == {"z derived, positions file"}


def test_names_of_files_stay_out_unless_asked_for(
    result: Path, scan_file: Path, project: Path, tmp_path: Path
) -> None:
    out = tmp_path / "t.csv"
    ran = mirage("measure", result, scan_file, project, "-o", out)
    assert ran.code == 0, ran.err
    assert PATIENT not in out.read_text()
    names = {r["scan"] for r in table(out)}
    assert sum(name.startswith("scan-") for name in names) == 1  # of one and the same scan
    ran = mirage("measure", result, "-o", out, "--overwrite", "--keep-names")
    assert {r["scan"] for r in table(out)} == {PATIENT}


def test_a_project_says_whose_work_and_how_much_is_approved(project: Path, tmp_path: Path) -> None:
    ran = mirage("measure", project, "-o", tmp_path / "t.csv", "--json")
    assert ran.code == 0, ran.err
    rows = table(tmp_path / "t.csv")
    assert {r["grader"] for r in rows} == {"ann"}
    (cst,) = (r for r in rows if r["figure"] == "CST" and r["structure"] == "ILM..BM")
    assert 0.3 < float(cst["approved"]) < 0.9
    assert ran.json["scans"][0]["cst_um"] == pytest.approx(float(cst["value"]))
    note = next(r["note"] for r in rows if r["structure"] == "IRF")
    assert note.startswith("Known on 52 % of the region")  # masks of 13 of 25 B-scans were seen


def test_folders_are_searched_and_a_bad_file_does_not_stop_the_others(
    result: Path, scan_file: Path, project: Path, tmp_path: Path
) -> None:
    save_volume(tmp_path / "bare.npz")
    (tmp_path / "broken.vol").write_bytes(b"")
    out = tmp_path / "out" / "t.csv"
    ran = mirage("measure", tmp_path, "-o", out, "--json")
    assert ran.code == 2
    assert {s["grader"] for s in ran.json["scans"]} == {"graph", "device", "ann"}
    assert [Path(e["path"]).name for e in ran.json["errors"]] == ["broken.vol"]
    assert [Path(p).name for p in ran.json["without_surfaces"]] == ["bare.npz"]
    csts = {r["value"] for r in table(out) if (r["structure"], r["figure"]) == ("ILM..BM", "CST")}
    assert len({round(float(v)) for v in csts}) == 1  # one eye, three ways


def test_what_cannot_be_known_is_empty_with_the_reason(tmp_path: Path, scan_file: Path) -> None:
    with np.load(scan_file) as arrays:
        fields = {k: arrays[k] for k in arrays if k not in ("spacing_mm", "slo_scale_mm")}
    for name in ("start_mm", "end_mm"):
        del fields[name]
    np.savez(tmp_path / "no_scale.npz", **fields)
    ran = mirage("measure", tmp_path / "no_scale.npz", "-o", tmp_path / "t.csv")
    assert ran.code == 0
    rows = table(tmp_path / "t.csv")
    assert not [r for r in rows if r["unit"] and r["value"]]
    assert all(r["note"] for r in rows if r["unit"])
    assert "–" in ran.out
    assert "--spacing" in ran.err
    ran = mirage(
        *("measure", tmp_path / "no_scale.npz", "-o", tmp_path / "t.csv", "--overwrite"),
        *("--spacing", "0.256,0.016,0.05"),
    )
    rows = table(tmp_path / "t.csv")
    assert 240 < float(value(rows, "ILM..BM", "central", "CST")) < 300
    assert {r["spacing"] for r in rows if r["figure"] == "CST"} == {"z user, b user, x user"}


def test_the_fovea_can_be_given_for_one_scan(result: Path, tmp_path: Path) -> None:
    out = tmp_path / "t.csv"
    ran = mirage("measure", result, "-o", out, "--fovea", "10,60")
    assert ran.code == 0, ran.err
    rows = table(out)
    assert (value(rows, "fovea", "", "B-scan"), value(rows, "fovea", "", "A-scan")) == (
        "10.0",
        "60.0",
    )
    for wrong, words in (("1", "no place"), ("99,3", "outside the scan")):
        ran = mirage("measure", result, "-o", out, "--fovea", wrong, "--overwrite")
        assert ran.code == 2
        assert words in ran.err
    ran = mirage("measure", result, result, "-o", out, "--fovea", "10,60", "--overwrite")
    assert "for one scan" in ran.err


def test_mistakes_are_told_before_any_work(tmp_path: Path, result: Path) -> None:
    out = tmp_path / "t.csv"
    for args, words in (
        ((tmp_path / "nowhere",), "nothing at"),
        ((save_volume(tmp_path / "plain.npz"),), "no surfaces"),
        ((result / "surfaces.npz",), "part of a result"),
    ):
        ran = mirage("measure", *args, "-o", out)
        assert ran.code == 2
        assert words in ran.err
        assert not out.exists()
    (tmp_path / "empty").mkdir()
    assert "nothing to measure" in mirage("measure", tmp_path / "empty", "-o", out).err
    out.write_text("mine")
    ran = mirage("measure", result, "-o", out)
    assert ran.code == 2
    assert out.read_text() == "mine"


def test_nothing_measured_leaves_no_table_and_a_bug_in_one_scan_spares_the_others(
    result: Path, scan_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mirage_core.measure import tables

    real = tables.measure_scan

    def broken(scan: object, annotated: object, *args: object, **kwargs: object) -> object:
        if scan.vendor_surfaces is not None:  # type: ignore[attr-defined]
            raise RuntimeError(PATIENT)
        return real(scan, annotated, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(tables, "measure_scan", broken)
    out = tmp_path / "new" / "t.csv"
    ran = mirage("measure", scan_file, scan_file, "-o", out)
    assert ran.code == 2
    assert "unexpected went wrong (RuntimeError)" in ran.err
    assert not out.parent.exists()
    ran = mirage("measure", result, scan_file, "-o", out, "--json")
    assert ran.code == 2
    assert [s["grader"] for s in ran.json["scans"]] == ["graph"]
    assert {r["grader"] for r in table(out)} == {"graph"}


@pytest.mark.parametrize("kind", ["pdf", "html"])
def test_a_report_per_scan_is_written_with_nothing_of_the_patient(
    tmp_path: Path, project: Path, kind: str
) -> None:
    pytest.importorskip("matplotlib", reason="reports are drawn by matplotlib")
    out, folder = tmp_path / "out.csv", tmp_path / "reports"
    said = mirage(
        "measure", project, "-o", out, "--report", folder, "--report-format", kind, "--json"
    )
    assert said.code == 0, said.err
    (made,) = folder.iterdir()
    assert said.json["reports"] == [str(made)]
    assert made.suffix == f".{kind}"
    assert PATIENT not in made.name
    content = made.read_bytes()
    assert content.startswith(b"%PDF" if kind == "pdf" else b"<!DOCTYPE html>")
    assert PATIENT.encode() not in content
    if kind == "html":
        assert b"Research use only" in content


def test_a_report_that_is_there_is_replaced_only_when_asked(tmp_path: Path, project: Path) -> None:
    pytest.importorskip("matplotlib", reason="reports are drawn by matplotlib")
    folder = tmp_path / "reports"
    asked = ("measure", project, "--report", folder, "--report-format", "html")
    assert mirage(*asked, "-o", tmp_path / "1.csv").code == 0
    (made,) = folder.iterdir()
    made.write_text("mine")
    refused = mirage(*asked, "-o", tmp_path / "2.csv")
    assert refused.code != 0
    assert made.read_text() == "mine"
    assert mirage(*asked, "-o", tmp_path / "2.csv", "--overwrite").code == 0
    assert made.read_text() != "mine"


def test_a_fovea_that_was_put_in_a_project_is_measured_about(tmp_path: Path, project: Path) -> None:
    with Project.open(project) as opened:
        (row,) = opened.worklist()
        opened.foveas.set(row.scan.id, Fovea(12.0, 70.0), "ann")
    out = tmp_path / "out.csv"
    assert mirage("measure", project, "-o", out).code == 0
    assert float(value(table(out), "fovea", "", "A-scan")) == 71.0
