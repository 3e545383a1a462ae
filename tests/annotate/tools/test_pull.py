"""Points on a surface, and how the rest of it follows."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_core.annotate import ToolRunner
from mirage_core.annotate.draft import BScanDraft
from mirage_core.annotate.tools import Point, PullTool, ToolOptions
from tests.annotate.eyes import NAMES, WIDTH, session

ROW = NAMES.index("RPE")


@pytest.fixture
def runner() -> ToolRunner:
    """Return a runner with the tool in hand, on surfaces that are level and complete."""
    one = session()
    for s in range(len(NAMES)):
        one.annotation.surfaces.values[s] = 10 + 5 * s
    made = ToolRunner(one)
    made.options = ToolOptions(surface=ROW)
    made.take(PullTool())
    return made


def rpe(runner: ToolRunner) -> np.ndarray:
    return runner.session.annotation.surfaces.values[ROW, 0].copy()


def click(runner: ToolRunner, z: float, x: float) -> None:
    runner.press(Point(z, x))
    runner.release(Point(z, x))


def test_clicks_are_one_stroke_and_the_surface_runs_through_all_of_them(
    runner: ToolRunner,
) -> None:
    before = rpe(runner)
    for z, x in ((58.0, 20), (52.5, 40)):
        click(runner, z, x)
    assert runner.busy
    np.testing.assert_array_equal(rpe(runner), before)
    runner.finish()
    assert (rpe(runner)[20], rpe(runner)[40]) == (58.0, 52.5)
    assert len(runner.session.history.done) == 1
    runner.session.undo()
    np.testing.assert_array_equal(rpe(runner), before)


def test_a_point_can_be_taken_hold_of_and_dragged(runner: ToolRunner) -> None:
    click(runner, 60.0, 20)
    runner.press(Point(61.0, 21))
    runner.move(Point(50.0, 30))
    runner.release(Point(50.0, 30))
    (guide,) = runner.guides()
    assert guide.points.tolist() == [[50.0, 30.0]]
    runner.finish()
    assert rpe(runner)[30] == 50.0


def test_going_on_to_another_b_scan_keeps_what_was_pulled(runner: ToolRunner) -> None:
    click(runner, 58.0, 20)
    runner.go_to(1)
    assert rpe(runner)[20] == 58.0


def test_dropping_it_leaves_nothing(runner: ToolRunner) -> None:
    before = rpe(runner)
    click(runner, 58.0, 20)
    runner.cancel()
    np.testing.assert_array_equal(rpe(runner), before)
    assert not runner.session.history.done


def test_what_the_program_solves_is_drawn_and_neighbours_go_along(runner: ToolRunner) -> None:
    def solve(draft: BScanDraft, surface: int, known: np.ndarray) -> dict[int, np.ndarray]:
        own = np.where(np.isfinite(known), known, 57).astype(np.float32)
        return {surface: own, surface - 1: np.full(WIDTH, 53, np.float32)}

    runner.options = ToolOptions(surface=ROW, solve=solve)
    click(runner, 58.0, 20)
    runner.finish()
    values = runner.session.annotation.surfaces.values[:, 0]
    assert values[ROW, [19, 20]].tolist() == [57, 58]
    assert (values[ROW - 1] == 53).all()
    assert (values[ROW + 1] == 10 + 5 * (ROW + 1)).all()


def test_a_solution_that_would_cross_gives_way(runner: ToolRunner) -> None:
    def solve(draft: BScanDraft, surface: int, known: np.ndarray) -> dict[int, np.ndarray]:
        return {
            surface: np.full(WIDTH, 57, np.float32),
            surface - 1: np.full(WIDTH, 75, np.float32),
        }

    runner.options = ToolOptions(surface=ROW, solve=solve)
    click(runner, 57.0, 20)
    runner.finish()
    values = runner.session.annotation.surfaces.values[:, 0]
    assert (values[ROW - 1] == 57).all()
    assert (np.diff(values, axis=0) >= 0).all()
