"""Maps, their colours and the grid lie where they belong on the fundus."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from mirage_viewer.canvas import SloCanvas
from mirage_viewer.canvas.color_maps import COLOR_MAPS, color_index, color_table
from mirage_viewer.canvas.fundus_figures import FundusFrame, FundusGrid, GridCell, HeatMap
from tests.viewer.canvas.scenes import click, color_at, drag, near, show, small_session

# The scene has 0.01 mm a pixel; the middle of its B-scans is at row 60, column 49.5.
FRAME = FundusFrame(np.array([[0.0, -100.0, 60.0], [100.0, 0.0, 50.0]]))
CELLS = (GridCell(0, 0, "300"), GridCell(0, 0.1, "310", quiet=True))
GRID = FundusGrid(FRAME, np.zeros(2), (0.05, 0.15, 0.3), CELLS, (GridCell(0, 0.33, "S"),))


def heat(values: np.ndarray, smooth: bool = False) -> HeatMap:
    return HeatMap("ILM to BM", values.astype(np.float32), 100.0, 300.0, "µm", smooth)


@pytest.fixture
def canvas(qtbot):
    canvas = SloCanvas()
    show(qtbot, canvas, 420, 500)
    canvas.set_session(small_session())
    canvas.set_heat_look("Viridis", 1.0)
    return canvas


@pytest.mark.parametrize("name", COLOR_MAPS)
def test_colours_rise_evenly_in_lightness_so_that_every_eye_tells_them_apart(name: str) -> None:
    table = color_table(name)
    channels = np.stack([table >> shift & 255 for shift in (16, 8, 0)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    luminance = np.array([0.2126, 0.7152, 0.0722]) @ linear
    lightness = 116 * np.cbrt(luminance[1:]) - 16
    assert (np.diff(lightness[::16]) > 0).all()
    assert lightness[-1] - lightness[0] > 70


def test_what_is_not_known_is_clear() -> None:
    index = color_index(np.array([np.nan, 0.0, 100.0, 300.0, 900.0]), 100.0, 300.0)
    assert index.tolist() == [0, 1, 1, 255, 255]
    assert color_table("Viridis")[0] == 0


def test_a_frame_goes_there_and_back_also_mirrored_and_turned() -> None:
    rng = np.random.default_rng(2)
    places = rng.normal(size=(20, 2))
    for matrix in (FRAME.matrix, np.array([[30.0, -80.0, 7.0], [-90.0, -20.0, 11.0]])):
        points = FundusFrame(matrix).to_px(places)
        fitted = FundusFrame.fitted(places, points)
        assert np.allclose(fitted.matrix, matrix)
        assert np.allclose(fitted.to_mm(points), places)


def test_a_map_covers_the_picture_and_is_clear_where_it_is_not_known(canvas) -> None:
    values = np.full((12, 10), np.nan)
    values[:6] = 300.0
    canvas.set_heat(heat(values))
    assert near(color_at(canvas, 11, 72), (253, 231, 37), 6)
    assert near(color_at(canvas, 90, 72), (70, 70, 70), 6)
    canvas.set_measured_visible(False)
    assert near(color_at(canvas, 11, 72), (70, 70, 70), 6)
    canvas.set_measured_visible(True)
    canvas.set_heat(None)
    assert near(color_at(canvas, 11, 72), (70, 70, 70), 6)


def test_cells_run_into_each_other_only_when_asked(canvas) -> None:
    values = np.full((2, 1), 100.0)
    values[1] = 300.0
    for smooth in (False, True):
        canvas.set_heat(heat(values, smooth))
        beside_the_edge = color_at(canvas, 51, 72)
        assert near(beside_the_edge, (68, 1, 84), 8) is not smooth


def test_doubt_does_not_change_the_colours_of_a_map(canvas, qtbot) -> None:
    session = small_session()
    session.annotation.confidence[:2] = 0.1
    canvas.set_session(session)
    qtbot.waitUntil(lambda: canvas.doubt_shown, timeout=10_000)
    canvas.set_heat(heat(np.full((12, 10), 300.0)))
    assert not canvas.doubt_shown
    assert near(color_at(canvas, 11, 72), (253, 231, 37), 6)
    canvas.set_heat(None)
    assert canvas.doubt_shown


def test_the_fovea_is_dragged_and_let_go(canvas) -> None:
    canvas.set_grid(GRID)
    told, picked = [], []
    canvas.fovea_dragged.connect(lambda *where: told.append(where))
    canvas.picked.connect(lambda *where: picked.append(where))
    drag(canvas, [(60, 50), (55, 60), (50, 70)])
    assert picked == []
    assert [final for *_, final in told] == [False, False, True]
    x, y, _ = told[-1]
    assert x == pytest.approx(0.2, abs=0.02)
    assert y == pytest.approx(0.1, abs=0.02)
    assert np.allclose(canvas.measured.grid.centre_mm, (x, y))


def test_figures_that_come_while_it_is_held_do_not_pull_it_back(canvas) -> None:
    canvas.set_grid(GRID)
    canvas.fovea_dragged.connect(lambda *_: canvas.set_grid(replace(GRID, cells=CELLS[:1])))
    view = canvas.viewport()
    QTest.mousePress(view, Qt.LeftButton, pos=canvas.to_view(60, 50).toPoint())
    canvas.measured.drag(canvas.to_view(50, 70))
    canvas.set_grid(GRID)
    assert canvas.measured.grid.centre_mm == pytest.approx((0.2, 0.1), abs=0.02)
    QTest.mouseRelease(view, Qt.LeftButton, pos=canvas.to_view(50, 70).toPoint())


def test_a_click_on_the_fovea_goes_there(canvas) -> None:
    canvas.set_grid(GRID)
    told, picked = [], []
    canvas.fovea_dragged.connect(lambda *where: told.append(where))
    canvas.picked.connect(lambda *where: picked.append(where))
    click(canvas, 60, 50)
    assert told == []
    assert [b for b, _ in picked] == [2]


def test_beside_the_fovea_a_drag_picks_as_ever(canvas) -> None:
    canvas.set_grid(GRID)
    told, picked = [], []
    canvas.fovea_dragged.connect(lambda *where: told.append(where))
    canvas.picked.connect(lambda b, _x: picked.append(b))
    drag(canvas, [(20, 20), (41, 20)])
    assert told == []
    assert picked == [0, 1]


def test_another_scan_has_no_map_and_no_grid_yet(canvas) -> None:
    canvas.set_heat(heat(np.full((12, 10), 300.0)))
    canvas.set_grid(GRID)
    canvas.set_session(small_session())
    assert canvas.measured.grid is None
    assert near(color_at(canvas, 11, 72), (70, 70, 70), 6)
