"""The B-scan canvas shows what the session holds, where it is, and only that."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QPointF, Qt
from qtpy.QtGui import QColor, QImage
from qtpy.QtWidgets import QApplication

from mirage_core.annotate import Session, ToolRunner
from mirage_core.scan import Acquisition, ArrayPixels, Scan, Spacing, State, surface_kind
from mirage_viewer.canvas import AspectMode, BScanCanvas
from mirage_viewer.canvas.colors import CANVAS_BACKGROUND
from tests.viewer.canvas.scenes import (
    HEIGHT,
    WIDTH,
    BrokenPixels,
    color_at,
    drag,
    grey_volume,
    move,
    near,
    show,
    small_session,
    view_point,
    wheel,
)

RPE = surface_kind("RPE").color


@pytest.fixture
def session() -> Session:
    return small_session()


@pytest.fixture
def canvas(qtbot, session):
    canvas = BScanCanvas()
    show(qtbot, canvas)
    canvas.set_session(session, ToolRunner(session))
    canvas.set_crosshair_visible(False)
    QApplication.processEvents()
    return canvas


def test_without_a_session_it_says_what_to_do(qtbot):
    canvas = BScanCanvas()
    show(qtbot, canvas)
    image = canvas.grab_image()
    middle = [image.pixelColor(x, y) for x in range(150, 350) for y in range(150, 250)]
    assert any(c.lightness() > 200 for c in middle)
    assert near(image.pixelColor(3, 3), CANVAS_BACKGROUND)


def test_the_current_b_scan_is_shown(canvas):
    for b in (0, 3, 1):
        canvas.show_b_scan(b)
        grey = 40 + 20 * b
        assert canvas.b == b
        assert near(color_at(canvas, 10, 40), (grey, grey, grey))


def test_b_scans_beyond_the_ends_show_the_last_there_is(canvas):
    canvas.show_b_scan(99)
    assert canvas.b == 4
    canvas.show_b_scan(-1)
    assert canvas.b == 0


def test_a_surface_at_depth_10_runs_through_the_middle_of_pixel_row_10(qtbot):
    session = small_session()
    row = session.annotation.surfaces.index("RPE")
    session.annotation.surfaces.values[row] = 10.0
    canvas = BScanCanvas()
    show(qtbot, canvas, 1200, 900)
    canvas.set_session(session, None)
    canvas.set_crosshair_visible(False)
    canvas.zoom_by(20 / canvas.zoom)
    canvas.centerOn(20.5, 10.5)
    QApplication.processEvents()
    image = canvas.grab_image()
    column = view_point(canvas, 10, 20).x()
    hits = [
        y for y in range(image.height()) if near(image.pixelColor(column, y), RPE, tolerance=40)
    ]
    assert hits
    middle = canvas.to_view(10.0, 20.0).y()
    assert abs(np.mean(hits) + 0.5 - middle) <= 1.0
    top, bottom = canvas.to_view(9.5, 20).y(), canvas.to_view(10.5, 20).y()
    assert bottom - top == pytest.approx(20)
    assert top < min(hits)
    assert max(hits) < bottom


def test_pixel_z_x_fills_the_square_around_its_centre(qtbot):
    volume = np.zeros((1, HEIGHT, WIDTH), np.uint8)
    volume[0, 10, 20] = 255
    canvas = BScanCanvas()
    show(qtbot, canvas, 800, 600)
    canvas.set_session(Session(Scan(ArrayPixels(volume))), None)
    canvas.set_crosshair_visible(False)
    canvas.zoom_by(10 / canvas.zoom)
    canvas.centerOn(20.5, 10.5)
    white = (255, 255, 255)
    for dz, dx in ((0, 0), (-0.4, -0.4), (0.4, 0.4)):
        assert near(color_at(canvas, 10 + dz, 20 + dx), white)
    for dz, dx in ((-0.6, 0), (0.6, 0), (0, -0.6), (0, 0.6)):
        assert near(color_at(canvas, 10 + dz, 20 + dx), (0, 0, 0))


def test_undefined_columns_are_gaps(canvas, session):
    row = session.annotation.surfaces.index("RPE")
    session.annotation.surfaces.values[row, 0, 30:40] = np.nan
    canvas.show_b_scan(0)
    assert near(color_at(canvas, 30, 25), RPE, 60)
    assert near(color_at(canvas, 30, 35), (40, 40, 40))
    assert near(color_at(canvas, 30, 45), RPE, 60)


def test_a_lone_defined_column_is_seen(canvas, session):
    row = session.annotation.surfaces.index("RPE")
    session.annotation.surfaces.values[row, 0] = np.nan
    session.annotation.surfaces.values[row, 0, 33] = 12.0
    canvas.show_b_scan(0)
    assert near(color_at(canvas, 12, 33), RPE, 60)


def test_unsure_stretches_are_dashed_until_told_not_to(canvas, session):
    row = session.annotation.surfaces.index("RPE")
    session.annotation.confidence[row, 0, 20:60] = 0.2

    def drawn_columns() -> int:
        QApplication.processEvents()
        image = canvas.grab_image()
        points = [view_point(canvas, 30, x) for x in range(20, 60)]
        return sum(near(image.pixelColor(p), RPE, 60) for p in points)

    canvas.show_b_scan(0)
    assert 10 <= drawn_columns() <= 30
    canvas.set_confidence_visible(False)
    assert drawn_columns() == 40


def test_surfaces_hide_one_by_one_and_together(canvas, session):
    row = session.annotation.surfaces.index("RPE")
    canvas.set_surface_visible(row, False)
    assert near(color_at(canvas, 30, 40), (40, 40, 40))
    assert near(color_at(canvas, 40, 40), surface_kind("BM").color, 60)
    canvas.set_surfaces_visible(False)
    assert near(color_at(canvas, 40, 40), (40, 40, 40))
    canvas.set_surfaces_visible(True)
    assert near(color_at(canvas, 30, 40), (40, 40, 40))
    canvas.set_surface_visible(row, True)
    assert near(color_at(canvas, 30, 40), RPE, 60)


def test_the_active_surface_is_thicker(canvas, session):
    def rows() -> int:
        QApplication.processEvents()
        image = canvas.grab_image()
        at = view_point(canvas, 30, 40)
        column = [image.pixelColor(at.x(), at.y() + dy) for dy in range(-8, 9)]
        return sum(not near(c, (40, 40, 40)) for c in column)

    thin = rows()
    canvas.set_active_surface(session.annotation.surfaces.index("RPE"))
    assert rows() > thin


def test_masks_are_tinted_and_can_be_hidden(canvas, session):
    session.annotation.masks.labels[0, 10:20, 20:40] = 1
    canvas.show_b_scan(0)
    blue = color_at(canvas, 15, 30)
    assert blue.blue() > blue.red() + 40
    canvas.set_mask_opacity(0.9)
    stronger = color_at(canvas, 15, 30)
    assert stronger.blue() > blue.blue() + 30
    canvas.set_mask_visible(False)
    assert near(color_at(canvas, 15, 30), (40, 40, 40))


def test_the_rim_of_a_mask_is_stronger_than_its_inside(canvas, session):
    session.annotation.masks.labels[0, 10:20, 20:40] = 1
    canvas.show_b_scan(0)
    canvas.zoom_by(2.0)
    canvas.centerOn(30, 15)
    assert color_at(canvas, 10, 30).blue() > color_at(canvas, 15, 30).blue() + 20


def test_contrast_maps_the_grey_levels(canvas, qtbot):
    with qtbot.waitSignal(canvas.contrast_changed) as caught:
        canvas.set_contrast(20, 60)
    assert caught.args == [20, 60]
    assert near(color_at(canvas, 10, 40), (128, 128, 128))
    canvas.set_contrast(20, 60, gamma=2.0)
    assert near(color_at(canvas, 10, 40), (64, 64, 64))


def test_auto_contrast_ignores_white_padding(qtbot):
    volume = grey_volume()
    volume[0] = np.linspace(60, 120, WIDTH).astype(np.uint8)
    volume[0, :6] = 255
    session = small_session(pixels=ArrayPixels(volume))
    canvas = BScanCanvas()
    show(qtbot, canvas)
    canvas.set_session(session, None)
    canvas.auto_contrast()
    low, high = canvas.contrast
    assert low < 65
    assert 110 < high < 130


def test_dragging_with_the_right_button_changes_contrast(canvas):
    before = canvas.contrast
    canvas.set_contrast(80, 160)
    drag(canvas, [(20, 20), (20, 30), (20, 40)], Qt.RightButton)
    low, high = canvas.contrast
    assert canvas.contrast != before
    assert low < 80
    assert high - low == pytest.approx(80, abs=2)


def test_one_to_one_um_uses_the_spacing(canvas):
    assert canvas.pixel_aspect == 1.0
    canvas.set_aspect(AspectMode.UM)
    assert canvas.pixel_aspect == pytest.approx(0.004 / 0.012)
    a, b = canvas.to_view(0, 0), canvas.to_view(30, 10)
    assert (b.x() - a.x()) == pytest.approx(b.y() - a.y())


def test_one_to_one_um_falls_back_to_pixels_without_a_spacing(qtbot):
    session = small_session(spacing=Spacing())
    canvas = BScanCanvas()
    show(qtbot, canvas)
    canvas.set_session(session, None)
    canvas.set_aspect(AspectMode.UM)
    assert canvas.pixel_aspect == 1.0
    session.scan = session.scan.with_spacing(Spacing.from_mm(None, 0.004, 0.016))
    canvas.refresh_spacing()
    assert canvas.pixel_aspect == pytest.approx(0.25)


def test_it_fits_when_first_shown_and_when_resized(canvas):
    def inside() -> bool:
        corners = [canvas.to_view(-0.5, -0.5), canvas.to_view(HEIGHT - 0.5, WIDTH - 0.5)]
        view = canvas.viewport().rect()
        return all(view.contains(p.toPoint()) for p in corners)

    assert inside()
    wide = canvas.zoom
    canvas.resize(250, 200)
    QApplication.processEvents()
    assert inside()
    assert canvas.zoom < wide
    canvas.zoom_by(3)
    zoom = canvas.zoom
    canvas.resize(400, 300)
    QApplication.processEvents()
    assert canvas.zoom == zoom


def test_zoom_keeps_the_point_under_the_pointer(canvas):
    canvas.zoom_by(2.0)
    at = canvas.to_view(25, 50)
    wheel(canvas.viewport(), at, 120, Qt.ControlModifier)
    z, x = canvas.to_image(at)
    assert z == pytest.approx(25, abs=0.3)
    assert x == pytest.approx(50, abs=0.3)


def test_actual_pixels_shows_one_column_per_view_pixel(canvas, qtbot):
    with qtbot.waitSignal(canvas.zoom_changed):
        canvas.actual_pixels()
    assert canvas.zoom == 1.0
    assert canvas.to_view(0, 11).x() - canvas.to_view(0, 1).x() == pytest.approx(10)


def test_the_wheel_asks_for_the_next_b_scan(canvas, qtbot):
    middle = QPointF(canvas.viewport().rect().center())
    with qtbot.waitSignal(canvas.stepped) as caught:
        wheel(canvas.viewport(), middle, -120)
    assert caught.args == [1]
    with qtbot.waitSignal(canvas.stepped) as caught:
        wheel(canvas.viewport(), middle, 240)
    assert caught.args == [-2]


def test_small_turns_of_a_touch_pad_add_up(canvas):
    steps = []
    canvas.stepped.connect(steps.append)
    for _ in range(8):
        wheel(canvas.viewport(), QPointF(100, 100), -30)
    assert steps == [1, 1]


def test_the_middle_button_pans(canvas):
    canvas.zoom_by(3.0)
    before = canvas.to_view(20, 20)
    drag(canvas, [(20, 20), (22, 25), (25, 30)], Qt.MiddleButton)
    moved = canvas.to_view(20, 20) - before
    assert moved.x() == pytest.approx(10 * canvas.zoom, abs=3)
    assert moved.y() == pytest.approx(5 * canvas.zoom, abs=3)


def test_space_and_drag_pans_instead_of_drawing(canvas, qtbot):
    canvas.zoom_by(3.0)
    before = canvas.to_view(20, 20)
    crosshair = canvas.crosshair
    canvas.setFocus()
    qtbot.keyPress(canvas, Qt.Key_Space)
    drag(canvas, [(20, 20), (20, 30)])
    qtbot.keyRelease(canvas, Qt.Key_Space)
    assert canvas.to_view(20, 20).x() > before.x() + 20
    assert canvas.crosshair == crosshair
    drag(canvas, [(20, 20), (20, 30)])
    assert canvas.crosshair != crosshair


def test_clicking_without_a_tool_moves_the_crosshair(canvas, qtbot):
    canvas.set_crosshair_visible(True)
    with qtbot.waitSignal(canvas.crosshair_moved) as caught:
        drag(canvas, [(5, 5), (10, 50)])
    z, x = caught.args
    drag(canvas, [(10, 50), (10, 50)])
    assert (z, x) != canvas.crosshair
    assert canvas.crosshair == pytest.approx((10, 50), abs=0.5)
    assert color_at(canvas, 10, 70).red() > 80
    assert color_at(canvas, 50, 50).red() > 80


def test_the_crosshair_set_by_the_program_is_not_reported_back(canvas):
    moves = []
    canvas.crosshair_moved.connect(lambda z, x: moves.append((z, x)))
    canvas.set_crosshair(12.0, 34.0)
    assert canvas.crosshair == (12.0, 34.0)
    assert moves == []


def test_the_pointer_is_reported_in_image_coordinates(canvas, qtbot):
    with qtbot.waitSignal(canvas.pointer_moved) as caught:
        move(canvas, 12.5, 33.0)
    assert caught.args == pytest.approx([12.5, 33.0], abs=0.3)
    with qtbot.waitSignal(canvas.pointer_left):
        move(canvas, 12.5, WIDTH + 3.0)


def test_a_b_scan_that_cannot_be_read_says_so_and_the_others_stay(qtbot):
    session = small_session(pixels=BrokenPixels(grey_volume(), broken=2))
    canvas = BScanCanvas()
    show(qtbot, canvas)
    canvas.set_session(session, ToolRunner(session))
    canvas.set_crosshair_visible(False)
    canvas.show_b_scan(2)
    assert "Input/output error" in canvas.problem
    assert "some-name" not in canvas.problem
    assert near(color_at(canvas, 3, 70), CANVAS_BACKGROUND)
    drag(canvas, [(10, 10), (20, 20)])
    canvas.show_b_scan(3)
    assert canvas.problem == ""
    assert near(color_at(canvas, 10, 40), (100, 100, 100))


def test_a_simulated_scan_carries_a_badge(qtbot):
    lit = []
    for simulated in (False, True):
        session = small_session(acquisition=Acquisition(simulated=simulated))
        canvas = BScanCanvas()
        show(qtbot, canvas)
        canvas.set_session(session, None)
        image = canvas.grab_image()
        corner = [image.pixelColor(x, y) for x in range(400, 496) for y in range(8, 30)]
        lit.append(sum(c.lightness() > 180 for c in corner))
    assert lit[0] == 0
    assert lit[1] > 20


def test_the_state_badge_follows_the_annotation(canvas, session):
    def picture() -> QImage:
        QApplication.processEvents()
        return canvas.grab_image().copy(0, 0, 240, 32)

    before = picture()
    session.set_state([0], State.APPROVED)
    approved = picture()
    assert approved != before
    session.undo()
    assert picture() == before


def test_undo_and_redo_redraw_surface_and_mask(canvas, session):
    draft = session.draft(0)
    draft.curves[session.annotation.surfaces.index("RPE")] = 20.0
    draft.mask[45:55, 10:30] = 2
    session.commit(draft, "test", "Test")
    assert near(color_at(canvas, 20, 40), RPE, 60)
    assert near(color_at(canvas, 30, 40), (40, 40, 40))
    assert color_at(canvas, 50, 20).green() > 80
    session.undo()
    assert near(color_at(canvas, 30, 40), RPE, 60)
    assert near(color_at(canvas, 20, 40), (40, 40, 40))
    assert near(color_at(canvas, 50, 20), (40, 40, 40))


def test_an_edit_elsewhere_leaves_this_b_scan_alone(canvas, session):
    before = canvas.grab_image()
    draft = session.draft(3)
    draft.mask[10:20] = 1
    session.commit(draft, "test", "Test")
    QApplication.processEvents()
    assert canvas.grab_image() == before
    canvas.show_b_scan(3)
    assert color_at(canvas, 15, 40).blue() > 120


def test_another_session_replaces_the_first_completely(canvas, session):
    other = small_session()
    other.annotation.surfaces.values[...] = np.nan
    canvas.show_b_scan(3)
    canvas.set_session(other, None)
    assert canvas.b == 0
    assert near(color_at(canvas, 30, 40), (40, 40, 40))
    before = canvas.grab_image()
    draft = session.draft(0)
    draft.mask[...] = 1
    session.commit(draft, "test", "Test")
    QApplication.processEvents()
    assert canvas.grab_image() == before


def test_closing_the_session_brings_the_empty_view_back(canvas):
    canvas.set_session(None, None)
    assert near(color_at(canvas, 0, 0), CANVAS_BACKGROUND)
    move(canvas, 5, 5)
    drag(canvas, [(5, 5), (9, 9)])
    wheel(canvas.viewport(), QPointF(50, 50), 120, Qt.ControlModifier)


def test_text_over_the_image_is_readable_on_white(qtbot):
    white = ArrayPixels(np.full((1, 500, 500), 255, np.uint8))
    canvas = BScanCanvas()
    show(qtbot, canvas, 420, 420)
    canvas.set_session(Session(Scan(white)), None)
    canvas.set_crosshair_visible(False)
    canvas.zoom_by(2)
    QApplication.processEvents()
    image = canvas.grab_image()
    corner = [
        image.pixelColor(x, y)
        for x in range(8, 40)
        for y in range(image.height() - 60, image.height() - 5)
    ]
    assert any(c.lightness() < 110 for c in corner)
    assert any(c == QColor(255, 255, 255) for c in corner)
