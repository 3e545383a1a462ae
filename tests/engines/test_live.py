"""Surfaces that follow the image while one of them is pulled."""

from __future__ import annotations

import numpy as np

from mirage_core.annotate import Proposal, Session, ToolRunner
from mirage_core.annotate.tools import Point, PullTool, ToolOptions
from mirage_core.engines.graph.live import LiveSolver
from mirage_core.scan import ArrayPixels, Scan, Surfaces
from tests.engines.layered import SPACING, draw

WIDTH = 320
DRAWN = draw(bowl_px=20)
NAMES = ("ILM", "EZ", "RPE", "BM")
SPAN = slice(120, 200)


def astray(by_px: float) -> Session:
    """Return a session in which EZ, RPE and BM go wrong together, as over a druse missed."""
    curves = np.stack([DRAWN.truth[name].astype(np.float32) for name in NAMES])
    curves[1:, :, SPAN] += by_px * np.hanning(SPAN.stop - SPAN.start)
    one = Session(Scan(ArrayPixels(DRAWN.b_scans), spacing=SPACING), author="grader")
    one.adopt(Proposal((0,), Surfaces(curves, NAMES), None, None, "g", "G"))
    return one


def error_px(one: Session, name: str) -> float:
    away = one.annotation.surfaces[name][0] - DRAWN.truth[name][0]
    return float(np.abs(away)[SPAN].mean())


def test_one_point_brings_a_surface_back_and_its_neighbours_with_it() -> None:
    one = astray(9)
    before = {name: error_px(one, name) for name in NAMES}
    runner = ToolRunner(one)
    runner.options = ToolOptions(
        surface=one.annotation.surfaces.index("RPE"), solve=LiveSolver(SPACING)
    )
    runner.take(PullTool())
    at = Point(float(DRAWN.truth["RPE"][0, 160]), 160)
    runner.press(at)
    runner.release(at)
    runner.finish()
    assert error_px(one, "RPE") < 0.25 * before["RPE"]
    assert error_px(one, "BM") < 0.6 * before["BM"]
    assert error_px(one, "ILM") == before["ILM"]


def test_another_b_scan_is_looked_at_anew() -> None:
    one, solver = astray(0), LiveSolver(SPACING)
    draft = one.draft(0)
    known = np.full(WIDTH, np.nan, np.float32)
    row = one.annotation.surfaces.index("BM")
    known[100] = draft.base_curves[row, 100] + 2
    first = solver(draft, row, known)[row]
    dark = Session(Scan(ArrayPixels(np.zeros_like(DRAWN.b_scans)), spacing=SPACING))
    dark.annotation.surfaces.values[...] = one.annotation.surfaces.values
    second = solver(dark.draft(0), row, known)[row]
    assert (first != second).any()
