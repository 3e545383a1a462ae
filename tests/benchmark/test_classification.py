"""Scores of a classifier."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mirage_core.benchmark.classification import classification_scores
from tests.golden import golden

FIELDS = {
    "loss": "loss",
    "bacc": "balanced_accuracy",
    "auroc": "auroc",
    "ap": "average_precision",
    "f1": "f1",
    "mcc": "mcc",
}


def sure(classes, n_classes: int = 3) -> np.ndarray:
    return 50.0 * np.eye(n_classes)[list(classes)]


def test_reference_scores_are_reproduced():
    arrays = np.load(golden("cls_metrics.npz"))
    names = [key.removesuffix("__logits") for key in arrays.files if key.endswith("__logits")]
    assert names
    for name in names:
        scores = classification_scores(
            arrays[f"{name}__logits"],
            arrays[f"{name}__target"],
            batch_size=int(arrays[f"{name}__batch"]),
        )
        for key, field in FIELDS.items():
            expected = float(arrays[f"{name}__{key}"])
            assert getattr(scores, field) == pytest.approx(expected, abs=1e-6), (name, field)


def test_right_answers_score_one_and_lose_nothing():
    target = np.array([0, 1, 2, 2, 1])
    scores = classification_scores(sure(target), target)
    assert scores.loss == pytest.approx(0, abs=1e-12)
    for field in set(FIELDS.values()) - {"loss"}:
        assert getattr(scores, field) == pytest.approx(1), field


def test_one_answer_to_everything_is_worth_nothing():
    scores = classification_scores(np.zeros((6, 3)), np.array([0, 0, 0, 1, 1, 2]))
    assert scores.loss == pytest.approx(math.log(3))
    assert scores.balanced_accuracy == pytest.approx(1 / 3)
    assert scores.auroc == pytest.approx(0.5)
    assert scores.mcc == 0


def test_classes_weigh_alike_in_balanced_accuracy_and_by_number_in_f1():
    target = np.array([0] * 9 + [1])
    scores = classification_scores(sure([0] * 10, 2), target)
    assert scores.balanced_accuracy == pytest.approx(0.5)
    assert scores.f1 == pytest.approx(0.9 * 2 * 0.9 / 1.9)


def test_a_class_that_never_occurs_changes_no_score():
    random = np.random.default_rng(0)
    logits, target = random.normal(size=(20, 3)), random.integers(0, 3, 20)
    wider = np.concatenate([logits, np.full((20, 1), -60.0)], axis=1)
    without, with_it = (classification_scores(x, target) for x in (logits, wider))
    for field in FIELDS.values():
        assert getattr(with_it, field) == pytest.approx(getattr(without, field)), field


def test_with_one_class_alone_nothing_can_be_told_apart():
    scores = classification_scores(sure([1, 1, 0]), np.array([1, 1, 1]))
    assert math.isnan(scores.auroc)
    assert scores.average_precision == 1
    assert scores.balanced_accuracy == pytest.approx(2 / 3)


def test_images_of_a_smaller_last_batch_weigh_more_in_a_published_loss():
    logits = np.array([[0.0, 0.0], [0.0, 0.0], [-2.0, 2.0]])
    target = np.array([0, 0, 0])
    even, wrong = math.log(2), math.log(1 + math.exp(4))
    mean = classification_scores(logits, target).loss
    of_batches = classification_scores(logits, target, batch_size=2).loss
    assert mean == pytest.approx((2 * even + wrong) / 3)
    assert of_batches == pytest.approx((even + wrong) / 2)


@pytest.mark.parametrize(
    ("logits", "target", "why"),
    [
        (np.zeros((0, 2)), np.zeros(0, int), "no common images"),
        (np.zeros((2, 2)), np.zeros(3, int), "no common images"),
        (np.full((2, 2), np.nan), np.zeros(2, int), "not finite"),
        (np.zeros((2, 2)), np.array([0, 2]), "true classes"),
    ],
)
def test_what_cannot_be_scored_is_refused(logits, target, why):
    with pytest.raises(ValueError, match=why):
        classification_scores(logits, target)
