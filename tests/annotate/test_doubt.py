"""Where an engine doubts, and in which order B-scans are looked at for it."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_core.annotate import Annotation, State
from mirage_core.annotate.doubt import doubt_map, doubt_of_b_scans, doubtful_first
from mirage_core.annotate.queue import next_doubtful, next_open


def segmented(*confidences: float) -> Annotation:
    """Return an annotation whose B-scans were found with these confidences; NaN: not found."""
    annotation = Annotation.empty((len(confidences), 40, 30))
    for b, confidence in enumerate(confidences):
        annotation.confidence[:2, b] = confidence
        if np.isfinite(confidence):
            annotation.states[:, b] = State.PREDICTED
    return annotation


def test_doubt_is_what_confidence_lacks_over_the_surfaces_there_are() -> None:
    annotation = segmented(0.8)
    annotation.confidence[0, 0, :10] = 0.4
    annotation.confidence[:, 0, 20:] = np.nan
    doubt = doubt_map(annotation)
    assert doubt.shape == (1, 30)
    assert doubt[0, 0] == pytest.approx(0.4)
    assert doubt[0, 15] == pytest.approx(0.2)
    assert np.isnan(doubt[0, 20:]).all()
    assert doubt_of_b_scans(annotation)[0] == pytest.approx(0.3)


def test_the_most_doubtful_come_first_and_what_is_settled_does_not_come() -> None:
    annotation = segmented(0.9, 0.5, np.nan, 0.2, 0.5)
    assert doubtful_first(annotation) == (3, 1, 4, 0)
    annotation.states[:, 3] = State.APPROVED
    assert doubtful_first(annotation) == (1, 4, 0)


def test_the_queue_goes_on_from_where_one_is_and_begins_again() -> None:
    annotation = segmented(0.9, 0.5, np.nan, 0.2)
    assert next_doubtful(annotation) == next_doubtful(annotation, 2) == 3
    assert [next_doubtful(annotation, b) for b in (3, 1, 0)] == [1, 0, 3]


def test_nothing_segmented_is_no_doubt() -> None:
    annotation = segmented(np.nan, np.nan)
    assert np.isnan(doubt_map(annotation)).all()
    assert next_doubtful(annotation, 0) is None


def test_the_next_open_b_scan_is_the_first_after_the_last() -> None:
    annotation = segmented(0.9, 0.9, 0.9)
    annotation.states[:, 1:] = State.APPROVED
    assert next_open(annotation, 0) == 0
    assert next_open(annotation, 1) == 0
    annotation.states[:, 0] = State.APPROVED
    assert next_open(annotation, 0) is None
