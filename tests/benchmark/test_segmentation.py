"""Scores of a volume, taken in B-scan by B-scan."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mirage_core.benchmark.conventions import CORRECT, PUBLISHED
from mirage_core.benchmark.segmentation import VolumeTally


def layers(rows: int = 4, n: int = 3) -> np.ndarray:
    """Return labels ``[rows * n, 10]`` of `n` layers of equal height."""
    return np.repeat(np.arange(n), rows)[:, None].repeat(10, axis=1)


def tally(*pairs, convention=CORRECT, **options) -> dict:
    of_volume = VolumeTally(3, (1, 2), convention=convention, **options)
    for found, truth in pairs:
        of_volume.add(found, truth)
    return of_volume.scores()


def test_overlap_is_of_the_whole_volume_and_distance_of_each_b_scan():
    truth = layers()
    lower = np.roll(truth, 1, axis=0)
    lower[0] = 0
    (score, _) = tally((truth, truth), (lower, truth)).values()
    assert score.dice == pytest.approx(2 * (40 + 30) / (80 + 80))
    assert score.iou == pytest.approx(70 / 90)
    assert score.hd95 == pytest.approx((0 + 1) / 2)


def test_invalid_pixels_count_for_nobody():
    truth = layers()
    found = truth.copy()
    truth[:, 5:] = 0
    (score, _) = tally((found, truth), invalid=(0,)).values()
    assert score.dice == 1
    assert score.hd95 == 0


def test_an_invented_class_is_wrong_and_only_as_published_near():
    nothing = np.zeros((12, 10), int)
    painted = nothing.copy()
    painted[4:6, 4:6] = 1
    volume = ((painted, nothing), (nothing, nothing))
    assert tally(*volume)[1].hd95 == pytest.approx(math.hypot(12, 10))
    assert tally(*volume, convention=PUBLISHED)[1].hd95 == 0
    assert tally(*volume)[1].dice == 0


def test_a_class_absent_from_the_volume_has_no_score():
    nothing = np.zeros((12, 10), int)
    score = tally((nothing, nothing))[2]
    assert all(math.isnan(figure) for figure in (score.dice, score.iou, score.hd95))


def test_b_scans_may_differ_in_size_and_pixels_in_shape():
    small, large = layers(2), layers(6)
    shifted = np.roll(large, 1, axis=0)
    scores = tally((small, small), (shifted, large), spacing=(0.004, 0.01))
    assert scores[1].hd95 == pytest.approx(0.004 / 2)
