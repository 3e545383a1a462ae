"""Two answers about a B-scan: where they differ, and what of them is drawn over what is shown."""

from __future__ import annotations

import numpy as np

from mirage_core.annotate import Annotation
from mirage_core.scan import FLUID_SCHEME, LabelScheme, MaskClass
from mirage_viewer.two_answers import Answer, answer_of, laid_over, side_by_side

WIDTH = 12


def answer(depth_px: float, marks: slice | None = None, value: int = 1) -> Answer:
    """Return one surface at `depth_px`, and marks in a row of the B-scan."""
    labels = np.zeros((8, WIDTH), np.uint8)
    if marks is not None:
        labels[4, marks] = value
    return Answer(np.full((1, WIDTH), depth_px, np.float32), labels)


def test_nothing_of_the_first_is_drawn_where_it_is_the_work_shown() -> None:
    found = laid_over(answer(3), answer(6), None, 2.0)
    assert found.differs.all()
    assert found.draw_other.all()
    assert not found.draw_one.any()
    assert found.mask_one is None


def test_what_is_shown_already_is_not_drawn_again() -> None:
    one, other, shown = answer(3, slice(0, 4)), answer(6), answer(3.4, slice(2, 4))
    found = laid_over(one, other, shown, 2.0)
    assert not found.draw_one.any()
    assert found.draw_other.all()
    assert found.mask_one is not None
    np.testing.assert_array_equal(np.flatnonzero(found.mask_one[4]), [0, 1])
    assert not laid_over(one, answer(3.4), answer(6), 2.0).draw_other.any()


def test_what_is_tolerated_or_undefined_does_not_differ() -> None:
    other = answer(4.9)
    other.curves[0, 3] = np.nan
    found = laid_over(answer(3), other, None, 2.0)
    assert not found.differs.any()
    np.testing.assert_array_equal(np.flatnonzero(~found.draw_other[0]), [3])


def test_marks_differ_by_class_and_by_place() -> None:
    one, other = answer(3, slice(0, 6), 1), answer(3, slice(2, 8), 1)
    other.labels[4, 2] = 2
    differ = laid_over(one, other, None, 2.0).masks_differ
    np.testing.assert_array_equal(np.flatnonzero(differ[4]), [0, 1, 2, 6, 7])
    assert not np.delete(differ, 4, axis=0).any()


def test_surfaces_and_classes_are_matched_by_name() -> None:
    scheme = LabelScheme(
        "own", (MaskClass(9, "SRF", "Fluid", (255, 0, 0)), MaskClass(1, "X", "X", (0, 0, 255)))
    )
    annotation = Annotation.empty((2, 8, WIDTH), ("RPE", "ILM"), scheme)
    annotation.surfaces["ILM"][1] = 5
    annotation.masks.labels[1, 4, :3] = 9, 1, 0
    found = answer_of(annotation, 1, ("ILM", "BM", "RPE"), FLUID_SCHEME)
    assert (found.curves[0] == 5).all()
    assert np.isnan(found.curves[1:]).all()
    assert found.labels[4, :3].tolist() == [FLUID_SCHEME.by_name("SRF").value, -1, 0]
    own = answer_of(annotation, 1, ("ILM",), scheme)
    assert own.labels[4, :3].tolist() == [9, 1, 0]


def test_a_class_that_the_scheme_does_not_have_is_not_drawn() -> None:
    one = answer(3)._replace(labels=np.full((8, WIDTH), -1, np.int16))
    found = laid_over(one, answer(3), answer(3), 2.0)
    assert found.masks_differ.all()
    assert found.mask_one is not None
    assert not found.mask_one.any()


def test_side_by_side_both_are_drawn_whole_and_it_is_told_who_marks_alone() -> None:
    one, other = answer(3, slice(0, 6)), answer(3.2, slice(2, 8))
    other.labels[4, 2] = 2
    found = side_by_side(one, other, 2.0)
    assert found.draw_one.all()
    assert found.draw_other.all()
    assert found.solid_one
    assert found.only_one is not None
    assert found.mask_one is not None
    np.testing.assert_array_equal(np.flatnonzero(found.masks_differ[4]), [0, 1, 2, 6, 7])
    np.testing.assert_array_equal(np.flatnonzero(found.only_one[4]), [0, 1])
    np.testing.assert_array_equal(np.flatnonzero(found.mask_one[4]), [3, 4, 5])
