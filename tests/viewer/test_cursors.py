"""Every tool shows by its cursor what it will do, on dark images and on bright ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QColor, QCursor, QImage
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from mirage_core.annotate import Session, ToolRunner
from mirage_core.annotate.tools import TOOLS, BoxTool, Brush, Eraser, Point, ScribbleTool
from mirage_core.scan import surface_kind
from mirage_viewer.canvas import BScanCanvas
from mirage_viewer.theme import tool_cursor
from tests.viewer.canvas.scenes import color_at, drag, move, near, show, small_session, view_point


@pytest.fixture
def session() -> Session:
    return small_session()


@pytest.fixture
def canvas(qtbot: Any, session: Session) -> BScanCanvas:
    canvas = BScanCanvas()
    show(qtbot, canvas)
    canvas.set_session(session, ToolRunner(session))
    canvas.set_crosshair_visible(False)
    QApplication.processEvents()
    return canvas


def runner(canvas: BScanCanvas) -> ToolRunner:
    assert canvas.runner is not None
    return canvas.runner


def picture(cursor: QCursor) -> QImage:
    return cursor.pixmap().toImage()


def pixels(cursor: QCursor) -> np.ndarray:
    """Return the cursor's picture as RGBA ``[row, column, 4]``."""
    image = picture(cursor).convertToFormat(QImage.Format_RGBA8888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    return rows[:, : 4 * image.width()].reshape(image.height(), image.width(), 4).copy()


def shows(cursor: QCursor, color: QColor) -> bool:
    """Return whether some pixels of the cursor have `color`."""
    wanted = np.array(color.getRgb()[:3])
    seen = pixels(cursor)
    opaque = seen[..., 3] > 200
    return bool((np.abs(seen[opaque][:, :3].astype(int) - wanted).max(axis=1) < 40).any())


def test_every_tool_has_a_cursor_of_its_own(canvas: BScanCanvas) -> None:
    seen = {}
    for name, tool in TOOLS.items():
        runner(canvas).take(tool())
        cursor = canvas.viewport().cursor()
        assert cursor.shape() == Qt.BitmapCursor
        seen[name] = pixels(cursor).tobytes()
    assert len(set(seen.values())) == len(TOOLS)
    runner(canvas).take(None)
    assert canvas.viewport().cursor().shape() == Qt.ArrowCursor


def test_the_cursor_has_the_colour_of_what_is_drawn(canvas: BScanCanvas, session: Session) -> None:
    hand, names = runner(canvas), session.annotation.surfaces.names
    hand.take(TOOLS["pen"]())
    for name in ("ILM", "RPE"):
        hand.options = replace(hand.options, surface=names.index(name))
        assert shows(canvas.viewport().cursor(), QColor(*surface_kind(name).color))
    hand.take(Brush())
    for kind in tuple(session.annotation.masks.scheme)[:3]:
        hand.options = replace(hand.options, mask_class=kind.value)
        assert shows(canvas.viewport().cursor(), QColor(*kind.color))


@pytest.mark.parametrize("name", TOOLS)
@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_it_is_seen_on_black_and_on_white_at_every_resolution(name: str, ratio: float) -> None:
    cursor = tool_cursor(name, "#ffffff", "", ratio)
    pixmap = cursor.pixmap()
    assert pixmap.width() == round(32 * ratio)
    assert pixmap.devicePixelRatio() == ratio
    seen = pixels(cursor)
    opaque = seen[seen[..., 3] > 230][:, :3].max(axis=1)
    assert (opaque > 225).sum() > 30 * ratio, "bright lines, for dark ground"
    assert (opaque < 40).sum() > 30 * ratio, "dark rims, for bright tissue"


@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_the_middle_of_the_cross_points_and_hides_nothing(ratio: float) -> None:
    cursor = tool_cursor("pen", "#ff0000", "", ratio)
    hot, seen = cursor.hotSpot(), pixels(cursor)
    at = [round((n + 0.5) * ratio - 0.5) for n in (hot.y(), hot.x())]
    assert seen[at[0], at[1], 3] == 0
    arm = round(4 * ratio)
    for dz, dx in ((arm, 0), (-arm, 0), (0, arm), (0, -arm)):
        assert seen[at[0] + dz, at[1] + dx, 3] > 200


def test_with_ctrl_held_a_scribble_shows_and_draws_what_does_not_belong(
    canvas: BScanCanvas, session: Session
) -> None:
    hand = runner(canvas)
    hand.take(ScribbleTool())
    plus = pixels(canvas.viewport().cursor())
    canvas.setFocus()
    QTest.keyPress(canvas, Qt.Key_Control, Qt.ControlModifier)
    minus = pixels(canvas.viewport().cursor())
    assert not np.array_equal(plus, minus)
    target = canvas.viewport()
    QTest.mousePress(target, Qt.LeftButton, Qt.ControlModifier, view_point(canvas, 20, 20))
    QTest.mouseRelease(target, Qt.LeftButton, Qt.ControlModifier, view_point(canvas, 20, 20))
    assert [guide.kind for guide in hand.guides()] == ["against"]
    QTest.keyRelease(canvas, Qt.Key_Control)
    assert np.array_equal(plus, pixels(canvas.viewport().cursor()))
    drag(canvas, [(30, 20), (30, 40)])
    assert [guide.kind for guide in hand.guides()] == ["against", "with"]


def test_ctrl_is_seen_by_the_mouse_where_the_key_was_pressed_elsewhere(canvas: BScanCanvas) -> None:
    runner(canvas).take(ScribbleTool())
    plus = pixels(canvas.viewport().cursor())
    QTest.mouseMove(canvas.viewport(), QPoint(100, 100))
    move(canvas, 20, 20)
    assert np.array_equal(plus, pixels(canvas.viewport().cursor()))


def ring_color(canvas: BScanCanvas, radius: float) -> QColor:
    return color_at(canvas, 25 - radius, 40)


def test_the_ring_of_a_brush_has_the_colour_it_paints_and_that_of_an_eraser_a_minus(
    canvas: BScanCanvas, session: Session
) -> None:
    hand = runner(canvas)
    hand.take(Brush())
    for kind in tuple(session.annotation.masks.scheme)[:2]:
        hand.options = replace(hand.options, mask_class=kind.value, radius_px=8.0)
        move(canvas, 25, 40)
        assert near(ring_color(canvas, 8), kind.color, 70)
        assert not near(color_at(canvas, 25, 40), (255, 255, 255), 40)
    hand.take(Eraser())
    move(canvas, 25, 40)
    assert near(ring_color(canvas, 8), (255, 255, 255), 60)
    assert near(color_at(canvas, 25, 40), (255, 255, 255), 70)


def test_a_box_is_seen_while_it_is_dragged(canvas: BScanCanvas) -> None:
    runner(canvas).take(BoxTool())
    target = canvas.viewport()
    QTest.mousePress(target, Qt.LeftButton, Qt.NoModifier, view_point(canvas, 12, 20))
    move(canvas, 25, 50, Qt.LeftButton)
    line = color_at(canvas, 12, 35)
    assert line.red() > line.blue() + 60, "a yellow line"
    assert near(color_at(canvas, 18, 35), (40, 40, 40))
    QTest.mouseRelease(target, Qt.LeftButton, Qt.NoModifier, view_point(canvas, 25, 50))
    assert near(color_at(canvas, 12, 35), (40, 40, 40))


def test_what_a_tool_could_not_do_is_said_on_the_image_and_nothing_blocks(
    canvas: BScanCanvas,
) -> None:
    hand = runner(canvas)
    before = canvas.grab_image()
    hand.take(BoxTool())
    drag(canvas, [(10, 20), (18, 60)])
    assert "Nothing in the box" in canvas.note
    QApplication.processEvents()
    assert canvas.grab_image() != before
    hand.press(Point(20, 20))
    assert canvas.note == ""
    hand.cancel()
    drag(canvas, [(10, 20), (18, 60)])
    canvas.show_b_scan(1)
    assert canvas.note == ""


def test_a_b_scan_that_cannot_be_read_offers_no_tool(canvas: BScanCanvas) -> None:
    runner(canvas).take(Brush())
    canvas._problem = "broken"
    canvas.refresh_cursor()
    assert canvas.viewport().cursor().shape() == Qt.ArrowCursor
