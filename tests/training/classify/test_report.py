"""Figures are those of scikit-learn; what cannot be told is None, never a number."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn import metrics

from mirage_core.training.classify.report import balanced_accuracy, class_report

LABELS = ("a", "b", "c")


def answers(n: int = 90, seed: int = 0) -> tuple[np.ndarray, np.ndarray, list[str]]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, n)
    logits = rng.normal(0, 1, (n, 3))
    logits[np.arange(n), truth] += 1.2
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return p, np.eye(3)[truth], [f"P{i // 3}" for i in range(n)]


def test_figures_are_those_of_scikit_learn() -> None:
    p, y, patients = answers()
    report = class_report(p, y, patients, LABELS, multi_label=False)
    truth = y.argmax(1)
    assert report.auroc.value == pytest.approx(metrics.roc_auc_score(y, p, average="macro"))
    expected = metrics.average_precision_score(y, p, average="macro")
    assert report.auprc.value == pytest.approx(expected)
    expected = metrics.balanced_accuracy_score(truth, p.argmax(1))
    assert report.balanced_accuracy.value == pytest.approx(expected)
    assert balanced_accuracy(p, y, multi_label=False) == pytest.approx(expected)
    counts = metrics.confusion_matrix(truth, p.argmax(1))
    assert np.array_equal(np.array(report.confusion), counts)
    assert report.classes[1].sensitivity == pytest.approx(counts[1, 1] / counts[1].sum())
    assert (report.n, report.patients) == (90, 30)
    assert report.auroc.low < report.auroc.value < report.auroc.high
    assert sum(b.n for b in report.calibration) == 90
    json.dumps(report.as_fields(), allow_nan=False)


def test_probabilities_that_mean_what_they_say_are_calibrated() -> None:
    rng = np.random.default_rng(3)
    sure = rng.uniform(0.5, 1, 20000)
    hit = rng.random(20000) < sure
    p = np.stack([sure, 1 - sure], axis=1)
    y = np.stack([hit, ~hit], axis=1).astype(float)
    patients = [str(i) for i in range(20000)]
    sound = class_report(p[:2000], y[:2000], patients[:2000], ("a", "b"), multi_label=False)
    assert sound.calibration_error < 0.05
    boast = np.clip(p**4 / (p**4).sum(1, keepdims=True), 0, 1)
    loud = class_report(boast[:2000], y[:2000], patients[:2000], ("a", "b"), multi_label=False)
    assert loud.calibration_error > 0.1


def test_patients_are_drawn_whole() -> None:
    p, y, _ = answers()
    alone = class_report(p, y, [str(i) for i in range(90)], LABELS, multi_label=False)
    few = class_report(p, y, [str(i % 4) for i in range(90)], LABELS, multi_label=False)
    assert few.auroc.value == alone.auroc.value
    assert (few.auroc.low, few.auroc.high) != (alone.auroc.low, alone.auroc.high)


def test_a_class_that_is_not_there_has_no_figures_and_is_left_out_of_means() -> None:
    p, y, patients = answers()
    kept = y[:, 2] == 0
    report = class_report(
        p[kept], y[kept], list(np.array(patients)[kept]), LABELS, multi_label=False
    )
    absent = report.classes[2]
    assert (absent.n, absent.auroc.value, absent.sensitivity) == (0, None, None)
    means = [c.auroc.value for c in report.classes[:2]]
    assert report.auroc.value == pytest.approx(np.mean(means))


def test_all_of_one_class_tells_nothing() -> None:
    p, _, patients = answers(6)
    y = np.zeros((6, 3))
    y[:, 0] = 1
    report = class_report(p, y, patients, LABELS, multi_label=False)
    assert report.auroc.value is None
    assert "nothing can be said" in report.sentence
    json.dumps(report.as_fields(), allow_nan=False)


def test_of_findings_each_is_judged_by_itself() -> None:
    rng = np.random.default_rng(1)
    y = (rng.random((80, 2)) < 0.5).astype(float)
    p = np.clip(0.6 * y + 0.2 + rng.normal(0, 0.15, y.shape), 0.01, 0.99)
    report = class_report(p, y, [str(i) for i in range(80)], ("x", "y"), multi_label=True)
    expected = np.mean([metrics.balanced_accuracy_score(y[:, k], p[:, k] >= 0.5) for k in (0, 1)])
    assert report.balanced_accuracy.value == pytest.approx(expected)
    assert report.confusion == ()


def test_answers_to_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="no common examples"):
        class_report(np.zeros((0, 2)), np.zeros((0, 2)), [], ("a", "b"), multi_label=False)
