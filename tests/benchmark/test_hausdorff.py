"""HD95 of a B-scan under a convention."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mirage_core.benchmark.conventions import CORRECT, PUBLISHED, PUBLISHED_DIAGONAL
from mirage_core.benchmark.hausdorff import b_scan_hd95
from mirage_core.measure.confusion import nan_mean
from mirage_core.measure.hausdorff import hd95
from tests.golden import golden

EMPTY = np.zeros((6, 8), bool)
FULL = np.ones((6, 8), bool)
SPOT = EMPTY.copy()
SPOT[2, 3] = True
DIAGONAL = 10.0


def test_reference_distances_of_volumes_are_reproduced():
    arrays = np.load(golden("seg_metrics.npz"))
    names = [key.removesuffix("__pred") for key in arrays.files if key.endswith("__pred")]
    assert names
    for name in names:
        found, truth = arrays[f"{name}__pred"], arrays[f"{name}__gt"]
        for convention, end in ((PUBLISHED, "hd95_nan"), (PUBLISHED_DIAGONAL, "hd95_diag")):
            got = nan_mean(b_scan_hd95(f, t, convention) for f, t in zip(found, truth, strict=True))
            expected = float(arrays[f"{name}__{end}"])
            assert got == pytest.approx(expected, abs=1e-4, nan_ok=True), (name, end)


@pytest.mark.parametrize(
    ("found", "truth", "correct", "published", "diagonal"),
    [
        pytest.param(EMPTY, EMPTY, math.nan, 0.0, 0.0, id="absent from both"),
        pytest.param(SPOT, EMPTY, DIAGONAL, math.nan, DIAGONAL, id="invented"),
        pytest.param(EMPTY, SPOT, DIAGONAL, math.nan, DIAGONAL, id="missed"),
        pytest.param(FULL, EMPTY, DIAGONAL, math.nan, DIAGONAL, id="invented everywhere"),
        pytest.param(FULL, FULL, 0.0, 0.0, 0.0, id="everywhere in both"),
        pytest.param(SPOT, SPOT, 0.0, 0.0, 0.0, id="right"),
    ],
)
def test_a_missing_class_has_the_distance_its_convention_says(
    found, truth, correct, published, diagonal
):
    for convention, expected in (
        (CORRECT, correct),
        (PUBLISHED, published),
        (PUBLISHED_DIAGONAL, diagonal),
    ):
        got = b_scan_hd95(found, truth, convention)
        assert got == pytest.approx(expected, nan_ok=True), convention.name


def test_a_class_that_fills_the_b_scan_ends_at_its_edges():
    assert b_scan_hd95(FULL, SPOT) == hd95(FULL, SPOT) > 0
    assert math.isnan(b_scan_hd95(FULL, SPOT, PUBLISHED))


def test_the_diagonal_is_in_the_unit_of_the_spacing():
    assert b_scan_hd95(SPOT, EMPTY, CORRECT, (0.5, 0.25)) == pytest.approx(math.hypot(3, 2))
