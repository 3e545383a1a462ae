"""Our tools draw on napari's canvas with real mouse events; napari keeps its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

from mirage_core.annotate.tools.brush import Brush, Eraser
from mirage_core.annotate.tools.pen import SurfacePen
from mirage_core.annotate.tools.polygon import PolygonTool
from mirage_core.annotate.tools.snap import SnapTool
from tests.plugins.napari.hands import Hands

CTRL = Qt.KeyboardModifier.ControlModifier
ILM = 0


@pytest.fixture
def ready(hands: Hands) -> Hands:
    """Return hands whose runner draws the ILM and paints SRF."""
    assert hands.runner is not None
    hands.runner.options = replace(
        hands.runner.options, surface=ILM, mask_class=2, radius_px=4.0, aspect=1.0
    )
    return hands


def _center(hands: Hands) -> tuple[float, ...]:
    return tuple(hands.viewer.scene.camera.center)


def test_the_pen_draws_a_surface_and_napari_does_not_pan(ready: Hands) -> None:
    assert ready.runner is not None
    ready.runner.take(SurfacePen())
    before = _center(ready)
    ready.drag([(12, 20), (12, 30), (12, 40)])
    curve = ready.session.annotation.surfaces.values[ILM, 0]
    np.testing.assert_allclose(curve[22:38], 12, atol=0.4)
    assert curve[60] == 20
    (edit,) = ready.session.history.done
    assert edit.label == "Pen on ILM, B-scan 1"
    assert _center(ready) == before
    np.testing.assert_array_equal(ready.canvas._picture.surfaces.curves[ILM], curve)


def test_the_snapping_tool_finds_the_edge(ready: Hands) -> None:
    assert ready.runner is not None
    ready.runner.take(SnapTool())
    for x in (20, 45, 70):
        ready.click(30, x)
        ready.move(30, x + 2, drag=False)
    ready.key(Qt.Key.Key_Return)
    curve = ready.session.annotation.surfaces.values[ILM, 0, 25:65]
    # The bright band begins between rows 31 and 32.
    assert np.abs(curve - 31.5).max() < 1.1


def test_a_brush_in_hand_shows_its_stroke_and_its_ring_before_it_ends(ready: Hands) -> None:
    assert ready.runner is not None
    ready.runner.take(Brush())
    ready.press(30, 20)
    ready.move(30, 40)
    assert ready.masks.data[0, 30, 30] == 2
    assert not ready.labels.any()
    assert ready.canvas._picture.ring.place_px is not None
    ready.release(30, 40)
    assert ready.labels[0, 30, 30] == 2
    assert ready.same()


def test_escape_drops_the_stroke_in_hand(ready: Hands) -> None:
    assert ready.runner is not None
    ready.runner.take(Brush())
    ready.press(30, 20)
    ready.move(30, 40)
    ready.key(Qt.Key.Key_Escape)
    assert not ready.masks.data.any()
    ready.release(30, 40)
    assert not ready.session.history.done
    assert ready.same()


@pytest.mark.parametrize("ending", ["enter", "double click"])
def test_a_polygon_of_clicks_ends_with_enter_or_a_double_click(ready: Hands, ending: str) -> None:
    assert ready.runner is not None
    ready.runner.take(PolygonTool())
    for corner in ((30, 20), (30, 50), (50, 50)):
        ready.click(*corner)
        ready.move(*corner, drag=False)
    assert ready.canvas._picture.guides.shown
    assert not ready.labels.any()
    if ending == "enter":
        ready.key(Qt.Key.Key_Return)
    else:
        ready.double_click(50, 50)
    assert ready.labels[0, 33, 45] == 2
    assert not ready.canvas._picture.guides.shown
    assert [edit.tool for edit in ready.session.history.done] == ["polygon"]


def test_two_quick_strokes_are_two_strokes(ready: Hands) -> None:
    from qtpy.QtTest import QTest

    assert ready.runner is not None
    ready.runner.take(Brush())
    ready.click(20, 20)
    QTest.mouseDClick(ready.widget, Qt.MouseButton.LeftButton, pos=ready.place(20, 50))
    ready.move(20, 70)
    ready.release(20, 70)
    assert [edit.tool for edit in ready.session.history.done] == ["brush", "brush"]
    assert ready.labels[0, 20, 60] == 2


def test_control_turns_a_stroke_around(ready: Hands) -> None:
    from mirage_core.annotate.tools.scribble import ScribbleTool

    assert ready.runner is not None
    ready.runner.take(ScribbleTool())
    ready.drag([(36, 30), (36, 60)])
    ready.drag([(10, 30), (10, 60)], held=CTRL)
    kinds = [guide.kind for guide in ready.runner.guides()]
    assert kinds == ["with", "against"]
    ready.runner.cancel()


def test_a_brush_is_round_on_screen(ready: Hands) -> None:
    assert ready.runner is not None
    ready.runner.take(Brush())
    ready.click(32, 48)
    z, x = np.nonzero(ready.labels[0])
    # Rows are 4 µm, columns 6 µm: as high as wide means half as many rows again.
    assert np.ptp(z) / np.ptp(x) == pytest.approx(1.5, abs=0.25)


def test_our_tool_puts_naparis_away_and_the_other_way_round(ready: Hands) -> None:
    assert ready.runner is not None
    dropped: list[bool] = []
    ready.canvas.tool_dropped.connect(lambda: dropped.append(True))
    ready.masks.mode = "paint"
    ready.runner.take(Eraser())
    assert ready.masks.mode == "pan_zoom"
    assert not dropped
    ready.masks.mode = "fill"
    assert dropped == [True]
    assert ready.runner.tool is None
    assert ready.masks.mode == "fill"


def test_the_class_chosen_for_our_tools_is_naparis_label(ready: Hands) -> None:
    assert ready.runner is not None
    ready.runner.options = replace(ready.runner.options, mask_class=5)
    assert ready.masks.selected_label == 5


def test_stepping_finishes_a_stroke_of_several_clicks_where_it_began(ready: Hands) -> None:
    assert ready.runner is not None
    ready.runner.take(SnapTool())
    for corner in ((12, 20), (12, 40), (12, 60)):
        ready.click(*corner)
    ready.step(2)
    (edit,) = ready.session.history.done
    assert edit.b_scans == (0,)
    assert ready.canvas.b == 2


def test_a_click_puts_the_crosshair_and_a_drag_pans(ready: Hands) -> None:
    at: list[tuple[float, float]] = []
    ready.canvas.crosshair_moved.connect(lambda z, x: at.append((z, x)))
    before = _center(ready)
    ready.click(40, 70)
    ((z, x),) = at
    assert (z, x) == pytest.approx((40, 70), abs=0.5)
    assert ready.canvas.crosshair == (z, x)
    assert _center(ready) == before
    ready.drag([(40, 70), (40, 60), (40, 30)])
    ready.settle()
    assert len(at) == 1
    assert _center(ready) != before


def test_the_pointer_is_told_and_its_leaving_too(ready: Hands) -> None:
    at: list[Any] = []
    ready.canvas.pointer_moved.connect(lambda z, x: at.append((round(z), round(x))))
    ready.canvas.pointer_left.connect(lambda: at.append(None))
    ready.move(20, 30, drag=False)
    ready.move(20, 200, drag=False)
    assert at[0] == (20, 30)
    assert at[-1] is None


def test_a_layer_in_a_mode_of_its_own_keeps_the_mouse(ready: Hands) -> None:
    assert ready.runner is not None
    points = ready.viewer.add_points(np.zeros((0, 3)), scale=ready.masks.scale)
    points.units = ready.masks.units
    points.mode = "add"
    ready.runner.take(Brush())
    ready.click(30, 30)
    assert len(points.data) == 1
    assert not ready.session.history.done


def test_nothing_is_drawn_in_three_dimensions(ready: Hands) -> None:
    assert ready.runner is not None
    ready.runner.take(Brush())
    ready.viewer.dims.ndisplay = 3
    ready.settle()
    ready.drag([(30, 20), (30, 40)])
    assert not ready.session.history.done


def test_keys_are_a_pointer_that_draws(ready: Hands) -> None:
    assert ready.runner is not None
    ready.runner.take(Brush())
    ready.canvas.set_crosshair(30, 30)
    ready.canvas.keys.move(0, 1)
    assert ready.canvas._picture.pointer.visible
    assert ready.canvas.keys.press(keep=True)
    ready.canvas.keys.move(0, 10)
    ready.canvas.keys.lift()
    assert ready.labels[0, 30, 38] == 2
    ready.move(10, 10, drag=False)
    assert not ready.canvas._picture.pointer.visible


def test_what_a_tool_has_to_say_stands_on_the_image(ready: Hands) -> None:
    assert ready.runner is not None
    ready.runner.noted.emit("Nothing lies there.")
    assert ready.canvas._badges.lower.words == ("Nothing lies there.",)
    ready.step(1)
    assert ready.canvas.note == ""
