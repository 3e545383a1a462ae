"""Confidence against what came true."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_core.measure.calibration import calibration_error, rank_agreement


def test_what_comes_true_as_often_as_it_is_said_to_has_no_error() -> None:
    confidence = np.array([0.95] * 20 + [0.25] * 4)
    hit = np.array([True] * 19 + [False] + [True] + [False] * 3)
    assert calibration_error(confidence, hit) == pytest.approx(0, abs=1e-9)


def test_the_gap_is_weighted_by_how_often_it_is() -> None:
    confidence = np.array([1.0] * 30 + [0.5] * 10)
    hit = np.array([True] * 15 + [False] * 15 + [True] * 5 + [False] * 5)
    assert calibration_error(confidence, hit) == pytest.approx(0.75 * 0.5)


def test_too_high_in_one_bin_is_not_made_good_by_too_low_in_another() -> None:
    assert calibration_error(np.array([0.9, 0.1]), np.array([False, True])) == pytest.approx(0.9)


def test_what_has_no_confidence_is_left_out() -> None:
    confidence = np.array([np.nan, 1.0])
    assert calibration_error(confidence, np.array([False, True])) == 0
    assert np.isnan(calibration_error(np.array([np.nan]), np.array([True])))


def test_doubt_that_follows_error_ranks_as_it_does() -> None:
    error = np.array([1.0, 5.0, 2.0, np.nan, 9.0])
    assert rank_agreement(error**2, error) == pytest.approx(1)
    assert rank_agreement(-error, error) == pytest.approx(-1)


def test_alike_or_few_have_no_rank() -> None:
    assert np.isnan(rank_agreement(np.ones(5), np.arange(5.0)))
    assert np.isnan(rank_agreement(np.array([1.0, 2.0]), np.array([1.0, 2.0])))
