"""Presence on B-scans and Cohen's kappa."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mirage_core.measure.presence import Presence


def test_kappa_of_a_worked_example() -> None:
    # Observed 35 of 50, by chance 0.5 * 0.6 + 0.5 * 0.4 = 0.5: kappa = (0.7 - 0.5) / 0.5.
    presence = Presence(both=20, only_one=5, only_other=10, neither=15)
    assert presence.n == 50
    assert presence.kappa == pytest.approx(0.4)


def test_perfect_chance_and_opposite_agreement() -> None:
    assert Presence(3, 0, 0, 2).kappa == 1
    assert Presence(1, 1, 1, 1).kappa == 0
    assert Presence(0, 2, 2, 0).kappa == -1


@pytest.mark.parametrize("counts", [(0, 0, 0, 0), (7, 0, 0, 0), (0, 0, 0, 7)])
def test_kappa_is_nan_where_chance_says_it_all(counts: tuple[int, int, int, int]) -> None:
    assert math.isnan(Presence(*counts).kappa)


def test_counts_are_of_the_same_b_scans() -> None:
    one, other = np.array([1, 1, 0, 0, 1], bool), np.array([1, 0, 1, 0, 1], bool)
    assert Presence.of(one, other) == Presence(2, 1, 1, 1)
    with pytest.raises(ValueError, match="different shape"):
        Presence.of(one, other[:-1])


@given(hnp.arrays(bool, 9), hnp.arrays(bool, 9), st.permutations(range(9)))
def test_kappa_knows_no_order_of_graders_or_b_scans(one, other, order) -> None:
    kappa = Presence.of(one, other).kappa
    assert Presence.of(other, one).kappa == pytest.approx(kappa, nan_ok=True)
    assert Presence.of(one[order], other[order]).kappa == pytest.approx(kappa, nan_ok=True)
    assert math.isnan(kappa) or -1 <= kappa <= 1
