"""The posterior is what summing over all ordered boundaries gives."""

from itertools import combinations_with_replacement

import numpy as np
import pytest

from mirage_core.engines.strata.chain import reached


def summed_by_hand(scores):
    """Return the distribution functions of one A-scan, ``[positions, n]``, by enumeration."""
    positions, n = scores.shape
    weights = np.zeros((positions, n))
    for places in combinations_with_replacement(range(positions), n):
        weight = np.exp(sum(scores[p, i] for i, p in enumerate(places)))
        for i, p in enumerate(places):
            weights[p, i] += weight
    return np.cumsum(weights / weights.sum(axis=0), axis=0)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_posteriors_are_sums_over_all_ordered_boundaries(n):
    scores = np.random.default_rng(n).normal(0, 2, (7, n, 3)).astype(np.float32)
    expected = np.stack([summed_by_hand(scores[:, :, w].astype(float)) for w in range(3)], axis=2)
    np.testing.assert_allclose(reached(scores.copy()), expected, atol=2e-6)


def test_evidence_against_all_order_still_gives_an_answer():
    """Every row says the lower of two strata comes first, by far more than floats hold."""
    rows = np.repeat([[-9.0], [9.0]], 400, axis=0)
    scores = np.zeros((801, 3, 1), np.float32)
    scores[1:] = -np.cumsum(np.stack([rows] * 3, axis=1), axis=0)
    got = reached(scores)
    assert np.isfinite(got).all()
    assert (np.diff(got, axis=0) >= 0).all()
    np.testing.assert_allclose(got[-1], 1)


def test_without_evidence_boundaries_spread_in_order():
    got = reached(np.zeros((101, 2, 1), np.float32))[:, :, 0]
    means = 100 - got[:-1].sum(axis=0)
    np.testing.assert_allclose(means, [100 / 3, 200 / 3], rtol=0.01)
