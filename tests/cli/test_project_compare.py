"""`mirage project compare`: thickness with its plots, several scans, a model and a grader."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mirage_core.annotate import Proposal, Session, State
from mirage_core.cli.project_sides import MODEL
from mirage_core.io.export_result import write_result
from mirage_core.project import Project
from mirage_core.scan import FLUID_SCHEME, ArrayPixels, Laterality, Masks, Surfaces
from tests.cli.running import mirage
from tests.measure.mapped import middle, raster

NAMES = ("ILM", "BM")
N, HEIGHT, WIDTH = 25, 64, 128
IRF = FLUID_SCHEME.by_name("IRF").value


def flat(bm_px: float, marked: int = 0) -> Proposal:
    """Return what an engine offers: level surfaces, and a box of IRF on the first B-scans."""
    depths = np.array([5.0, bm_px], np.float32)[:, None, None]
    masks = Masks.empty((N, HEIGHT, WIDTH))
    masks.labels[:marked, 20:30, 40:60] = IRF
    curves = Surfaces(np.broadcast_to(depths, (2, N, WIDTH)).copy(), NAMES)
    return Proposal(tuple(range(N)), curves, None, masks, "graph", "Graph", "ab" * 32)


def correct(session: Session, bm_px: float, b_scans: range = range(N)) -> None:
    """Draw BM by hand, approve, and leave the other B-scans as the engine drew them."""
    for b in b_scans:
        draft = session.draft(b)
        draft.curves[session.annotation.surfaces.index("BM")] = bm_px
        session.commit(draft, "pen", "Pen on BM")
    session.set_state(b_scans, State.APPROVED)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Three eyes; on all a model drew BM at 60 px, Anna and Ben moved it as told."""
    with Project.create(tmp_path / "study") as project:
        for anna, ben in ((61.0, 62.0), (62.0, 61.0), (63.0, 61.0)):
            pixels = np.random.default_rng(int(anna)).integers(0, 9, (N, HEIGHT, WIDTH))
            scan = replace(raster(N, WIDTH), pixels=ArrayPixels(pixels.astype(np.uint8)))
            record = project.import_pixels(project.add_scan(scan, "Lead"), scan)
            project.foveas.set(record.id, middle(scan), "Lead")  # a level retina has no pit
            for grader, depth in (("Anna", anna), ("Ben", ben)):
                session = project.session(record, grader)
                session.adopt(flat(60.0, marked=5))
                correct(session, depth)
                project.close_session(session)
    return tmp_path / "study"


def ids(study: Path) -> list[str]:
    with Project.open(study) as project:
        return [row.scan.id for row in project.worklist()]


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def thickness(rows: list[dict[str, str]]) -> dict[tuple[str, str], dict[str, str]]:
    return {(r["scan"], r["figure"]): r for r in rows if r["structure"] == "ILM..BM"
            and r["kind"] == "thickness"}  # fmt: skip


def compare(study: Path, *args: object) -> object:
    return mirage("project", "compare", study, *args)


def test_bias_and_limits_of_thickness_are_shown_written_and_plotted(
    study: Path, tmp_path: Path
) -> None:
    scan, out, plot = ids(study)[0], tmp_path / "table.csv", tmp_path / "plot.pdf"
    shown = compare(study, "--scan", scan, "--graders", "Anna", "Ben", "-o", out, "--plot", plot)
    assert shown.code == 0, shown.err
    assert "subfields" in shown.out
    found = thickness(read(out))
    # One px of 4 µm, everywhere.
    assert float(found[scan, "mean difference"]["value"]) == pytest.approx(-4, abs=1e-3)
    assert found[scan, "pairs"]["value"] == "9"
    assert "alike" in found[scan, "pairs"]["note"]
    assert plot.read_bytes().startswith(b"%PDF")
    again = compare(study, "--scan", scan, "--graders", "Anna", "Ben", "--plot", plot)
    assert again.code == 2
    assert "exists already" in again.err


def test_over_several_scans_each_gives_one_pair(study: Path, tmp_path: Path) -> None:
    out, plot = tmp_path / "table.csv", tmp_path / "plot.svg"
    shown = compare(study, "--graders", "Anna", "Ben", "-o", out, "--plot", plot)
    assert shown.code == 0, shown.err
    assert "All 3 scans" in shown.out
    found = thickness(read(out))
    assert len({scan for scan, _ in found}) == 4
    assert found["", "pairs"]["value"] == "3"
    # -1, 1 and 2 px of 4 µm.
    assert float(found["", "mean difference"]["value"]) == pytest.approx(8 / 3, abs=1e-3)
    spread = float(np.std([-4, 4, 8], ddof=1))
    assert float(found["", "SD of differences"]["value"]) == pytest.approx(spread, abs=1e-3)
    upper = float(found["", "upper limit of agreement"]["value"])
    assert upper == pytest.approx(8 / 3 + 1.96 * spread, abs=1e-3)
    assert b"<svg" in plot.read_bytes()
    listed = compare(study, "--graders", "Anna", "Ben", "--json").json
    assert len(listed["scans"]) == 3
    assert {f["figure"] for f in listed["between_scans"]} >= {"mean difference"}


def test_a_model_is_compared_with_the_grader_who_corrected_it(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "table.csv"
    shown = compare(study, "--graders", MODEL, "Anna", "-o", out)
    assert shown.code == 0, shown.err
    found = thickness(read(out))
    values = [float(found[scan, "mean difference"]["value"]) for scan in ids(study)]
    assert values == pytest.approx([-4, -8, -12], abs=1e-3)
    assert {r["first"] for r in read(out)} == {MODEL}
    # She left the boxes as they were and approved them: that is her word.
    dice = {r["value"] for r in read(out) if (r["structure"], r["figure"]) == ("IRF", "Dice")}
    assert dice == {"1.0"}


def test_b_scans_that_a_grader_left_to_the_model_do_not_count(tmp_path: Path) -> None:
    with Project.create(tmp_path / "study") as project:
        scan = raster(N, WIDTH)
        record = project.import_pixels(project.add_scan(scan, "Lead"), scan)
        session = project.session(record, "Anna")
        session.adopt(flat(60.0))
        correct(session, 62.0, range(3, 9))
        project.close_session(session)
    found = compare(tmp_path / "study", "--graders", "Anna", MODEL, "--json").json
    assert found["b_scans"] == [4, 5, 6, 7, 8, 9]
    bias = next(f for f in found["figures"] if f["figure"] == "mean difference"
                and f["kind"] == "thickness")  # fmt: skip
    assert bias["value"] == pytest.approx(8, abs=1e-3)
    assert "B-scan" in bias["note"]


def test_a_result_of_segment_is_compared_with_a_grader(study: Path, tmp_path: Path) -> None:
    folder, offered = tmp_path / "Jane Doe", flat(59.0)
    folder.mkdir()
    assert offered.masks is not None
    sure = np.ones(offered.surfaces.values.shape, np.float32)
    write_result(folder, offered.surfaces, sure, offered.masks, {"engine": {"name": "graph"}})
    shown = compare(study, "--scan", ids(study)[0], "--graders", folder, "Ben", "--json").json
    assert shown["graders"] == ["graph", "Ben"]
    bias = next(f for f in shown["figures"] if (f["structure"], f["figure"], f["unit"])
                == ("BM", "mean difference", "px"))  # fmt: skip
    assert bias["value"] == -3


def write_flat(folder: Path, **recorded: object) -> Path:
    """Write a result of level layers, with what it says of the scan it is of."""
    offered = flat(59.0)
    assert offered.masks is not None
    folder.mkdir()
    sure = np.ones(offered.surfaces.values.shape, np.float32)
    info = {"engine": {"name": "graph"}, "input": recorded}
    write_result(folder, offered.surfaces, sure, offered.masks, info)
    return folder


@pytest.mark.parametrize("n_named", [0, 2])
def test_a_result_is_compared_on_one_scan_that_is_named_and_not_on_all_of_its_shape(
    study: Path, tmp_path: Path, n_named: int
) -> None:
    folder = write_flat(tmp_path / "result")
    named = [part for scan in ids(study)[:n_named] for part in ("--scan", scan)]
    refused = compare(study, *named, "--graders", folder, "Ben")
    assert refused.code == 2
    assert "A result is of one scan" in refused.err
    assert "--scan" in refused.err


@pytest.mark.parametrize(
    ("recorded", "why"),
    [
        ({"laterality": Laterality.OS.value}, "other eye"),
        ({"laterality": Laterality.OD.value, "superior_to_inferior": True}, "the other way"),
        ({"laterality": Laterality.OD.value, "superior_to_inferior": False}, ""),
        ({"laterality": "unknown", "superior_to_inferior": None}, ""),
    ],
)
def test_a_result_that_is_seen_to_be_of_another_scan_is_refused(
    study: Path, tmp_path: Path, recorded: dict[str, object], why: str
) -> None:
    folder = write_flat(tmp_path / "result", **recorded)
    shown = compare(study, "--scan", ids(study)[0], "--graders", folder, "Ben")
    assert shown.code == (2 if why else 0), shown.err
    assert why in shown.err


def test_a_scan_that_cannot_be_read_is_said_and_the_others_are_compared(study: Path) -> None:
    broken, *others = ids(study)
    (study / "scans" / f"{broken}.h5").write_bytes(b"not a scan")
    shown = compare(study, "--graders", "Anna", "Ben", "--json")
    assert shown.code == 0, shown.err
    assert [found["scan"] for found in shown.json["scans"]] == others
    assert f"({broken}) is left out" in shown.err
    alone = compare(study, "--scan", broken, "--graders", "Anna", "Ben")
    assert alone.code == 2


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("--graders", MODEL, MODEL), "Neither of the two is a grader."),
        (("--graders", MODEL, "Zoe"), "no scan that both model and Zoe"),
        (("--graders", "Anna", "Ben", "--b-scans", "1-2"), "--b-scans is for one scan."),
        (("--graders", "Anna", "Ben", "--plot", "plot.xls"), "End it in .pdf, .png, .svg."),
    ],
)
def test_what_cannot_be_compared_is_said_in_a_sentence(
    study: Path, args: tuple[str, ...], sentence: str
) -> None:
    refused = compare(study, *args)
    assert refused.code == 2
    assert sentence in refused.err
    assert len(refused.err.strip().splitlines()) == 1
