"""Areas under curves are those of scikit-learn, for the whole set and for every draw."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from mirage_core.measure.ranking import auroc, average_precision

ANSWERS = st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=30)


@settings(deadline=None)
@given(ANSWERS)
def test_ties_and_all_areas_are_as_in_scikit_learn(answers: list[tuple[int, bool]]) -> None:
    score = np.array([s for s, _ in answers], float)
    member = np.array([m for _, m in answers])
    if member.any():
        expected = metrics.average_precision_score(member, score)
        assert average_precision(score, member)[0] == pytest.approx(expected)
    if member.any() and not member.all():
        assert auroc(score, member)[0] == pytest.approx(metrics.roc_auc_score(member, score))


def test_a_draw_counts_each_as_often_as_it_was_taken() -> None:
    rng = np.random.default_rng(0)
    score, member = rng.integers(0, 4, 20).astype(float), rng.random(20) < 0.4
    taken = rng.multinomial(20, np.full(20, 0.05), size=5)
    for k, times in enumerate(taken):
        again = np.repeat(np.arange(20), times)
        for area in (auroc, average_precision):
            alone = area(score[again], member[again])[0]
            assert area(score, member, taken)[k] == pytest.approx(alone, nan_ok=True)


def test_a_perfect_score_is_1_a_reversed_one_0_and_a_constant_one_a_half() -> None:
    member = np.array([False, False, True, True])
    score = np.arange(4.0)
    assert auroc(score, member)[0] == 1
    assert auroc(-score, member)[0] == 0
    assert auroc(np.zeros(4), member)[0] == 0.5
    assert average_precision(np.zeros(4), member)[0] == 0.5


def test_without_the_class_or_without_the_rest_there_is_no_area() -> None:
    score = np.arange(3.0)
    assert np.isnan(auroc(score, np.zeros(3, bool))[0])
    assert np.isnan(auroc(score, np.ones(3, bool))[0])
    assert np.isnan(average_precision(score, np.zeros(3, bool))[0])


def test_scores_of_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="no common things"):
        auroc(np.zeros(3), np.zeros(2, bool))
