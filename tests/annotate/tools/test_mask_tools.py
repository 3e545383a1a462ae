"""Brush, eraser and polygon: exactly the pixels they cover."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mirage_core.annotate.tools import Brush, Eraser, Point, PolygonTool, Rect, ToolOptions
from mirage_core.annotate.tools.outline import inside_outline
from tests.annotate.eyes import HEIGHT, WIDTH, draft, points

Z, X = np.mgrid[:HEIGHT, :WIDTH].astype(float)


def covered(a: Point, b: Point, radius_px: float, aspect: float) -> np.ndarray:
    """Return the pixels within `radius_px` columns of the way from `a` to `b`."""
    dz, dx, vz, vx = (Z - a.z) / aspect, X - a.x, (b.z - a.z) / aspect, b.x - a.x
    length = vz * vz + vx * vx
    along = np.clip((dz * vz + dx * vx) / length, 0, 1) if length > 1e-12 else 0.0
    return np.hypot(dz - along * vz, dx - along * vx) - radius_px


@given(a=points, b=points, radius=st.floats(0, 12), aspect=st.floats(0.3, 4))
@example(a=Point(0.0, 9.0), b=Point(1.0, 0.0), radius=1.5, aspect=0.3125)
def test_a_stroke_covers_the_disc_s_way_whole(
    a: Point, b: Point, radius: float, aspect: float
) -> None:
    one, tool = draft(), Brush()
    chosen = ToolOptions(mask_class=3, radius_px=radius, aspect=aspect)
    tool.press(one, a, chosen)
    tool.move(one, b, chosen)
    distance = covered(a, b, radius, aspect)
    assert (one.mask[distance < -1e-3] == 3).all()
    beyond = distance > 1e-3
    for at in (a, b):  # the pixel under the pointer is painted however small the disc
        z, x = round(at.z), round(at.x)
        if 0 <= z < HEIGHT and 0 <= x < WIDTH:
            assert one.mask[z, x] == 3
            beyond[z, x] = False
    if radius > 1:
        assert not one.mask[beyond].any()


def test_the_aspect_makes_the_disc_round_on_screen() -> None:
    one = draft()
    Brush().press(one, Point(40, 30), ToolOptions(radius_px=5, aspect=3.0))
    rows, columns = np.flatnonzero(one.mask.any(axis=1)), np.flatnonzero(one.mask.any(axis=0))
    assert (rows[-1] - rows[0], columns[-1] - columns[0]) == (30, 10)


def test_the_eraser_removes_every_class_and_a_brush_of_class_0_does_too() -> None:
    for tool, chosen in ((Eraser(), ToolOptions()), (Brush(), ToolOptions(mask_class=0))):
        mask = np.ones((HEIGHT, WIDTH), np.uint8)
        mask[:, 30:] = 4
        one = draft(mask=mask)
        tool.press(one, Point(40, 30), chosen)
        assert (one.mask[38:43, 27:34] == 0).all()
        assert one.mask[0, 0] == 1


def test_the_brush_shows_its_outline() -> None:
    tool = Brush()
    tool.press(draft(), Point(40, 30), ToolOptions(radius_px=7))
    (guide,) = tool.guides()
    assert (guide.kind, guide.radius_px, guide.points.tolist()) == ("circle", 7, [[40, 30]])


def clicks(tool: PolygonTool, one, corners: list[Point], chosen: ToolOptions) -> None:
    for corner in corners:
        tool.press(one, corner, chosen)
        tool.release(one, corner, chosen)


SQUARE = [Point(20, 10), Point(20, 40), Point(50, 40), Point(50, 10)]


@pytest.mark.parametrize("end", ["finish", "first vertex"])
def test_clicked_corners_are_filled_when_the_outline_closes(end: str) -> None:
    one, tool, chosen = draft(), PolygonTool(), ToolOptions(mask_class=2)
    clicks(tool, one, SQUARE, chosen)
    assert not one.mask.any()
    if end == "finish":
        assert tool.finish(one, chosen).done
    else:
        assert tool.press(one, Point(22, 12), chosen).done
    assert (one.mask[21:50, 11:40] == 2).all()
    assert not one.mask[:20].any()
    assert not one.mask[:, 41:].any()


def test_a_freehand_outline_closes_on_release() -> None:
    one, tool, chosen = draft(), PolygonTool(), ToolOptions(mask_class=2)
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    way = [Point(40 + 15 * np.sin(a), 30 + 15 * np.cos(a)) for a in angle]
    tool.press(one, way[0], chosen)
    for at in way[1:]:
        tool.move(one, at, chosen)
    assert tool.release(one, way[-1], chosen).done
    distance = np.hypot(Z - 40, X - 30)
    assert (one.mask[distance < 14.5] == 2).all()
    assert not one.mask[distance > 15.5].any()


def test_an_unsteady_first_click_is_still_a_click() -> None:
    one, tool, chosen = draft(), PolygonTool(), ToolOptions(mask_class=2)
    tool.press(one, SQUARE[0], chosen)
    tool.move(one, Point(22, 11), chosen)
    assert not tool.release(one, Point(22, 11), chosen).done
    clicks(tool, one, SQUARE[1:], chosen)
    assert tool.finish(one, chosen).dirty == Rect(20, 51, 10, 41)


def test_class_0_cuts_out() -> None:
    one, tool, chosen = (
        draft(mask=np.full((HEIGHT, WIDTH), 5, np.uint8)),
        PolygonTool(),
        ToolOptions(mask_class=0),
    )
    clicks(tool, one, SQUARE, chosen)
    tool.finish(one, chosen)
    assert not one.mask[21:50, 11:40].any()
    assert one.mask[10, 10] == 5


def test_two_corners_enclose_nothing() -> None:
    one, tool = draft(), PolygonTool()
    clicks(tool, one, SQUARE[:2], ToolOptions())
    step = tool.finish(one, ToolOptions())
    assert step.done
    assert step.dirty is None


def test_an_outline_that_crosses_itself_leaves_no_hole() -> None:
    turns = np.linspace(0, 4 * np.pi, 80)
    spiral = np.stack([40 + 15 * np.sin(turns), 30 + 15 * np.cos(turns)], axis=1)
    found = inside_outline(spiral, (HEIGHT, WIDTH))
    assert found is not None
    rect, inside = found
    assert inside[40 - rect.z0, 30 - rect.x0]


@given(st.lists(points, min_size=3, max_size=9))
def test_a_pixel_is_inside_when_the_outline_winds_around_its_centre(outline: list[Point]) -> None:
    vertices = np.array(outline, float) + 0.013  # keeps pixel centres off the outline
    found = inside_outline(vertices, (HEIGHT, WIDTH))
    mask = np.zeros((HEIGHT, WIDTH), bool)
    if found is not None:
        rect, inside = found
        mask[rect.z0 : rect.z1, rect.x0 : rect.x1] = inside
    rng = np.random.default_rng(0)
    for z, x in zip(rng.integers(0, HEIGHT, 40), rng.integers(0, WIDTH, 40), strict=True):
        rays = vertices - (z, x)
        if np.hypot(*rays.T).min() < 0.01:
            continue
        angles = np.arctan2(rays[:, 0], rays[:, 1])
        turn = np.diff(np.append(angles, angles[0]))
        turn = (turn + np.pi) % (2 * np.pi) - np.pi
        if np.abs(np.abs(turn) - np.pi).min() < 1e-3:
            continue  # all but on an edge: the two ways may round apart
        assert mask[z, x] == (round(turn.sum() / (2 * np.pi)) != 0)
