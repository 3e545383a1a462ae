"""Locked classes: no mask tool takes a pixel of one, in sight or in the edit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirage_core.annotate import BScanDraft, Edit, Target, ToolRunner
from mirage_core.annotate.tools import (
    BoxTool,
    Brush,
    Eraser,
    FillTool,
    Point,
    PolygonTool,
    Rect,
    ScribbleTool,
    Step,
    SurfacePen,
    Tool,
    ToolOptions,
)
from tests.annotate.eyes import HEIGHT, WIDTH, drags, on, session, state_of

IRF, SRF, PED = 1, 2, 3
IRF_BOX = (slice(20, 30), slice(10, 25))
"""Where the eye of these tests has its IRF, on every B-scan."""
SRF_BOX = (slice(40, 50), slice(30, 50))

MASK_TOOLS = (Brush, Eraser, PolygonTool, FillTool, BoxTool, ScribbleTool)


def runner_with(tool: Tool, value: int, *locked: int, radius_px: float = 6.0) -> ToolRunner:
    runner = ToolRunner(session())
    runner.options = ToolOptions(mask_class=value, radius_px=radius_px, locked=frozenset(locked))
    runner.take(tool)
    return runner


def drag(runner: ToolRunner, *way: Point) -> None:
    runner.press(way[0])
    for at in way[1:]:
        runner.move(at)
    runner.release(way[-1])
    runner.finish()


AROUND_BOTH = (Point(15, 5), Point(15, 55), Point(55, 55), Point(55, 5), Point(15, 5))


@pytest.mark.parametrize("tool", [Brush, Eraser, PolygonTool])
def test_a_stroke_over_a_locked_class_takes_only_what_is_not_locked(tool: type[Tool]) -> None:
    way = AROUND_BOTH if tool is PolygonTool else (Point(25, 5), Point(25, 20), Point(45, 40))
    free = runner_with(tool(), PED)
    drag(free, *way)
    labels = free.session.annotation.masks.labels[0]
    assert not (labels[IRF_BOX] == IRF).all(), "without a lock the stroke takes IRF"
    locked = runner_with(tool(), PED, IRF)
    drag(locked, *way)
    kept = locked.session.annotation.masks.labels[0]
    assert (kept[IRF_BOX] == IRF).all()
    outside = np.ones(kept.shape, bool)
    outside[IRF_BOX] = False
    assert (kept[outside] == labels[outside]).all()
    assert not (kept[SRF_BOX] == SRF).all()


def test_a_click_on_a_locked_mark_does_not_fill_it() -> None:
    runner = runner_with(FillTool(), SRF, IRF)
    before = state_of(runner.session.annotation)
    ended: list[Edit | None] = []
    runner.ended.connect(ended.append)
    drag(runner, Point(25, 15))
    assert ended == [None]
    assert state_of(runner.session.annotation) == before
    runner.options = ToolOptions(mask_class=SRF)
    drag(runner, Point(25, 15))
    assert (runner.session.annotation.masks.labels[0][IRF_BOX] == SRF).all()


def test_a_locked_class_neither_shrinks_nor_grows_and_that_is_said() -> None:
    runner = runner_with(Brush(), IRF, IRF, SRF, radius_px=3.0)
    said: list[str] = []
    runner.noted.connect(said.append)
    before = runner.session.annotation.masks.labels[0].copy()
    drag(runner, Point(35, 12), Point(35, 28), Point(45, 40))
    assert (runner.session.annotation.masks.labels[0] == before).all()
    assert said[-1].startswith("IRF")
    assert "locked" in said[-1]
    runner = runner_with(Brush(), PED, SRF)
    runner.noted.connect(said.append)
    drag(runner, Point(5, 5), Point(5, 8))
    assert said[-1] == "", "nothing of a locked class was touched"


def test_a_lock_holds_while_the_stroke_is_seen_and_from_its_beginning() -> None:
    runner = runner_with(Brush(), PED, IRF)
    seen: list[bool] = []
    runner.drawn.connect(lambda draft, _rect: seen.append(bool((draft.mask[IRF_BOX] == 1).all())))
    runner.press(Point(25, 15))
    runner.options = ToolOptions(mask_class=PED)
    runner.move(Point(25, 20))
    runner.release(Point(25, 20))
    assert len(seen) >= 2
    assert all(seen)
    drag(runner, Point(25, 15))
    assert not seen[-1], "the next stroke goes by the new options"


def test_what_a_tool_draws_without_telling_is_not_committed_over_a_lock() -> None:
    class Sly(Brush):
        def release(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
            draft.mask[...] = options.mask_class
            return Step(Rect(0, 1, 0, 1), done=True)

    runner = runner_with(Sly(), PED, IRF)
    drag(runner, Point(70, 5))
    labels = runner.session.annotation.masks.labels[0]
    assert (labels[IRF_BOX] == IRF).all()
    assert np.count_nonzero(labels == PED) == labels.size - 150


def test_locks_do_not_concern_tools_that_draw_surfaces() -> None:
    runner = ToolRunner(session())
    runner.options = on("RPE", locked=frozenset({IRF, SRF}))
    runner.take(SurfacePen())
    drag(runner, Point(70, 5), Point(71, 20))
    assert (runner.session.annotation.surfaces["RPE"][0, 5:21] >= 69).all()


@given(
    tool=st.sampled_from(MASK_TOOLS),
    way=drags,
    value=st.integers(0, 6),
    locked=st.frozensets(st.integers(1, 6), min_size=1),
)
@settings(max_examples=80, deadline=None)
def test_no_edit_contains_a_pixel_of_a_locked_class(
    tool: type[Tool], way: list[Point], value: int, locked: frozenset[int]
) -> None:
    runner = runner_with(tool(), value, *locked)
    before = runner.session.annotation.masks.labels[0].copy()
    assert before.shape == (HEIGHT, WIDTH)
    drag(runner, *way)
    after = runner.session.annotation.masks.labels[0]
    held = np.isin(before, list(locked))
    assert (after[held] == before[held]).all()
    for edit in runner.session.history.done:
        for patch in edit.patches:
            if patch.target is Target.MASKS:
                touched = patch.old != patch.new
                assert not np.isin(patch.old[touched], list(locked)).any()
                assert not np.isin(patch.new[touched], list(locked)).any()
