"""Pen and undefine: the span under the pointer, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirage_core.annotate.ordering import Ordering
from mirage_core.annotate.tools import Point, SurfacePen, Tool, UndefineTool
from tests.annotate.eyes import HEIGHT, NAMES, WIDTH, draft, drags, flat, on, ordered_curves, points

RPE, BM, EZ = (NAMES.index(n) for n in ("RPE", "BM", "EZ"))


def drag(tool: Tool, one, way: list[Point], chosen) -> None:
    tool.press(one, way[0], chosen)
    for at in way[1:]:
        tool.move(one, at, chosen)
    assert tool.release(one, way[-1], chosen).done
    tool.cancel()


def test_the_curve_follows_the_pointer_between_pixels() -> None:
    one = draft()
    drag(SurfacePen(), one, [Point(20.25, 10), Point(20.75, 11), Point(21.5, 12)], on("RPE"))
    assert one.curves[RPE, 10:13].tolist() == [20.25, 20.75, 21.5]
    assert np.isnan(np.delete(one.curves[RPE], [10, 11, 12])).all()


def test_columns_a_fast_pointer_skipped_lie_on_the_straight_line() -> None:
    one = draft()
    drag(SurfacePen(), one, [Point(20, 10), Point(40, 30)], on("RPE"))
    np.testing.assert_allclose(one.curves[RPE, 10:31], np.arange(20, 41))


def test_going_back_draws_again_and_lets_pushed_neighbours_return() -> None:
    one = draft(flat({"RPE": 40, "BM": 50}))
    way = [Point(60, 10), Point(60, 30), Point(42, 30), Point(42, 10)]
    drag(SurfacePen(), one, way, on("RPE"))
    np.testing.assert_allclose(one.curves[RPE, 16:25], 42)
    np.testing.assert_allclose(one.curves[BM], 50)


@pytest.mark.parametrize(
    ("policy", "rpe", "bm"), [(Ordering.PUSH, 60, 60), (Ordering.CLAMP, 50, 50)]
)
def test_a_neighbour_is_pushed_or_stops_the_pen(policy: Ordering, rpe: int, bm: int) -> None:
    one = draft(flat({"RPE": 40, "BM": 50}))
    drag(SurfacePen(), one, [Point(60, 10), Point(60, 20)], on("RPE", ordering=policy))
    assert (one.curves[RPE, 15], one.curves[BM, 15]) == (rpe, bm)


def test_a_small_step_at_the_ends_is_eased_and_a_large_one_is_kept() -> None:
    one = draft(flat({"RPE": 40}))
    drag(SurfacePen(), one, [Point(43, 10), Point(43, 40)], on("RPE"))
    steps = np.abs(np.diff(one.curves[RPE]))
    assert steps.max() < 1
    assert one.curves[RPE, 25] == 43
    one = draft(flat({"RPE": 40}))
    drag(SurfacePen(), one, [Point(60, 10), Point(60, 40)], on("RPE"))
    assert (one.curves[RPE, 10:41] == 60).all()


@given(seed=st.integers(0, 99), way=drags, policy=st.sampled_from(Ordering))
def test_columns_outside_the_stroke_never_change(
    seed: int, way: list[Point], policy: Ordering
) -> None:
    columns = np.arange(WIDTH)
    first, last = round(min(p.x for p in way)), round(max(p.x for p in way))
    inside = (columns >= first) & (columns <= last)
    for tool in (SurfacePen(), UndefineTool()):
        one = draft(ordered_curves(seed))
        drag(tool, one, way, on("RPE", ordering=policy))
        np.testing.assert_array_equal(one.curves[:, ~inside], one.base_curves[:, ~inside])
        assert np.isfinite(one.curves[RPE, inside]).all() == (
            isinstance(tool, SurfacePen) or not inside.any()
        )


@given(way=drags)
def test_every_crossed_column_is_drawn_within_what_the_pointer_spanned(way: list[Point]) -> None:
    one = draft()
    drag(SurfacePen(), one, way, on("RPE"))
    drawn = one.curves[RPE][np.isfinite(one.curves[RPE])]
    low = np.clip(min(p.z for p in way), 0, HEIGHT - 1)
    high = np.clip(max(p.z for p in way), 0, HEIGHT - 1)
    assert ((drawn >= low - 1e-3) & (drawn <= high + 1e-3)).all()


@given(a=points, b=points, c=points)
def test_what_is_left_does_not_depend_on_how_often_the_pointer_reported(
    a: Point, b: Point, c: Point
) -> None:
    coarse, fine = draft(), draft()
    drag(SurfacePen(), coarse, [a, b], on("RPE"))
    middle = Point((a.z + b.z) / 2, (a.x + b.x) / 2)
    drag(SurfacePen(), fine, [a, middle, b], on("RPE"))
    gap = abs(b.z - a.z) / max(abs(b.x - a.x), 1)
    np.testing.assert_allclose(coarse.curves[RPE], fine.curves[RPE], atol=gap + 1e-3)


def test_undefine_takes_only_the_chosen_surface_away() -> None:
    one = draft(flat({"EZ": 30, "RPE": 40, "BM": 50}))
    drag(UndefineTool(), one, [Point(0, 10), Point(70, 20)], on("RPE"))
    assert np.isnan(one.curves[RPE, 10:21]).all()
    assert np.isfinite(np.delete(one.curves[RPE], np.arange(10, 21))).all()
    np.testing.assert_array_equal(one.curves[[EZ, BM]], one.base_curves[[EZ, BM]])


def test_moving_without_a_press_does_nothing() -> None:
    one = draft(flat({"RPE": 40}))
    for tool in (SurfacePen(), UndefineTool()):
        assert tool.move(one, Point(5, 5), on("RPE")).dirty is None
    np.testing.assert_array_equal(one.curves, one.base_curves)
