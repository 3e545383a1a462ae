"""Corrections offered to neighbouring B-scans."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_core.annotate import Annotation, Proposal, Session, State, ToolRunner
from mirage_core.annotate.tools import Point, SurfacePen, ToolOptions
from mirage_core.engines.propagate import Correction, corrections, propagated
from mirage_core.scan import ArrayPixels, Scan, Surfaces
from tests.engines.layered import SPACING, draw

N, WIDTH = 9, 320
SPAN = slice(110, 210)
DRAWN = draw(n=N, bowl_px=20)
TRUTH = DRAWN.truth["BM"].astype(np.float32)
WRONG = np.zeros(WIDTH, np.float32)
WRONG[SPAN] = 8 * np.hanning(SPAN.stop - SPAN.start)


@pytest.fixture
def session() -> Session:
    """Return an eye on which an engine runs too deep at the same place of every B-scan."""
    scan = Scan(ArrayPixels(DRAWN.b_scans), spacing=SPACING)
    one = Session(scan, author="grader")
    curves = np.stack([DRAWN.truth["ILM"].astype(np.float32), TRUTH + WRONG])
    one.adopt(Proposal(tuple(range(N)), Surfaces(curves, ("ILM", "BM")), None, None, "g", "G"))
    return one


def corrected(b: int, share: float = 1.0) -> Correction:
    deeper = np.full(WIDTH, np.nan, np.float32)
    deeper[SPAN] = -share * WRONG[SPAN]
    return Correction(b, "BM", deeper)


def offer(session: Session, *corrections: Correction, to: range = range(N)) -> Proposal | None:
    return propagated(session.scan, session.annotation, corrections, to)


def error_px(curve: np.ndarray, b: int) -> float:
    return float(np.abs(curve - TRUTH[b])[SPAN].mean())


def curve_of(proposal: Proposal, b: int) -> np.ndarray:
    curve: np.ndarray = proposal.surfaces["BM"][proposal.b_scans.index(b)]
    return curve


def test_neighbours_lose_the_same_error(session: Session) -> None:
    offered = offer(session, corrected(4))
    assert offered is not None
    for b in (3, 5):
        assert error_px(curve_of(offered, b), b) < 0.3 * error_px(TRUTH[b] + WRONG, b)


def test_what_was_not_corrected_stays_to_the_bit(session: Session) -> None:
    offered = offer(session, corrected(4))
    assert offered is not None
    before = session.annotation.surfaces["BM"]
    far = np.r_[0:80, 240:WIDTH]
    for b in offered.b_scans:
        np.testing.assert_array_equal(curve_of(offered, b)[far], before[b, far])
    assert offered.surfaces.names == ("BM",)


def test_a_single_correction_fades_with_the_distance_and_ends(session: Session) -> None:
    offered = offer(session, corrected(0))
    assert offered is not None
    assert 0 not in offered.b_scans
    assert max(offered.b_scans) < N - 1
    near, far = (error_px(curve_of(offered, b), b) for b in (1, max(offered.b_scans)))
    assert near < far


def test_between_two_corrections_it_holds_all_the_way(session: Session) -> None:
    offered = offer(session, corrected(0), corrected(8))
    assert offered is not None
    assert offered.b_scans == tuple(range(1, 8))
    assert all(error_px(curve_of(offered, b), b) < 1.5 for b in offered.b_scans)


@pytest.mark.parametrize("state", [State.EDITED, State.APPROVED])
def test_what_a_human_drew_or_approved_is_no_target(session: Session, state: State) -> None:
    session.set_state([3], state, ["BM"])
    offered = offer(session, corrected(4))
    assert offered is not None
    assert 3 not in offered.b_scans


def test_it_is_taken_over_as_one_step_that_undo_takes_back(session: Session) -> None:
    before = session.annotation.copy()
    offered = offer(session, corrected(4))
    assert offered is not None
    edit = session.adopt(offered)
    assert edit is not None
    assert edit.b_scans == offered.b_scans
    assert edit.tool == "propagate"
    assert error_px(session.annotation.surfaces["BM"][3], 3) < 2
    session.undo()
    np.testing.assert_array_equal(session.annotation.surfaces.values, before.surfaces.values)


def test_nothing_to_offer_is_no_offer(session: Session) -> None:
    assert offer(session, corrected(4, share=0.0)) is None
    assert offer(session) is None
    assert offer(session, corrected(4), to=range(4, 5)) is None


def test_a_cancelled_offer_is_none(session: Session) -> None:
    assert (
        propagated(session.scan, session.annotation, [corrected(4)], range(N), lambda: True) is None
    )


def test_unknown_columns_stay_unknown(session: Session) -> None:
    row = session.annotation.surfaces.index("BM")
    session.annotation.surfaces.values[row, 3, 150:160] = np.nan
    offered = offer(session, corrected(4))
    assert offered is not None
    assert np.isnan(curve_of(offered, 3)[150:160]).all()
    assert np.isfinite(curve_of(offered, 3)[120:150]).all()


def test_an_offer_changes_nothing_by_itself(session: Session) -> None:
    before: Annotation = session.annotation.copy()
    offer(session, corrected(4))
    np.testing.assert_array_equal(session.annotation.surfaces.values, before.surfaces.values)


def pen(session: Session, b: int, span: slice, to: np.ndarray) -> None:
    """Draw the true BM with the pen, as a grader does."""
    runner = ToolRunner(session)
    runner.options = ToolOptions(surface=session.annotation.surfaces.index("BM"))
    runner.take(SurfacePen())
    runner.go_to(b)
    columns = range(WIDTH)[span]
    for i, x in enumerate(columns):
        act = runner.press if i == 0 else runner.move
        act(Point(float(to[x]), float(x)))
    runner.release(Point(float(to[columns[-1]]), float(columns[-1])))


def test_strokes_since_the_engine_are_the_corrections(session: Session) -> None:
    assert corrections(session.annotation, session.history.done) == ()
    before = session.annotation.surfaces["BM"].copy()
    pen(session, 4, slice(120, 160), TRUTH[4])
    pen(session, 4, slice(150, 200), TRUTH[4])
    pen(session, 2, SPAN, TRUTH[2])
    found = corrections(session.annotation, session.history.done)
    assert [(c.b, c.surface) for c in found] == [(2, "BM"), (4, "BM")]
    for c in found:
        changed = session.annotation.surfaces["BM"][c.b] - before[c.b]
        np.testing.assert_allclose(np.nan_to_num(c.deeper_px), changed, atol=1e-4)
        assert np.isnan(c.deeper_px[:100]).all()


def test_what_was_undone_or_drawn_over_by_an_engine_is_no_correction(session: Session) -> None:
    pen(session, 4, SPAN, TRUTH[4])
    session.undo()
    assert corrections(session.annotation, session.history.done) == ()
    pen(session, 4, SPAN, TRUTH[4])
    curves = TRUTH[None, 4:5] + 1
    session.adopt(Proposal((4,), Surfaces(curves, ("BM",)), None, None, "g", "G"), overwrite=True)
    assert corrections(session.annotation, session.history.done) == ()


def test_an_accepted_offer_is_no_correction_of_its_own(session: Session) -> None:
    pen(session, 4, SPAN, TRUTH[4])
    offered = offer(session, *corrections(session.annotation, session.history.done))
    assert offered is not None
    session.adopt(offered)
    found = corrections(session.annotation, session.history.done)
    assert [c.b for c in found] == [4]


def accept(session: Session) -> Proposal | None:
    offered = offer(session, *corrections(session.annotation, session.history.done))
    if offered is not None:
        session.adopt(offered)
    return offered


def test_an_accepted_correction_is_not_offered_to_the_same_b_scans_again(session: Session) -> None:
    pen(session, 4, SPAN, TRUTH[4])
    first = accept(session)
    assert first is not None
    after = session.annotation.surfaces["BM"].copy()
    assert accept(session) is None
    pen(session, 0, SPAN, TRUTH[0] + WRONG[SPAN].mean())  # of no use to those beside 4
    accept(session)
    for b in (3, 5):
        assert error_px(session.annotation.surfaces["BM"][b], b) < 0.5 * WRONG[SPAN].mean()
    np.testing.assert_array_equal(session.annotation.surfaces["BM"][5:], after[5:])


def test_what_is_corrected_after_an_acceptance_counts_by_that_much(session: Session) -> None:
    pen(session, 4, SPAN, TRUTH[4] + WRONG / 2)
    accept(session)
    halfway = error_px(session.annotation.surfaces["BM"][5], 5)
    pen(session, 4, SPAN, TRUTH[4])
    early, late = corrections(session.annotation, session.history.done)
    assert early.taken >= {3, 5}
    assert late.taken == frozenset()
    np.testing.assert_allclose(np.nan_to_num(late.deeper_px[SPAN]), -WRONG[SPAN] / 2, atol=1e-3)
    accept(session)
    assert error_px(session.annotation.surfaces["BM"][5], 5) < min(halfway, 1.5)
    assert accept(session) is None


def test_an_engine_that_draws_anew_makes_room_for_the_same_offer(session: Session) -> None:
    pen(session, 4, SPAN, TRUTH[4])
    first = accept(session)
    assert first is not None
    again = (TRUTH + WRONG)[None, 5:6]
    session.adopt(Proposal((5,), Surfaces(again, ("BM",)), None, None, "g", "G"))
    second = accept(session)
    assert second is not None
    assert second.b_scans == (5,)
    assert error_px(curve_of(second, 5), 5) == pytest.approx(error_px(curve_of(first, 5), 5))
