"""`mirage benchmark grader` counts what a simulated grader needs, or says why it cannot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mirage_core.simulate import EyeParameters, simulate_eye
from tests.cli.running import mirage
from tests.engines.layered import draw


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    drawn = draw(n=9, bowl_px=15)
    path = tmp_path / "eye.npz"
    spacing = np.array([0.06, 0.0039, 0.0115])
    # Deeper than any engine finds it, so that every B-scan takes a stroke.
    bm = drawn.truth["BM"].astype(np.float32) + 5
    bm[2] = np.nan
    np.savez(path, volume=drawn.b_scans, spacing_mm=spacing, mine=bm)
    return path


def test_interactions_are_counted_with_and_without_aids(scan: Path) -> None:
    ran = mirage("benchmark", "grader", scan, "--truth", "mine=BM", "--engine", "graph", "--json")
    assert ran.code == 0
    assert (ran.json["b_scans"], ran.json["surfaces"], ran.json["engine"]) == (8, ["BM"], "graph")
    by = {tuple(row["with"]): row for row in ran.json["aids"]}
    each = ("interpolate", "propagate", "pull", "snap")
    assert set(by) == {(), *((aid,) for aid in each), each}
    assert by[()]["interactions"] == {"stroke": 8}
    assert by[("propagate",)]["interactions"]["offer"] >= 1
    assert all(row["unmet"] == 0 and row["minutes"] > 0 for row in by.values())


def test_a_table_is_printed_for_people(scan: Path) -> None:
    ran = mirage(
        "benchmark", "grader", scan, "--truth", "mine=BM", "--engine", "graph", "--every", "4"
    )
    assert "all of these" in ran.out
    assert "Minutes" in ran.out
    assert "2 B-scans, BM" in ran.err


def test_masks_in_the_file_are_graded_too(tmp_path: Path) -> None:
    drawn = draw(n=3)
    labels = np.zeros(drawn.b_scans.shape, np.uint8)
    labels[:, 120:135, 100:140] = 1
    path = tmp_path / "eye.npz"
    np.savez(path, volume=drawn.b_scans, spacing_mm=[0.06, 0.0039, 0.0115], cysts=labels)
    ran = mirage(
        "benchmark", "grader", path, "--truth", "cysts=masks", "--engine", "graph", "--json"
    )
    assert ran.code == 0
    assert (ran.json["surfaces"], ran.json["classes"]) == ([], ["IRF"])
    by = {tuple(row["with"]): row for row in ran.json["aids"]}
    assert by[()]["interactions"] == {"stroke": 3}
    assert {("fill",), ("pocket",), ("tidy",)} < set(by)


def test_without_a_scan_the_built_in_eye_is_graded(monkeypatch: pytest.MonkeyPatch) -> None:
    small = EyeParameters(shape=(3, 200, 160), field_mm=(0.36, 1.6, 4.0))
    monkeypatch.setattr("mirage_core.simulate.demo_eye", lambda: simulate_eye(small, seed=7))
    ran = mirage("benchmark", "grader", "--engine", "graph", "--json")
    assert ran.code == 0
    assert ran.json["b_scans"] == 3
    assert {"RPE", "BM"} < set(ran.json["surfaces"])


def test_a_truth_without_a_file_is_refused() -> None:
    ran = mirage("benchmark", "grader", "--truth", "rpe=RPE", "--engine", "graph")
    assert ran.code == 2
    assert "no file is given" in ran.err


@pytest.mark.parametrize(
    ("truth", "why"),
    [
        ((), "brings no surfaces"),
        (("--truth", "mine"), "not ARRAY=SURFACE"),
        (("--truth", "mine=XYZ"), "no surface called XYZ"),
        (("--truth", "volume=BM"), "no array of 9"),
        (("--truth", "other=BM"), "no array of 9"),
        (("--truth", "mine=masks"), "no array of 9"),
    ],
)
def test_what_cannot_be_graded_is_said(scan: Path, truth: tuple[str, ...], why: str) -> None:
    ran = mirage("benchmark", "grader", scan, *truth, "--engine", "graph")
    assert ran.code == 2
    assert why in ran.err
