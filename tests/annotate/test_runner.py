"""ToolRunner: one stroke, one edit, on the B-scan it began on."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mirage_core.annotate import BScanDraft, Edit, ToolRunner
from mirage_core.annotate.tools import (
    Brush,
    Point,
    PolygonTool,
    Rect,
    ScribbleTool,
    SnapTool,
    SurfacePen,
)
from tests.annotate.eyes import HEIGHT, NAMES, WIDTH, on, session, state_of


@pytest.fixture
def runner() -> ToolRunner:
    return ToolRunner(session())


def heard(runner: ToolRunner) -> tuple[list[Rect], list[Edit | None]]:
    drawn: list[Rect] = []
    ended: list[Edit | None] = []
    runner.drawn.connect(lambda _draft, rect: drawn.append(rect))
    runner.ended.connect(ended.append)
    return drawn, ended


def test_a_drag_is_one_edit_with_a_name_people_understand(runner: ToolRunner) -> None:
    drawn, ended = heard(runner)
    runner.options = on("RPE")
    runner.take(SurfacePen())
    runner.go_to(1)
    runner.press(Point(70, 5))
    assert runner.busy
    runner.move(Point(71, 15))
    runner.release(Point(71, 20))
    assert not runner.busy
    assert len(drawn) >= 2
    assert [e.label for e in ended if e] == ["Pen on RPE, B-scan 2"]
    assert ended[0] is runner.session.history.done[-1]
    assert (runner.session.annotation.surfaces["RPE"][1, 5:21] >= 69).all()


def test_masks_are_labelled_by_their_class(runner: ToolRunner) -> None:
    _, ended = heard(runner)
    runner.options = replace(runner.options, mask_class=2)
    runner.take(Brush())
    runner.press(Point(5, 5))
    runner.release(Point(5, 5))
    assert [e.label for e in ended if e] == ["Brush on SRF, B-scan 1"]


def test_without_a_tool_or_a_stroke_events_do_nothing(runner: ToolRunner) -> None:
    drawn, ended = heard(runner)
    runner.press(Point(5, 5))
    runner.take(SurfacePen())
    for event in (runner.move, runner.hover, runner.release):
        event(Point(5, 5))
    runner.finish()
    runner.cancel()
    assert drawn == ended == []
    assert runner.guides() == ()


def test_what_a_failing_tool_drew_does_not_come_with_the_next_stroke(
    runner: ToolRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, ended = heard(runner)
    before = state_of(runner.session.annotation)
    runner.options = on("RPE")
    runner.take(SurfacePen())
    runner.press(Point(70, 5))

    def fail(_tool: SurfacePen, draft: BScanDraft, *_: object) -> None:
        draft.curves[:] = 1
        raise RuntimeError("a fault in a tool")

    with monkeypatch.context() as broken:
        broken.setattr(SurfacePen, "move", fail)
        with pytest.raises(RuntimeError):
            runner.move(Point(71, 15))
    assert not runner.busy
    assert ended == [None]
    assert state_of(runner.session.annotation) == before
    runner.press(Point(70, 5))
    runner.release(Point(70, 5))
    assert np.flatnonzero(runner.session.annotation.surfaces["RPE"][0] == 1).size == 0


def test_cancel_leaves_the_annotation_as_it_was_and_redraws_everything(
    runner: ToolRunner,
) -> None:
    drawn, ended = heard(runner)
    before = state_of(runner.session.annotation)
    drafts: list[BScanDraft] = []
    runner.drawn.connect(lambda draft, _rect: drafts.append(draft))
    runner.take(Brush())
    runner.press(Point(40, 40))
    runner.cancel()
    assert not runner.busy
    assert ended == [None]
    assert drawn[-1] == Rect(0, HEIGHT, 0, WIDTH)
    assert (drafts[-1].mask == drafts[-1].base_mask).all()
    assert state_of(runner.session.annotation) == before


@pytest.mark.parametrize("leave", ["other B-scan", "other tool", "finish"])
def test_a_stroke_of_clicks_is_finished_where_it_began(runner: ToolRunner, leave: str) -> None:
    runner.options = replace(runner.options, mask_class=3)
    runner.take(PolygonTool())
    runner.go_to(2)
    for corner in (Point(60, 10), Point(60, 30), Point(75, 30), Point(75, 10)):
        runner.press(corner)
        runner.release(corner)
    assert runner.busy
    assert runner.guides()
    {
        "other B-scan": lambda: runner.go_to(0),
        "other tool": lambda: runner.take(None),
        "finish": runner.finish,
    }[leave]()
    assert not runner.busy
    labels = runner.session.annotation.masks.labels
    assert (labels[2, 61:75, 11:30] == 3).all()
    assert not (labels[:2] == 3).any()


def test_a_stroke_of_clicks_stays_with_the_surface_it_began_with(runner: ToolRunner) -> None:
    _, ended = heard(runner)
    runner.options = on("RPE")
    runner.take(SnapTool())
    runner.press(Point(70, 5))
    runner.release(Point(70, 5))
    runner.options = on("ILM")
    runner.press(Point(70, 30))
    runner.release(Point(70, 30))
    runner.finish()
    assert [e.label for e in ended if e] == ["Snap on RPE, B-scan 1"]
    base = session().annotation.surfaces.values
    changed = runner.session.annotation.surfaces.values != base
    changed &= np.isfinite(runner.session.annotation.surfaces.values)
    assert changed[NAMES.index("RPE"), 0].any()


def test_taking_a_tool_loads_what_its_first_press_needs() -> None:
    code = (
        "import sys, threading\n"
        "from mirage_core.annotate import ToolRunner\n"
        "from mirage_core.annotate.tools import FillTool, SurfacePen\n"
        "from tests.annotate.eyes import session\n"
        "assert 'scipy.ndimage' not in sys.modules\n"
        "runner = ToolRunner(session())\n"
        "runner.take(SurfacePen())\n"
        "assert threading.active_count() == 1\n"
        "runner.take(FillTool())\n"
        "[t.join() for t in threading.enumerate() if t is not threading.current_thread()]\n"
        "assert 'scipy.ndimage' in sys.modules\n"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_key_that_turns_a_stroke_around_counts_for_its_press_alone(runner: ToolRunner) -> None:
    runner.take(ScribbleTool())
    for against in (True, False):
        runner.press(Point(25, 15), against)
        runner.release(Point(25, 18))
    assert [guide.kind for guide in runner.guides()] == ["against", "with"]
    assert not runner.options.against


def test_who_shows_the_tool_hears_of_another_one_and_of_other_options(runner: ToolRunner) -> None:
    heard_of: list[tuple[str, int]] = []
    runner.changed.connect(
        lambda: heard_of.append((runner.tool.name if runner.tool else "", runner.options.surface))
    )
    runner.take(Brush())
    runner.options = on("RPE")
    runner.take(None)
    rpe = NAMES.index("RPE")
    assert heard_of == [("brush", 0), ("brush", rpe), ("", rpe)]


def test_a_tool_knows_the_classes_by_name(runner: ToolRunner) -> None:
    seen: list[str] = []
    runner.drawn.connect(lambda draft, _rect: seen.append(draft.classes[1]))
    runner.take(Brush())
    runner.press(Point(5, 5))
    assert seen == ["IRF"]
