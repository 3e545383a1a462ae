"""In which order B-scans are looked at."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_core.annotate import Annotation, State
from mirage_core.annotate.gain import disagreement_px, expected_gain
from mirage_core.annotate.queue import after, evenly_spaced, look_at_first, next_open
from mirage_core.scan import FLUID_SCHEME

HEIGHT, WIDTH = 60, 40


def segmented(n: int, confidence: float = 0.9) -> Annotation:
    """Return an annotation of `n` alike B-scans that an engine found."""
    annotation = Annotation.empty((n, HEIGHT, WIDTH))
    depths = np.linspace(10, 50, len(annotation.surfaces.names))
    annotation.surfaces.values[...] = depths[:, None, None]
    annotation.confidence[...] = confidence
    annotation.states[...] = State.PREDICTED
    return annotation


def doubt(annotation: Annotation, b: int) -> None:
    annotation.confidence[:, b] = 0.2


def stray(annotation: Annotation, b: int) -> None:
    annotation.surfaces.values[3, b, 10:30] += 3


def misplace(annotation: Annotation, b: int) -> None:
    annotation.masks.labels[b, :8, :30] = FLUID_SCHEME.by_name("IRF").value


@pytest.mark.parametrize("trouble", [doubt, stray, misplace])
def test_what_may_be_wrong_comes_first(trouble: object) -> None:
    annotation = segmented(7)
    assert callable(trouble)
    trouble(annotation, 4)
    assert look_at_first(annotation)[0] == 4


def test_a_poor_image_comes_before_good_ones() -> None:
    quality = np.full(7, 30, np.float32)
    quality[2] = 12
    assert look_at_first(segmented(7), quality)[0] == 2
    gain = expected_gain(segmented(7), np.full(7, np.nan, np.float32))
    np.testing.assert_array_equal(gain, expected_gain(segmented(7)))


def test_motion_between_b_scans_is_no_disagreement() -> None:
    annotation = segmented(5)
    annotation.surfaces.values[:, 2] += 6
    assert disagreement_px(annotation)[2] == pytest.approx(0, abs=1e-5)
    stray(annotation, 2)
    assert disagreement_px(annotation)[2] > 0.05


def test_evenly_spaced_b_scans_come_first_from_the_middle_out() -> None:
    annotation = segmented(49)
    doubt(annotation, 5)
    spread = evenly_spaced(49)
    assert len(spread) == 6
    assert max(np.diff(sorted(spread))) <= 9
    assert look_at_first(annotation)[: len(spread)] == spread
    assert look_at_first(annotation)[len(spread)] == 5
    assert abs(spread[0] - 24) < 8


@pytest.mark.parametrize("n", [1, 7, 8, 16, 97, 512])
def test_every_part_of_a_volume_has_one(n: int) -> None:
    spread = evenly_spaced(n)
    assert len(set(spread)) == len(spread) == n // 8
    assert all(0 <= b < n for b in spread)


def test_corrected_ones_are_no_longer_there_for_the_outline_and_approved_ones_not_at_all() -> None:
    annotation = segmented(16)
    first = evenly_spaced(16)[0]
    annotation.states[3, first] = State.EDITED
    assert look_at_first(annotation)[0] != first
    assert first in look_at_first(annotation)
    annotation.states[:, first] = State.APPROVED
    assert first not in look_at_first(annotation)
    annotation.states[...] = State.UNSEEN
    assert look_at_first(annotation) == ()


def test_the_queue_goes_on_from_where_one_is_and_begins_again() -> None:
    assert [after((3, 1, 0), b) for b in (None, 3, 1, 0, 7)] == [3, 1, 0, 3, 3]
    assert after((), 3) is None


def test_the_next_open_b_scan_is_the_first_after_the_last() -> None:
    annotation = segmented(3)
    annotation.states[:, 1:] = State.APPROVED
    assert next_open(annotation, 0) == 0
    assert next_open(annotation, 1) == 0
    annotation.states[:, 0] = State.APPROVED
    assert next_open(annotation, 0) is None
