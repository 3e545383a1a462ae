"""napari's own undo writes stale values into a plain Labels layer; with ours it cannot."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtCore import Qt

from mirage_core.annotate.relabel import mask_patch
from tests.plugins.napari.hands import SHAPE, Hands

CTRL = Qt.KeyboardModifier.ControlModifier


def test_napari_undo_outlives_a_step_and_new_data_and_writes_stale_values(viewer: Any) -> None:
    """The hazard itself: when napari mends it, this test fails and says so."""
    layer = viewer.add_labels(np.zeros(SHAPE, np.uint8))
    layer.brush_size = 5
    layer.paint((0, 20, 20), 2)
    viewer.dims.set_current_step(0, 3)
    fresh = np.full(SHAPE, 4, np.uint8)  # a new prediction, say
    layer.data = fresh
    layer.undo()
    # Pixels of B-scan 1, not shown, fall back to what they were before the data were replaced.
    assert layer.data[0, 20, 20] == 0
    assert layer.data[0, 40, 40] == 4


def test_with_ours_undo_takes_back_the_last_change_whatever_made_it(hands: Hands) -> None:
    hands.masks.brush_size = 5
    hands.masks.paint((0, 20, 20), 2)
    painted = hands.labels.copy()
    hands.step(3)
    fresh = np.full(SHAPE, 4, np.uint8)
    hands.masks.data = fresh
    assert not hands.masks._undo_history
    hands.masks.undo()
    np.testing.assert_array_equal(hands.labels, painted)
    assert hands.same()
    hands.masks.undo()
    assert not hands.labels.any()
    assert hands.same()
    hands.masks.undo()
    assert hands.same()
    hands.masks.redo()
    hands.masks.redo()
    np.testing.assert_array_equal(hands.labels, fresh)
    assert hands.same()


def test_nothing_of_naparis_history_is_left_after_any_stroke(hands: Hands) -> None:
    hands.masks.mode = "paint"
    hands.masks.selected_label = 2
    hands.drag([(30, 20), (30, 40)])
    assert len(hands.session.history.done) == 1
    for history in (hands.masks._undo_history, hands.masks._redo_history):
        assert not history
    hands.masks.fill((0, 30, 30), 3)
    assert not hands.masks._undo_history
    assert not hands.masks._staged_history


def test_the_key_does_the_same_after_an_engine_has_changed_the_pixels(hands: Hands) -> None:
    hands.masks.mode = "paint"
    hands.masks.selected_label = 2
    hands.drag([(30, 20), (30, 40)])
    labels = np.full(SHAPE[1:], 5, np.uint8)
    patch = mask_patch(hands.session.annotation, 0, labels)
    assert patch is not None
    hands.session.edit_masks([patch], "engine", "Engine")
    hands.step(2)
    hands.key(Qt.Key.Key_Z, CTRL)
    assert (hands.labels[0] == 2).any()
    assert not (hands.labels[0] == 5).any()
    assert hands.same()


def test_a_stroke_that_napari_aborts_leaves_what_the_annotation_has(hands: Hands) -> None:
    hands.masks._begin_stroke()
    hands.masks.paint((0, 20, 20), 2)
    # Meanwhile the annotation changes under it.
    labels = np.full(SHAPE[1:], 5, np.uint8)
    patch = mask_patch(hands.session.annotation, 0, labels)
    assert patch is not None
    hands.session.edit_masks([patch], "engine", "Engine")
    hands.masks._abort_stroke()
    assert (hands.labels[0] == 5).all()
    assert hands.same()


def test_a_copy_of_the_layer_is_a_plain_one_of_its_own(hands: Hands) -> None:
    from napari.layers import Labels
    from napari.layers._layer_actions import _duplicate_layer

    hands.masks.paint((0, 20, 20), 2)
    hands.viewer.layers.selection = {hands.masks}
    _duplicate_layer(hands.viewer.layers)
    (copy,) = [layer for layer in hands.viewer.layers if layer.name.endswith(" copy")]
    assert type(copy) is Labels
    copy.paint((0, 40, 40), 3)
    assert hands.labels[0, 40, 40] == 0
    assert hands.same()
