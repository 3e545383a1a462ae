"""The simulated grader: it works with the real tools, until the truth is met, and counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mirage_core.annotate import Proposal, Session, State
from mirage_core.benchmark.aids import FOR_SURFACES, Aid, Trust
from mirage_core.benchmark.effort import Act, Report, Seconds
from mirage_core.benchmark.grader import SimulatedGrader
from mirage_core.benchmark.judging import Tolerance, Truth
from mirage_core.scan import ArrayPixels, Scan, Surfaces
from tests.engines.layered import SPACING, draw

N, WIDTH = 12, 320
DRAWN = draw(n=N, bowl_px=20)
CURVES = {name: DRAWN.truth[name].astype(np.float32) for name in ("RPE", "BM")}
TRUTH = Truth(CURVES)
SPAN = slice(100, 200)
NOISE = np.random.default_rng(1)


def session(
    by_px: float = 8.0, b_scans: range = range(N), bump: np.ndarray | None = None
) -> Session:
    """Return what an engine found that is wrong at the same place of many B-scans."""
    curves = np.stack([DRAWN.truth["ILM"].astype(np.float32), *CURVES.values()])
    shape = np.hanning(SPAN.stop - SPAN.start) if bump is None else bump
    curves[1:, b_scans.start : b_scans.stop, SPAN] += by_px * shape
    one = Session(Scan(ArrayPixels(DRAWN.b_scans), spacing=SPACING), author="simulated")
    names = ("ILM", "RPE", "BM")
    one.adopt(Proposal(tuple(range(N)), Surfaces(curves, names), None, None, "g", "G"))
    return one


def graded(one: Session, *aids: Aid, truth: Truth = TRUTH, **more: object) -> Report:
    return SimulatedGrader(one, truth, None, frozenset(aids), **more).run()  # type: ignore[arg-type]


def share_wrong(one: Session, name: str) -> float:
    away = np.abs(one.annotation.surfaces[name] - CURVES[name])
    return float((away > 2).mean(axis=1).max())


@pytest.mark.parametrize("aids", [(), *((aid,) for aid in sorted(FOR_SURFACES)), tuple(Aid)])
def test_every_b_scan_ends_within_the_tolerance(aids: tuple[Aid, ...]) -> None:
    one = session()
    report = graded(one, *aids)
    assert not report.unmet
    assert max(share_wrong(one, name) for name in TRUTH.names) <= 0.02
    assert report.b_scans == N


def test_every_b_scan_is_approved_in_the_end() -> None:
    one = session(b_scans=range(2))
    graded(one)
    assert set(one.annotation.b_scan_states()) == {State.APPROVED}


def test_what_is_right_takes_no_interaction_but_is_looked_at() -> None:
    report = graded(session(by_px=0))
    assert report.per_b_scan == 0
    assert report.seconds == pytest.approx(N * Seconds().look)


def test_without_aids_every_error_takes_a_stroke() -> None:
    report = graded(session(b_scans=range(4)))
    assert report.interactions == {Act.STROKE: 2 * 4}


def test_a_stroke_goes_on_over_what_is_right_where_a_new_one_would_take_longer() -> None:
    bump = np.zeros(SPAN.stop - SPAN.start)
    bump[:20] = bump[30:50] = 1
    assert graded(session(b_scans=range(1), bump=bump)).interactions == {Act.STROKE: 2}
    hasty = replace(Seconds(), steer=5.0)
    report = graded(session(b_scans=range(1), bump=bump), seconds=hasty)
    assert report.interactions == {Act.STROKE: 4}


def test_the_aids_together_halve_what_systematic_errors_take() -> None:
    alone, helped = graded(session()), graded(session(), *Aid)
    assert helped.interactions.total() <= 0.5 * alone.interactions.total()
    assert helped.seconds < 0.5 * alone.seconds


def test_aids_that_do_not_pay_are_soon_left_alone() -> None:
    # An unsteady hand drew the truth, on every B-scan anew: there is nothing to learn from it.
    bumps = 4 * np.kron(NOISE.choice((0, 0, 0, 1), (2, N, 8)), np.hanning(WIDTH // 8))
    hand = {"RPE": CURVES["RPE"] - bumps[0], "BM": CURVES["BM"] + bumps[1]}
    truth = Truth({name: curve.astype(np.float32) for name, curve in hand.items()})
    alone, helped = graded(session(0), truth=truth), graded(session(0), *Aid, truth=truth)
    assert not helped.unmet
    assert helped.interactions.total() - alone.interactions.total() <= 40
    assert helped.interactions[Act.OFFER] <= 8


def test_an_offer_that_makes_a_b_scan_worse_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    def worse(scan: Scan, annotation: object, *_rest: object, **_more: object) -> Proposal:
        curves = np.stack([CURVES["RPE"] - 40])
        return Proposal(tuple(range(N)), Surfaces(curves, ("RPE",)), None, None, "p", "P")

    monkeypatch.setattr("mirage_core.benchmark.grader.propagated", worse)
    one = session()
    report = graded(one, Aid.PROPAGATE)
    assert report.interactions[Act.ANSWER] == report.interactions[Act.OFFER] >= 2
    assert "p" not in {edit.tool for edit in one.history.done}
    assert report.interactions[Act.STROKE] == 2 * N


def test_it_draws_with_the_real_tools() -> None:
    one = session(b_scans=range(1))
    graded(one, Aid.PULL, Aid.SNAP)
    tools = {edit.tool for edit in one.history.done[1:]}
    assert tools
    assert tools <= {"pen", "pull", "snap", "state"}


def test_columns_without_a_truth_are_not_judged() -> None:
    curves = {name: values.copy() for name, values in CURVES.items()}
    for values in curves.values():
        values[:, SPAN] = np.nan
    assert graded(session(), truth=Truth(curves)).per_b_scan == 0


def test_a_missing_surface_is_as_wrong_as_can_be() -> None:
    one = session(by_px=0)
    one.annotation.surfaces.values[one.annotation.surfaces.index("BM"), 3] = np.nan
    report = graded(one)
    assert report.interactions == {Act.STROKE: 1}
    assert share_wrong(one, "BM") <= 0.02


def test_wobble_of_the_truth_need_not_be_followed() -> None:
    wobbly = {n: v + 3 * (-1) ** np.arange(WIDTH, dtype=np.float32) for n, v in CURVES.items()}
    exact, smooth = (
        SimulatedGrader(
            session(0), Truth(wobbly), range(2), tolerance=Tolerance(wobble_columns=columns)
        ).run()
        for columns in (1, 9)
    )
    assert exact.per_b_scan > 0
    assert smooth.per_b_scan == 0


def test_longer_strokes_take_longer() -> None:
    seconds = Seconds()
    assert seconds.stroke(40) - seconds.stroke(20) == pytest.approx(20 * seconds.steer)
    assert seconds.stroke(seconds.worth_drawing_on) == pytest.approx(2 * seconds.click)


class TestTrust:
    """An aid is tried as long as it pays."""

    def test_two_failures_on_a_structure_are_enough_there(self) -> None:
        trust = Trust(frozenset({Aid.PULL}))
        for _ in range(2):
            assert trust.worth(Aid.PULL, "RPE")
            trust.learn(Aid.PULL, "RPE", helped=False)
        assert not trust.worth(Aid.PULL, "RPE")
        assert trust.worth(Aid.PULL, "BM")

    def test_four_failures_are_enough_everywhere(self) -> None:
        trust = Trust(frozenset({Aid.PULL}))
        for name in ("RPE", "BM"):
            trust.learn(Aid.PULL, name, helped=False)
            trust.learn(Aid.PULL, name, helped=False)
        assert not trust.worth(Aid.PULL, "ILM")

    def test_help_makes_up_for_a_failure_but_not_for_many(self) -> None:
        trust = Trust(frozenset({Aid.PULL}))
        for _ in range(9):
            trust.learn(Aid.PULL, "RPE", helped=True)
        trust.learn(Aid.PULL, "RPE", helped=False)
        assert trust.worth(Aid.PULL, "RPE")
        trust.learn(Aid.PULL, "RPE", helped=False)
        assert not trust.worth(Aid.PULL, "RPE")

    def test_what_did_not_reach_so_far_is_asked_from_nearer(self) -> None:
        trust = Trust(frozenset({Aid.INTERPOLATE}))
        trust.learn(Aid.INTERPOLATE, "BM", helped=False, far=8)
        assert not trust.worth(Aid.INTERPOLATE, "BM", far=5)
        assert trust.worth(Aid.INTERPOLATE, "BM", far=4)

    def test_an_aid_that_is_not_there_is_not_tried(self) -> None:
        assert not Trust(frozenset({Aid.PULL})).worth(Aid.SNAP, "RPE")
