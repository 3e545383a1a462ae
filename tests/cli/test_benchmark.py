"""`mirage benchmark grader` counts what a simulated grader needs, or says why it cannot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

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
    assert set(by) == {(), ("pull",), ("propagate",), ("propagate", "pull")}
    assert by[()]["interactions"] == {"pen": 8}
    assert by[("propagate",)]["interactions"]["offer"] >= 1
    assert all(row["unmet"] == 0 and row["minutes"] > 0 for row in by.values())


def test_a_table_is_printed_for_people(scan: Path) -> None:
    ran = mirage("benchmark", "grader", scan, "--truth", "mine=BM", "--engine", "graph")
    assert "propagate and pull" in ran.out
    assert "Minutes" in ran.out


@pytest.mark.parametrize(
    ("truth", "why"),
    [
        ((), "brings no surfaces"),
        (("--truth", "mine"), "not ARRAY=SURFACE"),
        (("--truth", "mine=XYZ"), "no surface called XYZ"),
        (("--truth", "volume=BM"), "no array of 9"),
        (("--truth", "other=BM"), "no array of 9"),
    ],
)
def test_what_cannot_be_graded_is_said(scan: Path, truth: tuple[str, ...], why: str) -> None:
    ran = mirage("benchmark", "grader", scan, *truth, "--engine", "graph")
    assert ran.code == 2
    assert why in ran.err
