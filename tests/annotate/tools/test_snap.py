"""Live-wire: the curve follows the kind of edge that the surface is."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_core.annotate.tools import Point, SnapTool
from mirage_core.annotate.tools.livewire import (
    SURFACE_EDGES,
    Edge,
    EdgeKind,
    edge_likeness,
    trace_edge,
)
from mirage_core.scan import SURFACE_ORDER
from tests.annotate.eyes import NAMES, draft, on
from tests.shared_data import shared_data

HEIGHT, WIDTH = 160, 240
X = np.arange(WIDTH)
UPPER = 60 + 12 * np.sin(X / 30)
LOWER = UPPER + 40


@pytest.fixture
def band() -> np.ndarray:
    """Return a bright band between two waves, with speckle; edges lie between pixels."""
    z = np.arange(HEIGHT)[:, None]
    inside = np.clip(z - UPPER + 0.5, 0, 1) * np.clip(LOWER - z + 0.5, 0, 1)
    noise = np.random.default_rng(5).normal(0, 12, (HEIGHT, WIDTH))
    return np.clip(60 + 100 * inside + noise, 0, 255).astype(np.uint8)


def click(tool: SnapTool, one, places: list[Point], name: str) -> None:
    for at in places:
        tool.press(one, at, on(name))
        tool.release(one, at, on(name))


@pytest.mark.parametrize(("name", "truth"), [("ILM", UPPER), ("BM", LOWER)])
def test_between_two_clicks_the_curve_follows_the_right_edge(
    band: np.ndarray, name: str, truth: np.ndarray
) -> None:
    one, tool = draft(image=band), SnapTool()
    # Both clicks are nearer to the middle of the band than a careful grader would set them.
    click(tool, one, [Point(truth[10] + 2, 10), Point(truth[230] - 2, 230)], name)
    error = np.abs(one.curves[NAMES.index(name), 10:231] - truth[10:231])
    assert error.mean() < 0.5
    assert error.max() < 2.5


def test_a_thick_and_a_thin_bright_line_are_told_apart() -> None:
    z = np.arange(HEIGHT)[:, None]
    thin = 120 * np.exp(-(((z - 60.0) / 1.5) ** 2))
    thick = 110 * np.exp(-(((z - 72.4) / 4.0) ** 2))
    image = np.clip(50 + thin + thick + 0 * X, 0, 255).astype(np.uint8)
    for name, depth in (("EZ", 60.0), ("RPE", 72.4)):
        one, tool = draft(image=image), SnapTool()
        click(tool, one, [Point(depth, 10), Point(depth, 200)], name)
        np.testing.assert_allclose(one.curves[NAMES.index(name), 10:201], depth, atol=0.35)


def test_a_faint_boundary_is_followed_beside_a_strong_one() -> None:
    z = np.arange(HEIGHT)[:, None]
    faint, strong = 30 / (1 + np.exp(UPPER - z)), 150 / (1 + np.exp(UPPER + 14 - z))
    noise = np.random.default_rng(6).normal(0, 5, (HEIGHT, WIDTH))
    image = np.clip(30 + faint + strong + noise, 0, 255).astype(np.uint8)
    one, tool = draft(image=image), SnapTool()
    click(tool, one, [Point(UPPER[x], x) for x in range(10, 231, 44)], "INL/OPL")
    error = np.abs(one.curves[NAMES.index("INL/OPL"), 10:231] - UPPER[10:231])
    assert error.mean() < 1.5


def test_hovering_previews_and_finishing_drops_the_preview(band: np.ndarray) -> None:
    one, tool = draft(image=band), SnapTool()
    click(tool, one, [Point(UPPER[10], 10), Point(UPPER[100], 100)], "ILM")
    ilm = one.curves[NAMES.index("ILM")]
    tool.hover(one, Point(UPPER[200], 200), on("ILM"))
    assert np.isfinite(ilm[10:201]).all()
    tool.hover(one, Point(UPPER[150], 150), on("ILM"))
    assert np.isnan(ilm[151:]).all()
    assert tool.finish(one, on("ILM")).done
    assert np.isfinite(ilm[10:101]).all()
    assert np.isnan(ilm[101:]).all()
    assert np.isnan(ilm[:10]).all()


def test_one_click_alone_draws_nothing(band: np.ndarray) -> None:
    one, tool = draft(image=band), SnapTool()
    click(tool, one, [Point(UPPER[10], 10)], "ILM")
    tool.finish(one, on("ILM"))
    assert np.isnan(one.curves).all()


def test_clicks_may_go_from_right_to_left(band: np.ndarray) -> None:
    places = [Point(UPPER[x], x) for x in (20, 110, 220)]
    there, back = draft(image=band), draft(image=band)
    click(SnapTool(), there, places, "ILM")
    click(SnapTool(), back, places[::-1], "ILM")
    np.testing.assert_array_equal(there.curves, back.curves)


def test_a_drag_moves_the_anchor_just_set(band: np.ndarray) -> None:
    moved, direct = draft(image=band), draft(image=band)
    tool = SnapTool()
    click(tool, moved, [Point(UPPER[20], 20)], "ILM")
    tool.press(moved, Point(30, 70), on("ILM"))
    tool.move(moved, Point(UPPER[180], 180), on("ILM"))
    tool.release(moved, Point(UPPER[180], 180), on("ILM"))
    click(SnapTool(), direct, [Point(UPPER[20], 20), Point(UPPER[180], 180)], "ILM")
    np.testing.assert_array_equal(moved.curves, direct.curves)


def test_white_padding_is_no_edge() -> None:
    image = np.full((HEIGHT, WIDTH), 60, np.uint8)
    image[90:] = 110
    image[:70, :120] = 255
    likeness = edge_likeness(image, EdgeKind(Edge.FALLING, 2.0))
    assert (likeness[:, :100] == 0).all()
    rising = edge_likeness(image, EdgeKind(Edge.RISING, 2.0))
    assert rising[:, 30].argmax() in (89, 90)


def test_a_featureless_image_gives_the_straight_line() -> None:
    likeness = edge_likeness(np.full((HEIGHT, WIDTH), 90, np.uint8), SURFACE_EDGES["RPE"])
    start, depths = trace_edge(likeness, (20, 100.0), (60, 80.0))
    assert start == 20
    np.testing.assert_allclose(depths, np.linspace(100, 80, 41), atol=1)


def test_steep_clicks_are_joined_within_the_image() -> None:
    likeness = edge_likeness(np.full((HEIGHT, WIDTH), 90, np.uint8), SURFACE_EDGES["ILM"])
    start, depths = trace_edge(likeness, (20, 0.0), (23, HEIGHT - 1.0))
    assert (start, len(depths)) == (20, 4)
    assert ((depths >= 0) & (depths <= HEIGHT - 1)).all()
    assert (depths[0], depths[-1]) == (0, HEIGHT - 1)


def test_every_standard_surface_has_its_kind_of_edge() -> None:
    assert set(SURFACE_EDGES) == set(SURFACE_ORDER)


def test_on_a_real_eye_with_drusen_the_curve_stays_near_the_expert_s() -> None:
    data = np.load(shared_data("bonn_amd/volume.npz"))
    volume, annotated = data["volume"], np.flatnonzero(data["annotated"])
    for name, bar_px in (("RPE", 3.5), ("BM", 1.5)):
        errors = []
        for b in annotated[::12]:
            truth = data[name.lower()][b]
            known = np.flatnonzero(np.isfinite(truth))
            one, tool = draft(image=volume[b]), SnapTool()
            places = [Point(float(truth[x]), float(x)) for x in known[::60]]
            click(tool, one, places, name)
            error = np.abs(one.curves[NAMES.index(name)] - truth)
            errors.append(error[np.isfinite(error)])
        assert np.concatenate(errors).mean() < bar_px
