"""Where two annotations differ, for a view."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_core.annotate import Annotation
from mirage_core.measure.differences import MaskDifference, differences
from mirage_core.scan import LabelScheme, MaskClass, State
from tests.measure.graded import SHAPE, B, X, Z, annotation, draw, mark

NONE, ONLY_ONE, ONLY_OTHER, CLASS = MaskDifference


def test_surfaces_differ_where_they_are_further_apart_than_tolerated() -> None:
    one, other = annotation(RPE=20), annotation(RPE=20)
    draw(one, "RPE", np.where(np.arange(X) < 4, 22, np.where(np.arange(X) < 8, 23, 20)))
    found = differences(one, other, 2, tolerance_px=2)
    row = found.names.index("RPE")
    assert np.flatnonzero(found.differs[row]).tolist() == [4, 5, 6, 7]
    assert not np.delete(found.differs, row, axis=0).any()
    assert found.one[row].tolist() == [22.0] * 4 + [23.0] * 4 + [20.0] * 12
    assert (found.other[row] == 20).all()
    assert not found.one_sided.any()


def test_what_one_left_undefined_is_one_sided_and_does_not_differ() -> None:
    one, other = annotation(RPE=20, ILM=5), annotation(RPE=20)
    other.surfaces["RPE"][1, :3] = np.nan
    found = differences(one, other, 1)
    assert not found.differs.any()
    assert np.flatnonzero(found.one_sided[found.names.index("RPE")]).tolist() == [0, 1, 2]
    assert found.one_sided[found.names.index("ILM")].all()


def test_rows_are_the_surfaces_of_either_list_top_to_bottom() -> None:
    one = Annotation.empty(SHAPE, ("ILM", "BM", "Vendor PR2"))
    other = Annotation.empty(SHAPE, ("ILM", "RPE"))
    draw(one, "Vendor PR2", 30)
    found = differences(one, other, 0)
    assert found.names == ("ILM", "RPE", "BM", "Vendor PR2")
    assert found.one.shape == found.other.shape == found.differs.shape == (4, X)
    assert found.one_sided[3].all()


def test_every_pixel_says_who_marked_it() -> None:
    one, other = annotation(), annotation()
    mark(one, 1, slice(10, 14), slice(4, 8), 1)
    mark(other, 1, slice(10, 14), slice(6, 10), 1)
    mark(other, 1, slice(10, 11), slice(6, 8), 2)
    expected = np.full((Z, X), NONE)
    expected[10:14, 4:6] = ONLY_ONE
    expected[10:14, 8:10] = ONLY_OTHER
    expected[10, 6:8] = CLASS
    found = differences(one, other, 1).masks
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, expected)
    assert not differences(one, other, 0).masks.any()


def test_a_class_of_another_number_is_the_same_class() -> None:
    other = Annotation.empty(
        SHAPE, scheme=LabelScheme("other", (MaskClass(5, "IRF", "", (0, 0, 0)),))
    )
    one = annotation()
    mark(one, 0, slice(10, 14), slice(4, 8), 1)
    mark(other, 0, slice(10, 14), slice(4, 8), 5, State.EDITED)
    assert not differences(one, other, 0).masks.any()
    mark(one, 0, slice(10, 14), slice(4, 8), 5)  # drusen here
    assert (differences(one, other, 0).masks[10:14, 4:8] == CLASS).all()


def test_annotations_of_different_scans_are_refused() -> None:
    with pytest.raises(ValueError, match="different scans"):
        differences(annotation(), Annotation.empty((B + 1, Z, X)), 0)
