"""The fundus view shows where the B-scans lie, and a click goes there."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QPointF, Qt
from qtpy.QtWidgets import QApplication

from mirage_core.annotate import Proposal
from mirage_core.scan import (
    ArrayPixels,
    CirclePosition,
    ScanGeometry,
    ScanPattern,
    Spacing,
    State,
    Surfaces,
)
from mirage_viewer.canvas import SloCanvas
from tests.viewer.canvas.scenes import (
    HEIGHT,
    WIDTH,
    N,
    click,
    color_at,
    drag,
    grey_volume,
    near,
    raster,
    show,
    small_session,
    wheel,
)

SLO_GREY = (70, 70, 70)


@pytest.fixture
def canvas(qtbot):
    canvas = SloCanvas()
    show(qtbot, canvas, 420, 500)
    return canvas


def bright_volume() -> ArrayPixels:
    """B-scan ``b`` is brighter the higher `b` is, and so is its right half."""
    volume = grey_volume()
    volume[:, :, WIDTH // 2 :] += 60
    return ArrayPixels(volume)


def test_the_current_line_is_bright_and_the_others_dim(canvas):
    canvas.set_session(small_session())
    canvas.set_current(2, 40)
    current, other = color_at(canvas, 60, 30), color_at(canvas, 40, 30)
    assert current.red() > 200
    assert not near(other, SLO_GREY, 5)
    assert other.lightness() < 160
    assert near(color_at(canvas, 50, 30), SLO_GREY)
    canvas.set_current(1, 40)
    assert color_at(canvas, 40, 30).red() > 200
    assert color_at(canvas, 60, 30).red() < 160


def test_the_crosshairs_point_is_marked(canvas):
    canvas.set_session(small_session())
    canvas.set_current(2, 40)
    ring = canvas.to_view(60, 50) + QPointF(0, -6)
    assert canvas.grab_image().pixelColor(ring.toPoint()).lightness() > 150


def test_a_click_picks_the_nearest_b_scan_and_column(canvas, qtbot):
    canvas.set_session(small_session())
    with qtbot.waitSignal(canvas.picked) as caught:
        click(canvas, 78, 35)
    assert caught.args[0] == 3
    assert caught.args[1] == pytest.approx(25, abs=1)


def test_dragging_keeps_picking(canvas):
    canvas.set_session(small_session())
    picked = []
    canvas.picked.connect(lambda b, _x: picked.append(b))
    drag(canvas, [(20, 30), (41, 30), (62, 30), (99, 30)])
    assert picked == [0, 1, 2, 4]


def test_lines_take_the_colour_of_their_state(canvas):
    session = small_session()
    canvas.set_session(session)
    canvas.set_current(0, 0)
    before = color_at(canvas, 60, 30)
    session.set_state([2], State.APPROVED)
    after = color_at(canvas, 60, 30)
    assert after.green() - after.blue() > before.green() - before.blue() + 20


def test_a_circle_scan_is_drawn_as_a_circle(canvas, qtbot):
    geometry = ScanGeometry(
        ScanPattern.CIRCLE, (CirclePosition((60.0, 50.0), 30.0, 0.0, 1),), None, (0.01, 0.01)
    )
    canvas.set_session(small_session(pixels=ArrayPixels(grey_volume()[:1]), geometry=geometry))
    canvas.set_current(0, 20)
    for z, x in ((60, 20), (30, 50), (60 - 21.2, 50 - 21.2)):
        assert color_at(canvas, z, x).red() > 150
    assert near(color_at(canvas, 60, 50), SLO_GREY)
    with qtbot.waitSignal(canvas.picked) as caught:
        click(canvas, 95, 50)
    assert caught.args[0] == 0
    assert caught.args[1] == pytest.approx(WIDTH / 4, abs=1)


def test_assumed_positions_are_called_assumed(canvas):
    canvas.set_session(small_session(geometry=raster(assumed=True)))
    assert canvas.notes == ("positions assumed",)
    canvas.set_session(small_session())
    assert canvas.notes == ()


def test_an_slo_without_positions_shows_no_lines_and_picks_nothing(canvas):
    canvas.set_session(small_session(geometry=ScanGeometry(ScanPattern.RASTER)))
    picked = []
    canvas.picked.connect(lambda b, _x: picked.append(b))
    canvas.set_current(2, 40)
    click(canvas, 60, 30)
    assert picked == []
    assert canvas.notes == ("B-scan positions unknown",)
    assert near(color_at(canvas, 60, 30), SLO_GREY)


def wait_for_projection(qtbot, canvas: SloCanvas) -> None:
    qtbot.waitUntil(lambda: canvas.image_size == (N, WIDTH), timeout=5000)
    QApplication.processEvents()


def test_without_an_slo_a_projection_is_made_in_the_background(canvas, qtbot):
    session = small_session(slo=None, pixels=bright_volume(), geometry=ScanGeometry())
    canvas.set_session(session)
    assert canvas.image_size == (0, 0)
    wait_for_projection(qtbot, canvas)
    canvas.set_current(2, 0)
    assert color_at(canvas, 4, 70).lightness() > color_at(canvas, 0, 70).lightness()
    assert color_at(canvas, 4, 70).lightness() > color_at(canvas, 4, 10).lightness()
    assert "orientation unknown, shown as stored" in canvas.notes


@pytest.mark.parametrize("superior_first", [True, False])
def test_superior_is_up_on_the_projection(canvas, qtbot, superior_first):
    geometry = ScanGeometry(ScanPattern.RASTER, superior_to_inferior=superior_first)
    canvas.set_session(small_session(slo=None, pixels=bright_volume(), geometry=geometry))
    wait_for_projection(qtbot, canvas)
    canvas.set_current(2, 0)
    top, bottom = color_at(canvas, 0, 70), color_at(canvas, N - 1, 70)
    # B-scan 0 is the darkest.
    assert (top.lightness() < bottom.lightness()) == superior_first
    with qtbot.waitSignal(canvas.picked) as caught:
        click(canvas, 0, 33)
    assert caught.args == [0 if superior_first else N - 1, 33]
    canvas.set_current(0, 33)
    line = 0 if superior_first else N - 1
    assert color_at(canvas, line, 60).red() > 200
    assert "orientation unknown, shown as stored" not in canvas.notes


def test_the_projection_is_true_to_scale_where_the_spacing_is_known(canvas, qtbot):
    known = Spacing.from_mm(0.24, 0.004, 0.012)
    canvas.set_session(small_session(slo=None, geometry=ScanGeometry(), spacing=known))
    wait_for_projection(qtbot, canvas)
    assert canvas.pixel_aspect == pytest.approx(20)
    canvas.set_session(small_session(slo=None, geometry=ScanGeometry(), spacing=Spacing()))
    wait_for_projection(qtbot, canvas)
    assert canvas.pixel_aspect == pytest.approx(WIDTH / N)


def test_a_projection_that_comes_late_does_not_replace_another_scan(canvas, qtbot):
    canvas.set_session(small_session(slo=None, geometry=ScanGeometry()))
    canvas.set_session(small_session())
    qtbot.wait(100)
    assert canvas.image_size == (120, 100)


def test_a_lone_circle_without_slo_says_there_is_no_fundus_image(canvas):
    geometry = ScanGeometry(ScanPattern.CIRCLE)
    pixels = ArrayPixels(np.zeros((1, HEIGHT, WIDTH), np.uint8))
    canvas.set_session(small_session(slo=None, pixels=pixels, geometry=geometry))
    QApplication.processEvents()
    image = canvas.grab_image()
    lit = [
        image.pixelColor(x, y).lightness() > 120
        for x in range(image.width())
        for y in range(200, 300)
    ]
    assert any(lit)
    assert canvas.image_size == (0, 0)


def test_the_wheel_zooms_and_the_middle_button_pans(canvas):
    canvas.set_session(small_session())
    zoom = canvas.zoom
    at = canvas.to_view(50, 50)
    wheel(canvas.viewport(), at, 240)
    assert canvas.zoom > zoom
    assert canvas.to_image(at) == pytest.approx((50, 50), abs=0.5)
    before = canvas.to_view(50, 50)
    drag(canvas, [(50, 50), (50, 55), (50, 60)], Qt.MiddleButton)
    assert canvas.to_view(50, 50).x() > before.x() + 10


def test_without_a_session_clicks_do_nothing(canvas):
    picked = []
    canvas.picked.connect(lambda b, _x: picked.append(b))
    click(canvas, 10, 10)
    canvas.set_session(small_session())
    canvas.set_session(None)
    click(canvas, 10, 10)
    canvas.set_current(1, 2)
    assert picked == []


def unsure(session, b):
    """Let an engine be sure of all B-scans but `b`."""
    session.annotation.confidence[:2] = 0.98
    session.annotation.confidence[:2, b] = 0.1


def test_doubt_is_orange_on_the_fundus_where_it_is(canvas, qtbot):
    session = small_session()
    unsure(session, 2)
    canvas.set_session(session)
    canvas.set_current(0, 0)
    qtbot.waitUntil(lambda: canvas.doubt_shown, timeout=10_000)
    assert "orange: engine unsure" in canvas.notes
    doubtful, sure = color_at(canvas, 63, 50), color_at(canvas, 103, 50)
    assert doubtful.red() > doubtful.blue() + 60
    assert near(sure, SLO_GREY, 6)
    canvas.set_doubt_visible(False)
    assert near(color_at(canvas, 63, 50), SLO_GREY, 6)
    assert not any("unsure" in note for note in canvas.notes)


@pytest.mark.parametrize("confidence", [np.nan, 0.95])
def test_without_doubt_nothing_lies_over_the_fundus(canvas, confidence):
    session = small_session()
    session.annotation.confidence[:] = confidence
    canvas.set_session(session)
    assert not canvas.doubt_shown


def test_doubt_goes_where_a_human_has_drawn(canvas, qtbot):
    session = small_session()
    unsure(session, 2)
    canvas.set_session(session)
    canvas.set_current(0, 0)
    qtbot.waitUntil(lambda: canvas.doubt_shown, timeout=10_000)
    size = session.annotation.surfaces.values.shape
    curves = np.full((2, 1, size[2]), 30.0, np.float32)
    names = session.annotation.surfaces.names[:2]
    session.adopt(
        Proposal((2,), Surfaces(curves, names), np.full_like(curves, 0.97), None, "graph", "Graph")
    )
    qtbot.waitUntil(lambda: near(color_at(canvas, 63, 50), SLO_GREY, 6), timeout=5000)


def test_doubt_lies_over_a_projection_row_by_row(canvas, qtbot):
    geometry = ScanGeometry(ScanPattern.RASTER, (), False)
    session = small_session(slo=None, pixels=bright_volume(), geometry=geometry)
    unsure(session, N - 1)
    canvas.set_session(session)
    qtbot.waitUntil(lambda: canvas.doubt_shown, timeout=5000)
    canvas.set_current(1, 0)
    top, bottom = color_at(canvas, 0, 30), color_at(canvas, N - 1, 30)
    assert top.red() > top.blue() + 40
    assert abs(bottom.red() - bottom.blue()) < 20
