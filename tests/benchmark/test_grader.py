"""The simulated grader: it works with the real tools, until the truth is met, and counts."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_core.annotate import Proposal, Session, State
from mirage_core.benchmark.grader import Aid, Report, Seconds, SimulatedGrader, Tolerance
from mirage_core.scan import ArrayPixels, Scan, Surfaces
from tests.engines.layered import SPACING, draw

N, WIDTH = 12, 320
DRAWN = draw(n=N, bowl_px=20)
TRUTH = {name: DRAWN.truth[name].astype(np.float32) for name in ("RPE", "BM")}
SPAN = slice(100, 200)


def session(by_px: float = 8.0, b_scans: range = range(N)) -> Session:
    """Return what an engine found that is wrong at the same place of many B-scans."""
    curves = np.stack([DRAWN.truth["ILM"].astype(np.float32), *TRUTH.values()])
    curves[1:, b_scans.start : b_scans.stop, SPAN] += by_px * np.hanning(SPAN.stop - SPAN.start)
    one = Session(Scan(ArrayPixels(DRAWN.b_scans), spacing=SPACING), author="simulated")
    names = ("ILM", "RPE", "BM")
    one.adopt(Proposal(tuple(range(N)), Surfaces(curves, names), None, None, "g", "G"))
    return one


def graded(one: Session, *aids: Aid, **more: object) -> Report:
    return SimulatedGrader(one, TRUTH, range(N), frozenset(aids), **more).run()  # type: ignore[arg-type]


def share_wrong(one: Session, name: str) -> float:
    away = np.abs(one.annotation.surfaces[name] - TRUTH[name])
    return float((away > 2).mean(axis=1).max())


@pytest.mark.parametrize("aids", [(), (Aid.PULL,), (Aid.PROPAGATE,), tuple(Aid)])
def test_every_b_scan_ends_within_the_tolerance(aids: tuple[Aid, ...]) -> None:
    one = session()
    report = graded(one, *aids)
    assert not report.unmet
    assert max(share_wrong(one, name) for name in TRUTH) <= 0.02
    assert report.b_scans == N


def test_what_is_right_takes_no_interaction_but_is_looked_at() -> None:
    report = graded(session(by_px=0))
    assert report.per_b_scan == 0
    assert report.seconds == pytest.approx(N * Seconds().of("look"))


def test_without_aids_every_error_takes_a_stroke() -> None:
    report = graded(session(b_scans=range(4)))
    assert report.interactions == {"pen": 2 * 4}


def test_the_aids_together_halve_what_systematic_errors_take() -> None:
    alone, helped = graded(session()), graded(session(), *Aid)
    assert helped.interactions.total() <= 0.5 * alone.interactions.total()
    assert helped.seconds < alone.seconds


def test_it_draws_with_the_real_tools() -> None:
    one = session(b_scans=range(1))
    graded(one, Aid.PULL)
    tools = {edit.tool for edit in one.history.done[1:]}
    assert tools
    assert tools <= {"pen", "pull"}
    row = one.annotation.surfaces.index("BM")
    assert one.annotation.states[row, 0] == State.EDITED
    assert (one.annotation.states[row, 1:] == State.PREDICTED).all()


def test_columns_without_a_truth_are_not_judged() -> None:
    truth = {name: values.copy() for name, values in TRUTH.items()}
    for values in truth.values():
        values[:, SPAN] = np.nan
    report = SimulatedGrader(session(), truth, range(N)).run()
    assert report.per_b_scan == 0


def test_a_missing_surface_is_as_wrong_as_can_be() -> None:
    one = session(by_px=0)
    one.annotation.surfaces.values[one.annotation.surfaces.index("BM"), 3] = np.nan
    report = graded(one)
    assert report.interactions == {"pen": 1}
    assert share_wrong(one, "BM") <= 0.02


def test_wobble_of_the_truth_need_not_be_followed() -> None:
    wobbly = {n: v + 3 * (-1) ** np.arange(WIDTH, dtype=np.float32) for n, v in TRUTH.items()}
    exact = SimulatedGrader(session(0), wobbly, range(2)).run()
    smooth = SimulatedGrader(
        session(0), wobbly, range(2), tolerance=Tolerance(wobble_columns=9)
    ).run()
    assert exact.per_b_scan > 0
    assert smooth.per_b_scan == 0
