"""Predictions in another data set's classes."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_core.benchmark.translation import AROI_TO_DUKE_IAMD, ClassTranslation
from tests.golden import golden

COARSE = ClassTranslation("test", {1: 10, 2: 10, 3: 0}, invalid=0)


def test_the_reference_translation_is_reproduced():
    arrays = np.load(golden("seg_metrics.npz"))
    found, truth = AROI_TO_DUKE_IAMD.apply(arrays["iamd_pred_in"], arrays["iamd_gt_in"])
    np.testing.assert_array_equal(found, arrays["iamd_pred_out"])
    np.testing.assert_array_equal(truth, arrays["iamd_gt_out"])


def test_fine_classes_become_the_coarse_one_and_the_rest_drops_out_of_both():
    found, truth = COARSE.apply(np.array([[1, 2, 3, 3]]), np.array([[10, 20, 20, 0]], np.uint8))
    assert found.tolist() == [[10, 10, 0, 0]]
    assert truth.tolist() == [[10, 20, 0, 0]]
    assert found.dtype == truth.dtype == np.uint8


def test_what_goes_in_is_left_as_it_was():
    found, truth = np.array([[3]]), np.array([[10]])
    COARSE.apply(found, truth)
    assert (found.item(), truth.item()) == (3, 10)


def test_a_grey_without_translation_is_refused():
    with pytest.raises(ValueError, match=r"\[9\]"):
        COARSE.apply(np.array([1, 9]), np.array([10, 10]))


def test_maps_of_different_shape_are_refused():
    with pytest.raises(ValueError, match="different shape"):
        COARSE.apply(np.array([1, 2]), np.array([10]))
