"""Dice and IoU of volumes, as published and correct."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mirage_core.benchmark.conventions import CONVENTIONS, CORRECT, PUBLISHED
from mirage_core.benchmark.overlap import dice, iou
from mirage_core.measure.confusion import Confusion
from tests.golden import golden


def of_masks(found: np.ndarray, truth: np.ndarray) -> Confusion:
    return Confusion.of(found.astype(np.uint8), truth.astype(np.uint8), 2)


def test_reference_overlaps_of_volumes_are_reproduced():
    arrays = np.load(golden("seg_metrics.npz"))
    names = [key.removesuffix("__pred") for key in arrays.files if key.endswith("__pred")]
    assert names
    for name in names:
        confusion = of_masks(arrays[f"{name}__pred"], arrays[f"{name}__gt"])
        assert dice(confusion, PUBLISHED)[1] == pytest.approx(arrays[f"{name}__dice"], abs=1e-9)
        assert iou(confusion, PUBLISHED)[1] == pytest.approx(arrays[f"{name}__iou"], abs=1e-9)


def test_reference_figures_of_confusions_are_reproduced():
    arrays = np.load(golden("seg_metrics.npz"))
    keys = [key for key in arrays.files if key.startswith("miou_ig") and key.endswith("__iou")]
    assert keys
    for key in keys:
        name = key.removesuffix("__iou")
        ignored = name.removeprefix("miou_ig")
        confusion = Confusion.of(arrays["miou_pred"], arrays["miou_gt"], len(arrays[key]))
        if ignored != "None":
            confusion = confusion.without([int(ignored)])
        assert confusion.accuracy == pytest.approx(arrays[f"{name}__pixel_acc"], abs=1e-9)
        for figure in ("class_acc", "iou", "dice"):
            got = getattr(confusion, figure.replace("acc", "accuracy"))
            assert got == pytest.approx(arrays[f"{name}__{figure}"], abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("convention", CONVENTIONS.values(), ids=CONVENTIONS)
def test_half_overlapping_squares(convention):
    found, truth = np.zeros((2, 10, 10), bool)
    found[:4, :4], truth[:4, 2:6] = True, True
    confusion = of_masks(found, truth)
    assert dice(confusion, convention)[1] == pytest.approx(2 * 8 / 32)
    assert iou(confusion, convention)[1] == pytest.approx(8 / 24)


def test_a_class_absent_from_both_is_undefined_and_as_published_wholly_wrong():
    nothing = of_masks(np.zeros((4, 4)), np.zeros((4, 4)))
    assert math.isnan(dice(nothing)[1])
    assert math.isnan(iou(nothing)[1])
    assert dice(nothing, PUBLISHED)[1] == 0
    assert iou(nothing, PUBLISHED)[1] == 0


@pytest.mark.parametrize("convention", CONVENTIONS.values(), ids=CONVENTIONS)
def test_a_class_in_one_only_overlaps_nothing(convention):
    full, empty = np.ones((4, 4)), np.zeros((4, 4))
    assert dice(of_masks(full, empty), convention)[1] == 0
    assert iou(of_masks(empty, full), convention)[1] == 0


def test_only_the_correct_figure_of_identical_masks_is_one():
    same = of_masks(np.eye(3), np.eye(3))
    assert dice(same, CORRECT)[1] == 1
    assert 0.999999 < dice(same, PUBLISHED)[1] < 1
