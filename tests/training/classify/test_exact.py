"""The head is at the optimum that scikit-learn finds too, and looks at features as they are."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from mirage_core.training.classify.exact import choose_strength, fit


def points(n: int = 60, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, n)
    x = rng.normal(0, 1, (n, 5)) * [1, 10, 0.1, 3, 1] + 40
    x[np.arange(n), truth] += np.array([2, 20, 0.2])[truth]
    return x, np.eye(3)[truth]


def test_the_optimum_is_that_of_scikit_learn() -> None:
    x, y = points()
    strength = 0.05
    head = fit(x, y, strength, multi_label=False)
    standard = (x - x.mean(0)) / x.std(0)
    peer = LogisticRegression(C=1 / (strength * len(x)), max_iter=5000, tol=1e-10)
    peer.fit(standard, y.argmax(1))
    ours = np.exp(head.logits(x))
    ours /= ours.sum(1, keepdims=True)
    assert np.abs(ours - peer.predict_proba(standard)).max() < 5e-3


def test_a_label_that_never_holds_stays_unlikely_and_finite() -> None:
    x, y = points()
    head = fit(x, np.concatenate([y, np.zeros((60, 1))], axis=1), 0.1, multi_label=True)
    assert np.isfinite(head.bias).all()
    assert (head.logits(x)[:, 3] < -2).all()


def test_what_does_not_vary_does_no_harm() -> None:
    x, y = points()
    x[:, 4] = 7.0
    head = fit(x, y, 0.1, multi_label=False)
    assert np.isfinite(head.weight).all()


def test_noise_asks_for_a_stronger_penalty_than_evidence() -> None:
    rng = np.random.default_rng(5)
    y = np.eye(2)[rng.integers(0, 2, 60)]
    folds = [range(20), range(20, 40), range(40, 60)]
    strengths = (3.0, 0.3, 0.003)
    noise = rng.normal(0, 1, (60, 40))
    evidence = np.concatenate([4 * y, 0.1 * noise[:, :3]], axis=1)
    assert choose_strength([noise], y, folds, strengths, multi_label=False) == 3.0
    assert choose_strength([evidence], y, folds, strengths, multi_label=False) == 0.003
    assert choose_strength([evidence], y, [], strengths, multi_label=False) == 3.0


@pytest.mark.parametrize("multi_label", [False, True])
def test_smoothing_keeps_answers_from_certainty(multi_label: bool) -> None:
    x, y = points()
    plain = fit(x, y, 1e-4, multi_label=multi_label)
    soft = fit(x, y, 1e-4, multi_label=multi_label, smoothing=0.2)
    assert np.abs(soft.logits(x)).max() < np.abs(plain.logits(x)).max()
