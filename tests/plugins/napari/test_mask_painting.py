"""napari's brush, eraser, fill and polygon on the masks are edits of the session."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

from mirage_core.annotate import State
from tests.plugins.napari.hands import Hands, make_session

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def _brush(hands: Hands, mode: str = "paint", label: int = 2) -> None:
    hands.masks.mode = mode
    hands.masks.brush_size = 7
    if mode != "erase":
        hands.masks.selected_label = label


def test_a_stroke_with_naparis_brush_is_one_edit(hands: Hands) -> None:
    _brush(hands)
    hands.drag([(30, 20), (30, 40), (32, 60)])
    assert (hands.labels[0, 28:33, 25:55] == 2).any()
    assert not hands.labels[1:].any()
    (edit,) = hands.session.history.done
    assert (edit.tool, edit.label) == ("napari brush", "Napari brush, SRF on B-scan 1")
    assert hands.session.annotation.b_scan_state(0) is State.EDITED
    assert hands.same()


def test_eraser_fill_and_polygon_are_edits_too(hands: Hands) -> None:
    _brush(hands)
    hands.drag([(30, 20), (30, 60)])
    _brush(hands, "erase")
    hands.drag([(30, 38), (30, 46)])
    assert hands.labels[0, 30, 42] == 0
    assert hands.same()
    _brush(hands, "fill", 4)
    hands.click(30, 22)
    assert hands.labels[0, 30, 22] == 4
    assert hands.labels[0, 30, 60] == 2
    assert hands.same()
    _brush(hands, "polygon", 1)
    for corner in ((40, 20), (40, 50), (55, 50)):
        hands.click(*corner)
        hands.move(corner[0], corner[1], drag=False)
    hands.key(Qt.Key.Key_Return)
    assert hands.labels[0, 43, 45] == 1
    assert hands.same()
    tools = [edit.tool for edit in hands.session.history.done]
    assert tools == ["napari brush", "napari eraser", "napari fill", "napari polygon"]


def test_keys_undo_and_redo_across_b_scans(hands: Hands) -> None:
    _brush(hands)
    for b in (0, 2, 4):
        hands.step(b)
        hands.drag([(30, 20), (30, 40)])
    assert [bool(plane.any()) for plane in hands.labels] == [True, False, True, False, True]
    hands.key(Qt.Key.Key_Z, CTRL)
    hands.key(Qt.Key.Key_Z, CTRL)
    assert [bool(plane.any()) for plane in hands.masks.data] == [True] + [False] * 4
    hands.key(Qt.Key.Key_Z, CTRL | SHIFT)
    assert [bool(plane.any()) for plane in hands.masks.data] == [True, False, True, False, False]
    hands.key(Qt.Key.Key_Y, CTRL)
    assert [bool(plane.any()) for plane in hands.masks.data] == [True, False, True, False, True]
    assert hands.same()


def test_marks_of_a_locked_class_stay_and_it_is_said(hands: Hands) -> None:
    assert hands.runner is not None
    _brush(hands, label=3)
    hands.drag([(30, 20), (30, 40)])
    before = hands.labels[0] == 3
    hands.runner.options = replace(hands.runner.options, locked=frozenset({3}))
    _brush(hands, label=1)
    hands.drag([(30, 10), (30, 60)])
    np.testing.assert_array_equal(hands.labels[0] == 3, before)
    assert (hands.labels[0] == 1).any()
    assert hands.same()
    assert hands.said == ["PED: locked, so its marks stay as they were."]
    assert hands.canvas.note == hands.said[-1]


def test_a_label_that_is_no_class_is_put_back_and_said(hands: Hands) -> None:
    _brush(hands, label=77)
    hands.drag([(30, 20), (30, 40)])
    assert not hands.labels.any()
    assert hands.same()
    assert not hands.session.history.done
    (sentence,) = hands.said
    assert sentence.startswith("Nothing was painted there: 77 is no class here. Choose one of 1 IR")


def test_a_scan_that_can_only_be_read_stays_as_it_is(viewer: Any) -> None:
    hands = Hands(viewer, read_only=True)
    _brush(hands)
    hands.drag([(30, 20), (30, 40)])
    assert not hands.labels.any()
    assert hands.same()
    assert hands.said == ["This scan can only be read: nothing was changed."]
    hands.close()


def test_while_a_scan_is_being_opened_it_is_said_that_it_soon_can_be_painted(viewer: Any) -> None:
    from types import SimpleNamespace

    from mirage_viewer.opening import OpenScan
    from napari_mirage.bench.opening import why_read_only

    hands = Hands(viewer, read_only=True)
    desk = SimpleNamespace(open_scan=OpenScan(hands.session))
    hands.canvas.why_read_only = lambda: why_read_only(desk)
    _brush(hands)
    hands.drag([(30, 20), (30, 40)])
    desk.open_scan.project = SimpleNamespace(read_only=True)
    hands.drag([(30, 20), (30, 40)])
    assert not hands.labels.any()
    assert hands.said == [
        "The scan is still being opened; paint again in a moment.",
        "This scan can only be read: nothing was changed.",
    ]
    hands.close()


def test_a_label_chosen_in_naparis_controls_is_told_and_stays(hands: Hands) -> None:
    assert hands.runner is not None
    picked: list[int] = []
    hands.canvas.label_picked.connect(picked.append)
    hands.masks.selected_label = 3
    hands.runner.options = replace(hands.runner.options, radius_px=9.0)
    assert picked == [3]
    assert hands.masks.selected_label == 3
    hands.runner.options = replace(hands.runner.options, mask_class=2)
    assert hands.masks.selected_label == 2


def test_a_brush_in_three_dimensions_is_one_edit_on_all_its_b_scans(hands: Hands) -> None:
    from mirage_viewer.canvas.image_view import AspectMode

    hands.canvas.set_aspect(AspectMode.PX)  # in mm a ball as thick as B-scans lie apart is huge
    hands.step(2)
    _brush(hands)
    hands.masks.n_edit_dimensions = 3
    hands.masks.brush_size = 5
    hands.click(30, 30)
    (edit,) = hands.session.history.done
    assert edit.b_scans == (0, 1, 2, 3, 4)
    assert edit.label == "Napari brush, SRF on 5 B-scans"
    assert hands.same()
    hands.masks.undo()
    assert not hands.masks.data.any()


@pytest.mark.parametrize("how", ["paint", "fill", "paint_polygon", "data_setitem"])
def test_scripts_that_paint_are_recorded_once_their_pixels_are_written(
    hands: Hands, how: str
) -> None:
    corners = [(1, 10, 10), (1, 10, 30), (1, 30, 30)]
    arguments: dict[str, tuple[Any, ...]] = {
        "paint": ((1, 20, 20), 2),
        "fill": ((1, 20, 20), 2),
        "paint_polygon": (corners, 2),
        "data_setitem": ((np.array([1, 3]), np.array([20, 20]), np.array([25, 25])), 2),
    }
    hands.step(1)
    getattr(hands.masks, how)(*arguments[how])
    assert (hands.labels[1] == 2).any()
    assert len(hands.session.history.done) == 1
    assert hands.same()


def test_other_data_are_one_edit_where_they_fit(hands: Hands) -> None:
    fresh = np.zeros(hands.labels.shape, np.int64)
    fresh[1, 10:20, 10:20], fresh[3, 5:9, 5:9] = 2, 3
    held = hands.masks.data
    hands.masks.data = fresh
    np.testing.assert_array_equal(hands.labels, fresh)
    assert hands.masks.data is held
    assert hands.same()
    (edit,) = hands.session.history.done
    assert (edit.tool, edit.b_scans) == ("napari data", (1, 3))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (np.zeros((2, 3, 4), np.uint8), "2 × 3 × 4, the scan is 5 × 64 × 96"),
        (np.zeros((5, 64, 96), np.float32), "not whole numbers"),
        (np.full((5, 64, 96), 9, np.uint8), "9 is no class here"),
    ],
)
def test_other_data_that_do_not_fit_are_refused(hands: Hands, data: Any, words: str) -> None:
    hands.masks.paint((0, 20, 20), 2)
    before = hands.labels.copy()
    hands.masks.data = data
    np.testing.assert_array_equal(hands.labels, before)
    assert hands.same()
    assert words in hands.said[-1]


def test_an_edit_from_elsewhere_shows_at_once(hands: Hands) -> None:
    from mirage_core.annotate.relabel import mask_patch

    labels = hands.labels[0].copy()
    labels[10:20, 10:20] = 5
    patch = mask_patch(hands.session.annotation, 0, labels)
    assert patch is not None
    hands.session.edit_masks([patch], "test", "Test")
    assert hands.same()
    # Of what napari gives to the graphics card, too.
    assert (hands.masks._slice.image.view[10:20, 10:20] == 5).all()


def test_a_stroke_of_ours_in_hand_is_not_taken_for_naparis(hands: Hands) -> None:
    from mirage_core.annotate.tools.base import Point
    from mirage_core.annotate.tools.brush import Brush

    assert hands.runner is not None
    hands.runner.take(Brush())
    hands.runner.press(Point(40, 40))
    hands.masks.paint((0, 20, 20), 2)
    assert [edit.tool for edit in hands.session.history.done] == ["brush", "napari script"]
    assert hands.labels[0, 40, 40] == 1
    assert hands.labels[0, 20, 20] == 2
    assert hands.same()


def test_the_layer_comes_back_when_it_is_removed(hands: Hands) -> None:
    hands.masks.paint((0, 20, 20), 2)
    gone = hands.masks
    hands.viewer.layers.remove(gone)
    hands.settle()
    assert hands.masks is not gone
    assert hands.masks in hands.viewer.layers
    assert hands.same()
    assert "came back" in hands.said[-1]
    gone.paint((0, 40, 40), 3)  # somebody may still hold it
    assert hands.labels[0, 40, 40] == 0
    hands.masks.paint((0, 40, 40), 3)
    assert hands.labels[0, 40, 40] == 3


def test_masks_can_be_painted_on_another_scan_afterwards(hands: Hands) -> None:
    from mirage_core.annotate import ToolRunner
    from tests.plugins.napari.hands import make_scan

    hands.masks.paint((0, 20, 20), 2)
    first = hands.session
    hands.session = make_session(make_scan(2, (3, 40, 50)))
    hands.canvas.set_session(hands.session, ToolRunner(hands.session), 1)
    hands.settle()
    assert [layer.data.shape for layer in hands.viewer.layers] == [(3, 40, 50)] * 2
    _brush(hands)
    hands.drag([(20, 10), (20, 20)])
    assert (hands.labels[1] == 2).any()
    assert len(first.history.done) == 1
    assert hands.same()
