"""Spline: bending between knots, and laying a curve through clicks."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import PchipInterpolator

from mirage_core.annotate.tools import Point, SplineTool
from mirage_core.annotate.tools.pchip import pchip
from tests.annotate.eyes import NAMES, draft, flat, on

RPE, BM = NAMES.index("RPE"), NAMES.index("BM")
WIDE = 200


def test_a_drag_bends_the_curve_only_between_the_next_knots() -> None:
    one, tool = draft(flat({"RPE": 40}, WIDE), shape=(80, WIDE)), SplineTool()
    tool.press(one, Point(42, 100), on("RPE"))
    np.testing.assert_array_equal(one.curves, one.base_curves)
    tool.move(one, Point(52, 105), on("RPE"))
    assert tool.release(one, Point(52, 105), on("RPE")).done
    curve = one.curves[RPE]
    assert curve[100] == 50
    changed = np.flatnonzero(curve != 40)
    assert (changed.min(), changed.max()) == (69, 131)
    assert np.abs(np.diff(curve)).max() < 10 * 1.6 / 32
    assert (np.diff(curve[68:101]) >= 0).all()


def test_dragging_there_and_back_leaves_no_trace() -> None:
    one, tool = draft(flat({"RPE": 40, "BM": 45}, WIDE), shape=(80, WIDE)), SplineTool()
    tool.press(one, Point(40, 100), on("RPE"))
    tool.move(one, Point(70, 100), on("RPE"))
    assert one.curves[BM, 100] == 70
    tool.move(one, Point(40, 100), on("RPE"))
    np.testing.assert_array_equal(one.curves, one.base_curves)


def test_the_knots_are_shown_and_the_held_one_follows_the_pointer() -> None:
    one, tool = draft(flat({"RPE": 40}, WIDE), shape=(80, WIDE)), SplineTool()
    tool.press(one, Point(40, 100), on("RPE"))
    tool.move(one, Point(46, 100), on("RPE"))
    (knots,) = tool.guides()
    assert knots.kind == "knots"
    assert set(np.diff(knots.points[:, 1])) == {32}
    held = knots.points[:, 1] == 100
    assert knots.points[held, 0] == 46
    assert (knots.points[~held, 0] == 40).all()


def test_a_press_far_from_the_curve_takes_hold_of_nothing() -> None:
    one, tool = draft(flat({"RPE": 40}, WIDE), shape=(80, WIDE)), SplineTool()
    assert tool.press(one, Point(75, 100), on("RPE")).done
    np.testing.assert_array_equal(one.curves, one.base_curves)


def test_an_undefined_stretch_within_reach_stays_undefined() -> None:
    curves = flat({"RPE": 40}, WIDE)
    curves[RPE, 110:120] = np.nan
    one, tool = draft(curves, shape=(80, WIDE)), SplineTool()
    tool.press(one, Point(40, 100), on("RPE"))
    tool.move(one, Point(50, 100), on("RPE"))
    np.testing.assert_array_equal(np.isnan(one.curves[RPE]), np.isnan(curves[RPE]))


def test_clicks_where_nothing_is_lay_a_curve_through_knots_until_finished() -> None:
    one, tool = draft(shape=(80, WIDE)), SplineTool()
    for knot in (Point(40, 20), Point(30, 60), Point(50, 120)):
        assert not tool.press(one, knot, on("RPE")).done
        assert not tool.release(one, knot, on("RPE")).done
    curve = one.curves[RPE]
    assert curve[[20, 60, 120]].tolist() == [40, 30, 50]
    assert np.isfinite(curve[20:121]).all()
    assert np.isnan(curve[:20]).all()
    assert np.isnan(curve[121:]).all()
    assert (np.nanmin(curve), np.nanmax(curve)) == (30, 50)
    assert len(tool.guides()[0].points) == 3
    assert tool.finish(one, on("RPE")).done


def test_a_new_knot_can_be_dragged_into_place() -> None:
    one, tool = draft(shape=(80, WIDE)), SplineTool()
    tool.press(one, Point(40, 20), on("RPE"))
    tool.release(one, Point(40, 20), on("RPE"))
    tool.press(one, Point(40, 100), on("RPE"))
    tool.move(one, Point(60, 80), on("RPE"))
    tool.release(one, Point(60, 80), on("RPE"))
    assert one.curves[RPE, 80] == 60
    assert np.isnan(one.curves[RPE, 81:]).all()


@given(
    gaps=st.lists(st.integers(1, 60), min_size=1, max_size=8),
    data=st.data(),
)
def test_the_curve_through_knots_is_monotone_between_them_and_agrees_with_scipy(
    gaps: list[int], data: st.DataObject
) -> None:
    x = np.concatenate([[0], np.cumsum(gaps)]).astype(float)
    depths = st.floats(0, 500).map(lambda v: round(v, 2))
    y = np.array(data.draw(st.lists(depths, min_size=len(x), max_size=len(x))))
    at = np.arange(0, x[-1] + 1)
    curve = pchip(x, y, at)
    np.testing.assert_allclose(curve[x.astype(int)], y, atol=1e-9)
    for k in range(len(x) - 1):
        piece = curve[int(x[k]) : int(x[k + 1]) + 1]
        assert (np.diff(piece) * np.sign(y[k + 1] - y[k]) >= -1e-9).all()
    if len(x) > 3:
        # Between inner knots; the end slopes follow another rule there.
        inner = (at >= x[1]) & (at <= x[-2])
        np.testing.assert_allclose(curve[inner], PchipInterpolator(x, y)(at)[inner], atol=1e-6)
