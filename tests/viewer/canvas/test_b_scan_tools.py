"""Pointer and keys reach the tool in hand as image coordinates, and the stroke is seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QImage
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from mirage_core.annotate import Session, ToolRunner
from mirage_core.annotate.tools.base import Guide, Point, Rect, Step, Tool
from mirage_core.annotate.tools.brush import Brush
from mirage_core.annotate.tools.polygon import PolygonTool
from mirage_core.scan import State, surface_kind
from mirage_viewer.canvas import AspectMode, BScanCanvas
from tests.viewer.canvas.scenes import (
    WIDTH,
    click,
    color_at,
    drag,
    move,
    near,
    show,
    small_session,
    view_point,
)


class LinePen(Tool):
    """Sets the chosen surface to the pointer's depth in the pointer's column."""

    name = "line-pen"
    title = "Line pen"
    hint = ""
    draws = "surface"

    def press(self, draft, at, options):
        x = int(np.clip(round(at.x), 0, WIDTH - 1))
        draft.curves[options.surface, x] = at.z
        return Step(Rect(0, 1, x, x + 1))

    move = press


class Recorder(Tool):
    """Writes down what it is sent."""

    name = "recorder"
    title = "Recorder"
    hint = ""
    draws = "surface"

    def __init__(self):
        self.events: list[tuple[str, Point]] = []
        self.shown: tuple[Guide, ...] = ()

    def _note(self, kind, at, done=False):
        self.events.append((kind, at))
        return Step(done=done)

    def press(self, draft, at, options):
        return self._note("press", at)

    def move(self, draft, at, options):
        return self._note("move", at)

    def hover(self, draft, at, options):
        return self._note("hover", at)

    def release(self, draft, at, options):
        return self._note("release", at)

    def finish(self, draft, options):
        return self._note("finish", Point(0, 0), done=True)

    def guides(self):
        return self.shown


@pytest.fixture
def session():
    return small_session()


@pytest.fixture
def runner(session):
    return ToolRunner(session)


@pytest.fixture
def canvas(qtbot, session, runner):
    canvas = BScanCanvas()
    show(qtbot, canvas)
    canvas.set_session(session, runner)
    canvas.set_crosshair_visible(False)
    QApplication.processEvents()
    return canvas


def test_a_brush_stroke_is_painted_while_it_is_drawn_and_becomes_one_edit(canvas, runner, session):
    runner.take(Brush())
    runner.options = replace(runner.options, mask_class=1, radius_px=4.0)
    QTest.mousePress(canvas.viewport(), Qt.LeftButton, pos=view_point(canvas, 15, 20))
    move(canvas, 15, 40, Qt.LeftButton)
    assert color_at(canvas, 15, 30).blue() > 90
    assert not session.history.done
    QTest.mouseRelease(canvas.viewport(), Qt.LeftButton, pos=view_point(canvas, 15, 40))
    assert len(session.history.done) == 1
    assert session.annotation.masks.labels[0, 15, 20:41].all()
    assert color_at(canvas, 15, 30).blue() > 90
    session.undo()
    assert near(color_at(canvas, 15, 30), (40, 40, 40))


def on_screen(canvas: BScanCanvas) -> QImage:
    """Return what repaints have left on the screen, without asking for another."""
    QApplication.processEvents()
    window = canvas.window()
    return window.screen().grabWindow(window.winId()).toImage()


def same(a: QImage, b: QImage) -> bool:
    """Return whether two pictures look the same: Qt redraws a glyph's rim a few greys off."""
    if a.size() != b.size():
        return False
    pixels = [
        np.frombuffer(image.constBits(), np.uint8).astype(int)
        for image in (
            a.convertToFormat(QImage.Format_RGB32),
            b.convertToFormat(QImage.Format_RGB32),
        )
    ]
    return int(np.abs(pixels[0] - pixels[1]).max()) <= 8


def commit(session: Session, curves: dict[str, slice] | None = None, box=None) -> None:
    draft = session.draft(0)
    for name, columns in (curves or {}).items():
        draft.curves[session.annotation.surfaces.index(name), columns] -= 6.0
    if box is not None:
        draft.mask[box] = 2
    session.commit(draft, "test", "Test")


@pytest.mark.parametrize(
    "change",
    [
        lambda s: commit(s, {"RPE": slice(20, 50)}),
        lambda s: commit(s, {"RPE": slice(20, 50), "BM": slice(0, 80)}),
        lambda s: commit(s, box=np.s_[10:20, 30:40]),
        lambda s: commit(s, box=np.s_[45:55, 30:40]),
        lambda s: s.undo(),
        lambda s: s.set_state([0], State.APPROVED),
    ],
)
def test_what_an_edit_repaints_equals_a_full_repaint(canvas, session, change):
    session.annotation.confidence[:, 0, 10:70] = 0.2
    canvas.show_b_scan(0)
    canvas.zoom_by(1.1)
    # Beside it, so that the rim of what is already there changes, too.
    commit(session, box=np.s_[45:55, 40:50])
    before = on_screen(canvas)
    change(session)
    partial = on_screen(canvas)
    canvas.show_b_scan(0)
    canvas.viewport().repaint()
    assert not same(partial, before)
    assert same(partial, on_screen(canvas))


def test_overlays_stay_in_place_and_up_to_date(canvas):
    canvas.resize(800, 300)
    for change in (
        lambda: canvas.show_b_scan(2),
        lambda: canvas.zoom_by(2.0),
        lambda: canvas.pan_by(17, 9),
        lambda: canvas.set_aspect(AspectMode.UM),
        lambda: canvas.set_session(None, None),
    ):
        before = on_screen(canvas)
        change()
        partial = on_screen(canvas)
        canvas.viewport().repaint()
        assert not same(partial, before)
        assert same(partial, on_screen(canvas))


def test_what_a_stroke_repaints_equals_a_full_repaint(canvas, runner, session):
    canvas.zoom_by(1.1)
    runner.take(Brush())
    runner.options = replace(runner.options, mask_class=2, radius_px=5.0)
    QTest.mousePress(canvas.viewport(), Qt.LeftButton, pos=view_point(canvas, 20, 15))
    for x in (20, 30, 55):
        move(canvas, 20, x, Qt.LeftButton)
        partial = on_screen(canvas)
        canvas.viewport().repaint()
        assert same(partial, on_screen(canvas))
    QTest.mouseRelease(canvas.viewport(), Qt.LeftButton, pos=view_point(canvas, 20, 55))
    runner.take(LinePen())
    runner.options = replace(runner.options, surface=session.annotation.surfaces.index("RPE"))
    QTest.mousePress(canvas.viewport(), Qt.LeftButton, pos=view_point(canvas, 22, 15))
    for x in range(15, 40):
        move(canvas, 22, x, Qt.LeftButton)
    partial = on_screen(canvas)
    canvas.viewport().repaint()
    assert same(partial, on_screen(canvas))


def test_a_surface_moves_under_the_pen(canvas, runner, session):
    row = session.annotation.surfaces.index("RPE")
    runner.take(LinePen())
    runner.options = replace(runner.options, surface=row)
    drag(canvas, [(20, x) for x in np.arange(20, 40, 0.15)])
    drawn = session.annotation.surfaces.values[row, 0, 21:39]
    assert drawn == pytest.approx(20, abs=0.3)
    assert near(color_at(canvas, 20, 30), surface_kind("RPE").color, 60)
    assert near(color_at(canvas, 30, 30), (40, 40, 40))


def test_events_arrive_in_image_coordinates(canvas, runner):
    tool = Recorder()
    runner.take(tool)
    canvas.zoom_by(2.5)
    drag(canvas, [(25, 40), (27.0, 44.0)])
    move(canvas, 30, 45)
    assert [kind for kind, _ in tool.events] == ["press", "move", "release", "hover"]
    pixel = 1 / canvas.zoom
    for (_, at), expected in zip(
        tool.events, [(25, 40), (27, 44), (27, 44), (30, 45)], strict=True
    ):
        assert tuple(at) == pytest.approx(expected, abs=pixel)


def test_a_double_click_and_enter_finish_and_escape_drops(canvas, runner, session, qtbot):
    corners = [(10, 10), (10, 30), (25, 30)]

    def outline():
        for z, x in corners:
            click(canvas, z, x)

    runner.take(PolygonTool())
    outline()
    assert runner.busy
    qtbot.keyClick(canvas, Qt.Key_Escape)
    assert not runner.busy
    assert not session.history.done
    outline()
    qtbot.keyClick(canvas, Qt.Key_Return)
    assert len(session.history.done) == 1
    session.undo()
    outline()
    QTest.mouseDClick(canvas.viewport(), Qt.LeftButton, pos=view_point(canvas, 25, 30))
    assert len(session.history.done) == 1
    assert session.annotation.masks.labels[0, 14, 28]


def test_the_second_of_two_quick_dabs_is_not_lost(canvas, runner, session):
    runner.take(Brush())
    click(canvas, 10, 10)
    at = view_point(canvas, 10, 60)
    QTest.mouseDClick(canvas.viewport(), Qt.LeftButton, pos=at)
    QTest.mouseRelease(canvas.viewport(), Qt.LeftButton, pos=at)
    assert session.annotation.masks.labels[0, 10, 10]
    assert session.annotation.masks.labels[0, 10, 60]


def test_guides_are_drawn_and_go_with_the_stroke(canvas, runner):
    tool = Recorder()
    tool.shown = (
        Guide("line", np.array([[12.0, 10.0], [12.0, 60.0]])),
        Guide("knots", np.array([[12.0, 10.0], [50.0, 70.0]])),
    )
    runner.take(tool)
    click(canvas, 20, 20)
    line, knot = color_at(canvas, 12, 40), color_at(canvas, 50, 70)
    assert min(line.red(), line.green()) > 120
    assert min(knot.red(), knot.green()) > 200
    runner.cancel()
    assert near(color_at(canvas, 12, 40), (40, 40, 40))
    assert near(color_at(canvas, 50, 70), (40, 40, 40))


def test_the_brush_outline_follows_the_pointer_and_is_round_on_screen(canvas, runner):
    runner.take(Brush())
    runner.options = replace(runner.options, radius_px=8.0)
    canvas.set_aspect(AspectMode.UM)
    move(canvas, 20, 40)
    right = color_at(canvas, 20, 48)
    assert right.lightness() > 120
    below = canvas.to_view(20, 40)
    reach = 8.0 * canvas.zoom
    image = canvas.grab_image()
    lit = [
        image.pixelColor(int(below.x()), int(below.y() + reach + d)).lightness()
        for d in (-2, -1, 0, 1)
    ]
    assert max(lit) > 120


def test_the_brush_paints_what_its_outline_shows(canvas, runner, session):
    canvas.set_aspect(AspectMode.UM)
    runner.take(Brush())
    runner.options = replace(runner.options, radius_px=5.0, aspect=1.0)
    click(canvas, 30, 40)
    rows = np.flatnonzero(session.annotation.masks.labels[0, :, 40])
    # 3 rows of 4 µm are as long as one column of 12 µm.
    assert len(rows) == pytest.approx(31, abs=2)


def test_stepping_finishes_the_stroke_on_its_own_b_scan(canvas, runner, session):
    runner.take(PolygonTool())
    for z, x in ((10, 10), (10, 30), (25, 30)):
        click(canvas, z, x)
    canvas.show_b_scan(1)
    assert session.annotation.masks.labels[0].any()
    assert not session.annotation.masks.labels[1].any()
    assert near(color_at(canvas, 14, 28), (60, 60, 60))


def test_arrow_keys_are_left_to_the_window(canvas, qtbot):
    at = canvas.to_view(10, 10)
    canvas.zoom_by(3.0)
    at = canvas.to_view(10, 10)
    for key in (Qt.Key_Left, Qt.Key_Right, Qt.Key_Up, Qt.Key_Down, Qt.Key_PageDown):
        qtbot.keyClick(canvas, key)
    assert canvas.to_view(10, 10) == at


@pytest.mark.parametrize("second", [Qt.RightButton, Qt.MiddleButton])
def test_a_second_button_does_not_break_the_stroke(canvas, runner, session, second):
    runner.take(Brush())
    contrast = canvas.contrast
    target = canvas.viewport()
    QTest.mousePress(target, Qt.LeftButton, pos=view_point(canvas, 15, 20))
    QTest.mousePress(target, second, pos=view_point(canvas, 15, 20))
    move(canvas, 15, 40, Qt.LeftButton | second)
    QTest.mouseRelease(target, second, pos=view_point(canvas, 15, 40))
    assert runner.busy
    QTest.mouseRelease(target, Qt.LeftButton, pos=view_point(canvas, 15, 40))
    assert session.annotation.masks.labels[0, 15, 20:41].all()
    assert len(session.history.done) == 1
    assert canvas.contrast == contrast


def test_a_stroke_whose_release_went_elsewhere_ends_with_the_next_move(canvas, runner, session):
    runner.take(Brush())
    QTest.mousePress(canvas.viewport(), Qt.LeftButton, pos=view_point(canvas, 15, 20))
    move(canvas, 15, 30, Qt.LeftButton)
    move(canvas, 15, 32)
    assert not runner.busy
    assert len(session.history.done) == 1
    move(canvas, 50, 60)
    assert not session.annotation.masks.labels[0, 50, 60]
