"""Curves as vertices, and painted labels as patches: arrays only, no viewer."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_core.annotate import Annotation

NAN = np.nan


@pytest.fixture(autouse=True)
def _needs_napari() -> None:
    pytest.importorskip("napari", reason="napari is not installed (extra: napari)")


def _lines(curves: list[list[float]], drawn: np.ndarray | None = None) -> set[tuple[float, ...]]:
    """Return the segments as ``(x0, y0, x1, y1)`` from left to right."""
    from napari_mirage.canvas.curves import segments

    array = np.array(curves, np.float32)
    found = segments(array, np.isfinite(array) if drawn is None else drawn)
    ends = found.points[found.pairs]
    return {tuple(np.concatenate(sorted(pair.tolist()))) for pair in ends}


def test_a_curve_goes_through_pixel_centres_from_edge_to_edge() -> None:
    assert _lines([[1, 2, 4]]) == {
        (0, 1.5, 0.5, 1.5),
        (0.5, 1.5, 1.5, 2.5),
        (1.5, 2.5, 2.5, 4.5),
        (2.5, 4.5, 3, 4.5),
    }


def test_a_gap_stays_a_gap_and_a_single_column_shows() -> None:
    assert _lines([[1, NAN, 3, NAN]]) == {
        (0, 1.5, 0.5, 1.5),
        (0.5, 1.5, 1, 1.5),
        (2, 3.5, 2.5, 3.5),
        (2.5, 3.5, 3, 3.5),
    }


def test_no_line_joins_two_curves() -> None:
    one, other = _lines([[1, 1]]), _lines([[9, 9]])
    assert _lines([[1, 1], [9, 9]]) == one | other


def test_points_know_their_curve() -> None:
    from napari_mirage.canvas.curves import segments

    curves = np.array([[1, NAN, 1], [5, 5, NAN]], np.float32)
    found = segments(curves, np.isfinite(curves))
    depth = {0: 1.5, 1: 5.5}
    for pair in found.pairs:
        for point in pair:
            assert found.points[point, 1] == depth[int(found.rows[point])]


def test_nothing_drawn_is_no_line() -> None:
    assert _lines([[NAN, NAN, NAN]]) == set()


def test_dashes_belong_to_columns() -> None:
    from napari_mirage.canvas.curves import drawn_columns

    curves = np.ones((2, 12), np.float32)
    dashed = np.zeros((2, 12), bool)
    dashed[1] = True
    drawn = drawn_columns(curves, dashed, 3)
    assert drawn[0].all()
    assert drawn[1].tolist() == ([True] * 3 + [False] * 3) * 2


def _annotation() -> Annotation:
    annotation = Annotation.empty((3, 8, 10))
    annotation.masks.labels[1, 2:4, 2:6] = 3
    return annotation


def test_what_was_painted_becomes_patches_around_it() -> None:
    from napari_mirage.canvas.mask_strokes import painted

    annotation = _annotation()
    data = annotation.masks.labels.copy()
    data[0, 5, 5:8] = 2
    data[1, 2, 2] = 0
    found = painted(annotation, data, (0, 1, 2), frozenset())
    assert [(p.origin, p.new.shape) for p in found.patches] == [
        ((0, 5, 5), (1, 1, 3)),
        ((1, 2, 2), (1, 1, 1)),
    ]
    assert (found.labels, found.unknown, found.kept) == ((0, 2), (), ())


def test_locked_marks_stay_and_new_ones_go_beside_them() -> None:
    from napari_mirage.canvas.mask_strokes import painted

    annotation = _annotation()
    data = annotation.masks.labels.copy()
    data[1, 1:5, 1:7] = 1
    found = painted(annotation, data, (1,), frozenset({3}))
    for patch in found.patches:
        patch.apply(annotation)
    assert (annotation.masks.labels[1, 2:4, 2:6] == 3).all()
    assert (annotation.masks.labels[1] == 1).sum() == 4 * 6 - 2 * 4
    assert found.kept == (3,)


def test_a_locked_class_gets_no_new_marks() -> None:
    from napari_mirage.canvas.mask_strokes import painted

    annotation = _annotation()
    data = annotation.masks.labels.copy()
    data[0, 1, 1:4], data[0, 2, 1:4] = 3, 1
    found = painted(annotation, data, (0,), frozenset({3}))
    for patch in found.patches:
        patch.apply(annotation)
    assert not (annotation.masks.labels[0, 1, 1:4] == 3).any()
    assert (annotation.masks.labels[0, 2, 1:4] == 1).all()
    assert found.kept == (3,)


def test_labels_that_are_no_classes_are_left_out() -> None:
    from napari_mirage.canvas.mask_strokes import painted

    annotation = _annotation()
    data = annotation.masks.labels.astype(np.int32)
    data[0, 0, 0], data[0, 0, 1], data[0, 0, 2] = 77, -1, 256
    data[0, 3, 3] = 4
    found = painted(annotation, data, (0,), frozenset())
    assert found.unknown == (-1, 77, 256)
    (patch,) = found.patches
    assert (patch.origin, patch.new.tolist()) == ((0, 3, 3), [[[4]]])
