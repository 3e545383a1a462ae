"""What holds for every tool, whatever the pointer does."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirage_core.annotate import ToolRunner
from mirage_core.annotate.draft import BScanDraft, differing
from mirage_core.annotate.tools import TOOLS, Point, Step, Tool, ToolOptions
from mirage_core.scan import order_violations
from tests.annotate.eyes import draft, options, ordered_curves, points, session, state_of

KEYS = list(TOOLS)
events = st.lists(
    st.tuples(st.sampled_from(["press", "move", "hover", "release"]), points), max_size=12
)


def busy_draft(seed: int) -> BScanDraft:
    one = session(seed=seed).draft(0)
    return draft(ordered_curves(seed), one.image, one.mask)


def play(tool: Tool, one: BScanDraft, moves: list[tuple[str, Point]], chosen: ToolOptions) -> None:
    """Feed `moves`, and check after each that all that changed lies in the dirty rectangle."""
    for event, at in [("press", Point(30, 30)), *moves, ("finish", Point(0, 0))]:
        curves, mask = one.curves.copy(), one.mask.copy()
        step: Step = (
            tool.finish(one, chosen) if event == "finish" else getattr(tool, event)(one, at, chosen)
        )
        check_dirty(step, one, curves, mask)
        assert not order_violations(one.curves).any()
        if step.done:
            tool.cancel()
            return


def check_dirty(step: Step, one: BScanDraft, curves: np.ndarray, mask: np.ndarray) -> None:
    moved, painted = differing(curves, one.curves), mask != one.mask
    if step.dirty is None:
        assert not moved.any()
        assert not painted.any()
        return
    z0, z1, x0, x1 = step.dirty
    height, width = mask.shape
    assert 0 <= z0 <= z1 <= height
    assert 0 <= x0 <= x1 <= width
    painted[z0:z1, x0:x1] = False
    assert not painted.any()
    columns = np.flatnonzero(moved.any(axis=0))
    assert ((columns >= x0) & (columns < x1)).all()
    for values in (curves[moved], one.curves[moved]):
        finite = values[np.isfinite(values)]
        assert ((finite >= z0) & (finite <= z1)).all()


@pytest.mark.parametrize("key", KEYS)
@given(seed=st.integers(0, 50), moves=events, chosen=options)
@settings(max_examples=40, deadline=None)
def test_the_order_holds_and_every_change_lies_in_the_dirty_rectangle(
    key: str, seed: int, moves: list[tuple[str, Point]], chosen: ToolOptions
) -> None:
    tool, one = TOOLS[key](), busy_draft(seed)
    play(tool, one, moves, chosen)
    if tool.draws == "surface":
        np.testing.assert_array_equal(one.mask, one.base_mask)
    else:
        np.testing.assert_array_equal(one.curves, one.base_curves)
    assert all(np.isfinite(guide.points).all() for guide in tool.guides())


@pytest.mark.parametrize("key", KEYS)
@given(seed=st.integers(0, 50), first=events, second=events, chosen=options)
@settings(max_examples=20, deadline=None)
def test_a_tool_keeps_nothing_between_strokes(
    key: str,
    seed: int,
    first: list[tuple[str, Point]],
    second: list[tuple[str, Point]],
    chosen: ToolOptions,
) -> None:
    used, fresh = TOOLS[key](), TOOLS[key]()
    play(used, busy_draft(seed + 1), first, chosen)
    used.cancel()
    assert used.guides() == ()
    a, b = busy_draft(seed), busy_draft(seed)
    play(used, a, second, chosen)
    play(fresh, b, second, chosen)
    np.testing.assert_array_equal(a.curves, b.curves)
    np.testing.assert_array_equal(a.mask, b.mask)


@pytest.mark.parametrize("key", KEYS)
@given(seed=st.integers(0, 50), moves=events, chosen=options)
@settings(max_examples=20, deadline=None)
def test_undo_takes_a_stroke_back_bit_by_bit(
    key: str, seed: int, moves: list[tuple[str, Point]], chosen: ToolOptions
) -> None:
    eye = session(seed=seed)
    before = state_of(eye.annotation)
    runner = ToolRunner(eye)
    runner.options = chosen
    runner.take(TOOLS[key]())
    runner.go_to(1)
    for event, at in [("press", Point(30, 30)), *moves]:
        getattr(runner, event)(at)
    runner.finish()
    after = state_of(eye.annotation)
    assert not order_violations(eye.annotation.surfaces.values).any()
    untouched = [0, 2]
    fresh = session(seed=seed).annotation
    np.testing.assert_array_equal(
        eye.annotation.surfaces.values[:, untouched], fresh.surfaces.values[:, untouched]
    )
    strokes = len(eye.history.done)
    while eye.undo():
        pass
    assert state_of(eye.annotation) == before
    while eye.redo():
        pass
    assert len(eye.history.done) == strokes
    assert state_of(eye.annotation) == after


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("seed", range(6))
def test_a_second_button_pressed_during_a_drag_does_no_harm(key: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    places = [Point(*rng.uniform(0, 60, 2)) for _ in range(6)]
    one = busy_draft(seed)
    start = Point(float(np.nan_to_num(one.curves[9, 30], nan=30.0)), 30)
    kinds = ["press", "press", "move", "press", "move", "release"]
    play(TOOLS[key](), one, [("press", start), *zip(kinds, places, strict=True)], ToolOptions(9))


@pytest.mark.parametrize("key", KEYS)
def test_every_tool_introduces_itself(key: str) -> None:
    tool = TOOLS[key]
    assert tool.name == key
    assert tool.title
    assert tool.hint.endswith(".")
    assert tool.draws in ("surface", "mask")
    assert tool.__doc__


def test_importing_the_tools_pulls_in_no_slow_package() -> None:
    code = "import sys, mirage_core.annotate; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(out.stdout.split())
    assert "mirage_core.annotate" in loaded
    assert not loaded & {"scipy", "skimage", "torch", "h5py", "matplotlib", "sqlalchemy"}
