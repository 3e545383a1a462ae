"""Where an engine doubts."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_core.annotate import Annotation, State
from mirage_core.annotate.doubt import doubt_map, doubt_of_b_scans
from mirage_core.annotate.queue import look_at_first


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


def test_nothing_segmented_is_no_doubt() -> None:
    annotation = segmented(np.nan, np.nan)
    assert np.isnan(doubt_map(annotation)).all()
    assert look_at_first(annotation) == ()
