"""Bland-Altman in closed form, and against the figures of the paper it comes from."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mirage_core.measure.bland_altman import bland_altman

NAN = float("nan")
# Peak expiratory flow by two meters, l/min: Bland and Altman, Lancet 1986, table 1.
LARGE = (494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427)
MINI = (512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451)


def test_the_paper_it_comes_from_is_reproduced() -> None:
    found = bland_altman(np.array(LARGE), np.array(MINI))
    assert found.n == 17
    assert found.bias.value == pytest.approx(-2.1, abs=0.05)
    assert found.sd == pytest.approx(38.8, abs=0.05)
    assert found.bias.low == pytest.approx(-22.0, abs=0.1)
    assert found.bias.high == pytest.approx(17.8, abs=0.1)
    # The paper takes 2 SD; 1.96 of them are as in its sequel of 1999.
    assert found.lower.value == pytest.approx(-2.1 - 1.96 * 38.8, abs=0.1)
    assert found.upper.value == pytest.approx(-2.1 + 1.96 * 38.8, abs=0.1)
    # t(16) = 2.12, and the SE of a limit is s * sqrt(1/n + 1.96^2 / 2(n - 1)).
    half = 2.1199 * 38.8 * math.sqrt(1 / 17 + 1.96**2 / 32)
    assert found.upper.high - found.upper.value == pytest.approx(half, rel=2e-3)
    assert not found.proportional


def test_differences_of_plus_and_minus_one_in_closed_form() -> None:
    second = np.array([100.0, 200.0, 100.0, 200.0])
    found = bland_altman(second + np.array([3.0, 3.0, 5.0, 5.0]), second)
    sd = math.sqrt(4 / 3)
    assert found.bias.value == 4
    assert found.sd == pytest.approx(sd)
    assert found.lower.value == pytest.approx(4 - 1.96 * sd)
    assert found.upper.value == pytest.approx(4 + 1.96 * sd)
    t3 = 3.182446
    assert found.bias.high == pytest.approx(4 + t3 * sd / 2, rel=1e-6)
    assert found.bias.low == pytest.approx(4 - t3 * sd / 2, rel=1e-6)


def test_a_difference_that_grows_with_thickness_is_a_slope() -> None:
    mean = np.linspace(200, 400, 9)
    found = bland_altman(mean * 1.05, mean * 0.95)
    assert found.slope.value == pytest.approx(0.1)
    assert found.proportional
    assert found.slope.low == pytest.approx(found.slope.high)


def test_the_confidence_of_a_slope_in_closed_form() -> None:
    # Means -1, 0, 1 and differences 0, 3, 0: slope 0, residuals -1, 2, -1, t(1) = 12.706.
    means, differences = np.array([-1.0, 0.0, 1.0]), np.array([0.0, 3.0, 0.0])
    found = bland_altman(means + differences / 2, means - differences / 2)
    assert found.slope.value == pytest.approx(0)
    assert found.slope.high == pytest.approx(12.7062 * math.sqrt(6 / 1 / 2), rel=1e-4)
    assert not found.proportional


def test_pairs_that_one_lacks_are_left_out() -> None:
    first = np.array([1.0, NAN, 3.0, 4.0, 5.0])
    second = np.array([0.0, 2.0, NAN, 3.0, 4.0])
    found = bland_altman(first, second)
    assert found.n == 3
    assert (found.bias.value, found.sd) == (1, 0)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_pairs_have_a_bias_and_no_limits(n: int) -> None:
    found = bland_altman(np.full(n, 5.0), np.full(n, 3.0))
    assert found.bias.value == 2 or n == 0
    for figure in (found.sd, found.bias.low, found.lower.value, found.slope.value):
        assert math.isnan(figure)
    assert not found.proportional


def test_pairs_of_one_thickness_have_no_slope() -> None:
    found = bland_altman(np.array([301.0, 299.0, 300.0]), np.array([299.0, 301.0, 300.0]))
    assert math.isnan(found.slope.value)


def test_lists_of_two_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="no pairs"):
        bland_altman(np.zeros(3), np.zeros(4))


values = hnp.arrays(np.float64, 12, elements=st.floats(50, 500))


@given(values, values)
def test_swapping_the_two_turns_every_sign_and_the_limits(a: np.ndarray, b: np.ndarray) -> None:
    there, back = bland_altman(a, b), bland_altman(b, a)
    assert there.bias.value == pytest.approx(-back.bias.value, abs=1e-6)
    assert there.upper.high == pytest.approx(-back.lower.low, abs=1e-6)
    assert there.upper.low == pytest.approx(-back.lower.high, abs=1e-6)
    assert there.slope.value == pytest.approx(-back.slope.value, abs=1e-6, nan_ok=True)


@given(values, values, st.floats(-100, 100))
def test_what_both_have_more_of_changes_neither_bias_nor_limits(
    a: np.ndarray, b: np.ndarray, more: float
) -> None:
    found, moved = bland_altman(a, b), bland_altman(a + more, b + more)
    assert moved.bias.value == pytest.approx(found.bias.value, abs=1e-6)
    assert moved.lower.value == pytest.approx(found.lower.value, abs=1e-6)


def test_limits_hold_95_percent_of_normal_differences_and_their_intervals_the_truth() -> None:
    rng = np.random.default_rng(5)
    true_upper, within, held = 1.96, [], []
    for _ in range(800):
        d = rng.normal(0, 1, 20)
        found = bland_altman(d, np.zeros(20))
        within.append(np.mean(np.abs(rng.normal(0, 1, 200)) < 1.96))
        held.append(found.upper.low <= true_upper <= found.upper.high)
    assert np.mean(within) == pytest.approx(0.95, abs=0.01)
    # Approximate, as the paper says: a little short of 95 % in small samples.
    assert 0.9 < np.mean(held) < 0.98
