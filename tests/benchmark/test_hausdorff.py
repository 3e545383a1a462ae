"""HD95 between outlines."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from mirage_core.benchmark.conventions import CORRECT, PUBLISHED, PUBLISHED_DIAGONAL
from mirage_core.benchmark.hausdorff import b_scan_hd95, hd95, outline
from mirage_core.measure.confusion import nan_mean
from tests.golden import golden

shapes = st.tuples(st.integers(1, 9), st.integers(1, 9))
masks = shapes.flatmap(lambda shape: hnp.arrays(np.bool_, shape))
pairs = shapes.flatmap(lambda shape: st.tuples(*[hnp.arrays(np.bool_, shape)] * 2))

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


def test_two_lines_lie_as_far_apart_as_they_do():
    found, truth = np.zeros((2, 20, 30), bool)
    found[4], truth[9] = True, True
    assert hd95(found, truth) == 5
    assert hd95(found, truth, (0.004, 0.01)) == pytest.approx(0.02)


def test_pixels_need_not_be_square():
    found, truth = np.zeros((2, 20, 20), bool)
    found[3, 5], truth[6, 9] = True, True
    assert hd95(found, truth) == 5
    assert hd95(found, truth, (2.0, 0.5)) == pytest.approx(math.hypot(6, 2))


def test_the_farthest_twentieth_is_left_aside():
    truth = np.zeros((60, 101), bool)
    truth[0] = True
    found = truth.copy()
    found[50, :5] = True  # 5 of 106 pixels, 45 px and more away
    assert hd95(found, truth) < 50
    assert hd95(truth, truth) == 0


def test_the_worse_direction_counts():
    truth = np.zeros((30, 60), bool)
    truth[5], truth[25, ::2] = True, True  # a third of the truth is missed by 20 px
    found = np.zeros_like(truth)
    found[5] = True
    assert hd95(found, truth) == 20
    assert hd95(truth, found) == 20


def test_a_hole_has_an_outline():
    ring = np.ones((7, 7), bool)
    ring[3, 3] = False
    rim = outline(ring)
    assert rim[2, 3]
    assert rim[0].all()
    assert not rim[1, 1]
    assert not rim[2, 2]  # only diagonal to the hole


@given(masks)
def test_an_outline_is_what_erosion_takes_away(mask):
    np.testing.assert_array_equal(outline(mask), mask ^ ndimage.binary_erosion(mask))


@given(pairs)
def test_a_distance_has_no_direction_and_is_zero_to_itself(pair):
    found, truth = pair
    there, back = hd95(found, truth), hd95(truth, found)
    assert there == pytest.approx(back, nan_ok=True)
    assert math.isnan(there) == (not found.any() or not truth.any())
    assert not found.any() or hd95(found, found) == 0


@given(pairs)
def test_it_agrees_with_the_distances_of_every_pair_of_pixels(pair):
    found, truth = pair
    if not found.any() or not truth.any():
        return
    a, b = np.argwhere(outline(found)), np.argwhere(outline(truth))
    apart = np.sqrt(((a[:, None] - b[None]) ** 2).sum(-1))
    expected = max(np.percentile(apart.min(1), 95), np.percentile(apart.min(0), 95))
    assert hd95(found, truth) == pytest.approx(expected)


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


def test_masks_of_different_shape_are_refused():
    with pytest.raises(ValueError, match="different shape"):
        hd95(SPOT, SPOT[:-1])
