"""Agreement of two annotations."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mirage_core.measure.agreement import (
    boundary_differences,
    dice,
    error_um,
    max_error,
    percentile_error,
    signed_error,
    unsigned_error,
    unsigned_error_per_b_scan,
)
from mirage_core.scan import Spacing, SpacingUnknownError

NAN = float("nan")
curves = hnp.arrays(np.float64, (3, 7), elements=st.one_of(st.floats(-500, 500), st.just(NAN)))


def test_only_finite_pairs_count():
    found = np.array([[1.0, 2.0, NAN, 9.0]])
    truth = np.array([[0.0, 4.0, 5.0, NAN]])
    assert boundary_differences(found, truth).tolist() == [1.0, -2.0]
    assert signed_error(found, truth) == -0.5
    assert unsigned_error(found, truth) == 1.5
    assert max_error(found, truth) == 2.0


def test_percentile_interpolates_between_absolute_differences():
    truth = np.zeros((1, 101))
    found = -np.arange(101.0)[None]
    assert percentile_error(found, truth) == pytest.approx(95.0)
    assert percentile_error(found, truth, 50) == pytest.approx(50.0)


def test_nothing_to_compare_is_nan_not_zero():
    empty = np.full((2, 5), NAN)
    for measure in (signed_error, unsigned_error, percentile_error, max_error):
        assert math.isnan(measure(empty, np.ones((2, 5))))


def test_error_per_b_scan_keeps_its_place():
    truth = np.zeros((3, 4))
    found = np.array([[1.0] * 4, [NAN] * 4, [-3.0] * 4])
    per_b_scan = unsigned_error_per_b_scan(found, truth)
    assert per_b_scan[0] == 1.0
    assert math.isnan(per_b_scan[1])
    assert per_b_scan[2] == 3.0


def test_micrometres_need_a_known_axial_spacing():
    assert error_um(2.0, Spacing.from_mm(None, 0.00387, None)) == pytest.approx(7.74)
    with pytest.raises(SpacingUnknownError):
        error_um(2.0, Spacing())


def test_different_shapes_are_refused():
    with pytest.raises(ValueError, match="different shape"):
        unsigned_error(np.zeros((2, 3)), np.zeros((3, 2)))
    with pytest.raises(ValueError, match="different shape"):
        dice(np.zeros((2, 3), bool), np.zeros((3, 2), bool))


def test_dice_of_half_overlapping_squares():
    first, second = np.zeros((4, 4), bool), np.zeros((4, 4), bool)
    first[:, :2] = True
    second[:, 1:3] = True
    assert dice(first, second) == 0.5


def test_dice_of_two_empty_masks_is_nan_and_of_one_is_zero():
    nothing, something = np.zeros((2, 2), bool), np.ones((2, 2), bool)
    assert math.isnan(dice(nothing, nothing))
    assert dice(nothing, something) == 0.0


@given(curves, curves)
def test_swapping_the_two_turns_the_bias_and_keeps_the_rest(a, b):
    np.testing.assert_allclose(signed_error(a, b), -signed_error(b, a))
    np.testing.assert_allclose(unsigned_error(a, b), unsigned_error(b, a))
    np.testing.assert_allclose(percentile_error(a, b), percentile_error(b, a))


@given(curves, curves)
def test_mean_lies_between_bias_and_maximum(a, b):
    if boundary_differences(a, b).size:
        mean = unsigned_error(a, b)
        assert abs(signed_error(a, b)) <= mean + 1e-9
        assert mean <= max_error(a, b) + 1e-9


@given(hnp.arrays(bool, (4, 5)), hnp.arrays(bool, (4, 5)))
def test_dice_is_symmetric_and_bounded(a, b):
    value = dice(a, b)
    if math.isnan(value):
        assert not a.any()
        assert not b.any()
    else:
        assert value == dice(b, a)
        assert 0 <= value <= 1
