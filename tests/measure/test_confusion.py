"""Counts of found against true classes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mirage_core.measure.agreement import dice
from mirage_core.measure.confusion import Confusion, nan_mean

NAN = float("nan")
TRUTH = np.array([0, 0, 0, 1, 1, 2])
FOUND = np.array([0, 0, 1, 1, 2, 2])


def test_counts_stand_by_true_and_by_found_class():
    confusion = Confusion.of(FOUND, TRUTH, 4)
    assert confusion.counts.tolist() == [[2, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0], [0] * 4]
    assert confusion.truth.tolist() == [3, 2, 1, 0]
    assert confusion.found.tolist() == [2, 2, 2, 0]
    assert confusion.overlap.tolist() == [2, 1, 1, 0]


def test_figures_follow_from_the_counts():
    confusion = Confusion.of(FOUND, TRUTH, 3)
    assert confusion.accuracy == pytest.approx(4 / 6)
    assert confusion.class_accuracy == pytest.approx([2 / 3, 1 / 2, 1])
    assert confusion.dice == pytest.approx([4 / 5, 2 / 4, 2 / 3])
    assert confusion.iou == pytest.approx([2 / 3, 1 / 3, 1 / 2])
    assert confusion.mean_iou == pytest.approx((2 / 3 + 1 / 3 + 1 / 2) / 3)
    assert confusion.balanced_accuracy == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)


def test_a_class_in_neither_map_has_no_figures_and_is_in_no_mean():
    three, four = (Confusion.of(FOUND, TRUTH, n) for n in (3, 4))
    assert math.isnan(four.dice[3])
    assert math.isnan(four.iou[3])
    assert four.mean_iou == three.mean_iou
    assert four.balanced_accuracy == three.balanced_accuracy


def test_an_invented_class_overlaps_nothing():
    confusion = Confusion.of(np.array([0, 1]), np.array([0, 0]), 2)
    assert confusion.iou[1] == 0
    assert confusion.dice[1] == 0
    assert math.isnan(confusion.class_accuracy[1])


def test_nothing_counted_has_no_figures():
    empty = np.zeros(0, int)
    confusion = Confusion.of(empty, empty, 2)
    for figure in (confusion.accuracy, confusion.mean_iou, confusion.balanced_accuracy):
        assert math.isnan(figure)


def test_parts_add_up_to_the_whole():
    random = np.random.default_rng(0)
    found, truth = random.integers(0, 5, (2, 3, 8, 9))
    parts = [Confusion.of(f, t, 5) for f, t in zip(found, truth, strict=True)]
    whole = Confusion.of(found, truth, 5)
    assert (parts[0] + parts[1] + parts[2]).counts.tolist() == whole.counts.tolist()
    assert whole.dice == pytest.approx([dice(found == c, truth == c) for c in range(5)])


def test_unlabelled_pixels_are_not_counted():
    truth = np.where(np.arange(6) < 2, 255, TRUTH).astype(np.uint8)
    confusion = Confusion.of(FOUND, truth, 3, unlabelled=255)
    assert confusion.counts.tolist() == Confusion.of(FOUND[2:], TRUTH[2:], 3).counts.tolist()


def test_without_a_true_class_its_inventions_still_count():
    confusion = Confusion.of(np.array([0, 1, 0]), np.array([0, 0, 1]), 2)
    assert confusion.without([0]).counts.tolist() == [[0, 0], [1, 0]]
    assert confusion.counts.tolist() == [[1, 1], [1, 0]]


@pytest.mark.parametrize("bad", [-1, 3])
@pytest.mark.parametrize("which", ["found", "true"])
def test_a_number_that_is_no_class_is_refused(bad, which):
    maps = {"found": FOUND.copy(), "true": TRUTH.copy()}
    maps[which][0] = bad
    with pytest.raises(ValueError, match=f"{which} classes"):
        Confusion.of(maps["found"], maps["true"], 3)


def test_maps_of_different_shape_are_refused():
    with pytest.raises(ValueError, match="different shape"):
        Confusion.of(FOUND[:-1], TRUTH, 3)


def test_a_mean_leaves_out_what_is_undefined():
    assert nan_mean([1.0, NAN, 3.0]) == 2.0
    assert nan_mean(iter([4.0])) == 4.0
    assert math.isnan(nan_mean([NAN]))
    assert math.isnan(nan_mean([]))
