"""HD95 between outlines."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from mirage_core.measure.hausdorff import hd95, outline

shapes = st.tuples(st.integers(1, 9), st.integers(1, 9))
masks = shapes.flatmap(lambda shape: hnp.arrays(np.bool_, shape))
pairs = shapes.flatmap(lambda shape: st.tuples(*[hnp.arrays(np.bool_, shape)] * 2))


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


def test_masks_of_different_shape_are_refused():
    with pytest.raises(ValueError, match="different shape"):
        hd95(np.ones((6, 8), bool), np.ones((5, 8), bool))
