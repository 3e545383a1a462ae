"""Which B-scans two graders agree on, and which somebody has to decide."""

from __future__ import annotations

import math

import numpy as np

from mirage_core.annotate import Annotation
from mirage_core.measure.triage import agreeing_b_scans
from mirage_core.scan import LabelScheme, MaskClass, State
from tests.measure.graded import SHAPE, X, annotation, draw, mark


def off(one: Annotation, b: int, n: int, by: float, name: str = "RPE") -> None:
    """Move a surface by so many px on the first `n` A-scans."""
    one.surfaces[name][b, :n] += by


def test_b_scans_within_the_tolerance_agree_and_the_worst_comes_first() -> None:
    one, other = annotation(ILM=5, RPE=20), annotation(ILM=5, RPE=20)
    off(one, 0, X, 2.0)  # all of it, and just tolerated
    off(one, 1, 3, 2.5)
    off(one, 3, 9, -2.5, "ILM")
    found = agreeing_b_scans(one, other, tolerance_px=2)
    assert found.agreeing == (0, 2)
    assert found.to_decide == (3, 1)
    assert found.by_one_only == ()
    np.testing.assert_allclose(found.apart, [0, 3 / X, 0, 9 / X])


def test_an_a_scan_counts_once_however_many_structures_differ_there() -> None:
    one, other = annotation(ILM=5, RPE=20), annotation(ILM=5, RPE=20)
    off(one, 0, 4, 9)
    off(one, 0, 6, -4, "ILM")
    mark(one, 0, slice(10, 12), slice(0, 2))
    assert agreeing_b_scans(one, other, 1).apart[0] == 6 / X


def test_a_share_of_the_a_scans_may_be_allowed_to_differ() -> None:
    one, other = annotation(RPE=20), annotation(RPE=20)
    off(one, 1, 2, 5)
    off(one, 2, 3, 5)
    assert agreeing_b_scans(one, other, 1, allowed=2 / X).to_decide == (2,)


def test_what_only_one_defines_does_not_agree() -> None:
    one, other = annotation(RPE=20), annotation(RPE=20)
    one.surfaces["RPE"][0, :2] = np.nan
    draw(other, "ILM", 5, b_scans=slice(1, 2))
    found = agreeing_b_scans(one, other, 5)
    assert found.to_decide == (1, 0)
    assert found.agreeing == (2, 3)


def test_outlines_of_masks_may_be_as_far_apart_as_surfaces() -> None:
    one, other = annotation(), annotation()
    for b, shift in ((0, 2), (1, 3)):
        mark(one, b, slice(10, 20), slice(4, 10))
        mark(other, b, slice(10, 20), slice(4 + shift, 10 + shift))
    found = agreeing_b_scans(one, other, 2)
    assert found.agreeing == (0, 2, 3)
    # On either side, the one column of one that is 3 px away from the other.
    assert found.apart[1] == 2 / X


def test_a_mark_of_another_class_or_without_a_counterpart_does_not_agree() -> None:
    one, other = annotation(), annotation()
    mark(one, 0, slice(10, 12), slice(4, 9), 1)
    mark(other, 0, slice(10, 12), slice(4, 9), 2)
    mark(other, 1, slice(10, 12), slice(4, 5), 1)
    found = agreeing_b_scans(one, other, 10)
    assert found.to_decide == (0, 1)
    np.testing.assert_allclose(found.apart[:2], [5 / X, 1 / X])


def test_classes_are_matched_by_name() -> None:
    scheme = LabelScheme("other", (MaskClass(5, "IRF", "", (0, 0, 0)),))
    one, other = annotation(), Annotation.empty(SHAPE, scheme=scheme)
    other.states[-1] = State.EDITED
    mark(one, 0, slice(10, 12), slice(4, 8), 1)
    mark(other, 0, slice(11, 13), slice(4, 8), 5)
    mark(one, 1, slice(10, 12), slice(4, 8), 5)
    mark(other, 1, slice(10, 12), slice(4, 8), 5)
    found = agreeing_b_scans(one, other, 1)
    assert found.agreeing == (0, 2, 3)
    assert found.to_decide == (1,)


def test_what_one_did_not_work_on_is_neither() -> None:
    one, other = annotation(RPE=20), Annotation.empty(SHAPE)
    draw(other, "RPE", 20, b_scans=slice(0, 2))
    draw(other, "ILM", 5, State.VENDOR)
    draw(one, "ILM", 5, State.VENDOR)
    one.states[:, 3] = State.UNSEEN
    found = agreeing_b_scans(one, other, 1)
    assert found.agreeing == (0, 1)
    assert found.to_decide == ()
    assert found.by_one_only == (2,)
    assert math.isnan(found.apart[2])
    assert math.isnan(found.apart[3])
