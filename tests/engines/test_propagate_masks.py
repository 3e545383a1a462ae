"""Masks corrected by hand, offered to the B-scans around."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_core.annotate import Proposal, Session, State, ToolRunner
from mirage_core.annotate.pockets import pocket_at, relabel_pocket
from mirage_core.annotate.tools import Brush, Eraser, Point, PolygonTool, Tool, ToolOptions
from mirage_core.engines.propagate import corrections, propagated
from mirage_core.engines.propagate_masks import MaskCorrection, carried_masks, mask_corrections
from mirage_core.scan import ArrayPixels, Masks, Scan, Spacing, Surfaces
from tests.annotate.test_carry import HEIGHT, WIDTH, X, pocket, retina

N = 7
GAP_UM = 60.0
IRF, SRF = 1, 2
EVERY = tuple(range(N))
NO_MASK = np.zeros((HEIGHT, WIDTH), np.uint8)


def place(b: int) -> np.ndarray:
    """Return the pocket of B-scan `b`: it moves and shrinks, and is gone from B-scan 5 on."""
    return pocket(125 + 4 * b, 110 + 3 * b, 18 - 2 * b, 36 - 4 * b) if b < 5 else NO_MASK > 0


PLACES = np.stack([place(b) for b in EVERY])
PIXELS = np.stack([retina(PLACES[b], 4 * b, seed=b) for b in EVERY])


@pytest.fixture
def session() -> Session:
    """Return an eye with a pocket that no engine found; ILM and BM are known."""
    scan = Scan(ArrayPixels(PIXELS), spacing=Spacing.from_mm(GAP_UM / 1000, 0.004, 0.012))
    one = Session(scan, author="grader")
    wave = 4 * np.sin(X[0] / 40)
    curves = np.stack([[depth + 4 * b + wave for b in EVERY] for depth in (60, 170)])
    surfaces = Surfaces(curves.astype(np.float32), ("ILM", "BM"))
    one.adopt(Proposal(EVERY, surfaces, None, Masks(np.stack([NO_MASK] * N)), "g", "G"))
    return one


def predict(session: Session, masks: dict[int, np.ndarray], value: int = IRF) -> None:
    """Let an engine draw masks."""
    labels = np.stack([masks.get(b, NO_MASK > 0) * np.uint8(value) for b in EVERY])
    nothing = Surfaces(np.empty((0, N, WIDTH), np.float32), ())
    session.adopt(Proposal(EVERY, nothing, None, Masks(labels), "g", "G"), overwrite=True)


def draw(session: Session, b: int, tool: Tool, way: list[tuple[float, float]], value: int = IRF):
    runner = ToolRunner(session)
    runner.options = ToolOptions(mask_class=value, radius_px=20)
    runner.take(tool)
    runner.go_to(b)
    runner.press(Point(*way[0]))
    for at in way[1:]:
        runner.move(Point(*at))
    runner.release(Point(*way[-1]))


def outline(session: Session, b: int, value: int = IRF) -> None:
    """Outline the true pocket of B-scan `b` by hand."""
    turn = np.linspace(0, 2 * np.pi, 60)
    z, x = np.nonzero(PLACES[b])
    middle, half = (z.mean(), x.mean()), (np.ptp(z) / 2, np.ptp(x) / 2)
    points = zip(
        middle[0] + half[0] * np.sin(turn), middle[1] + half[1] * np.cos(turn), strict=True
    )
    draw(session, b, PolygonTool(), list(points), value)


def offer(session: Session, **kwargs: frozenset[int]) -> Proposal | None:
    annotation, done = session.annotation, session.history.done
    made, masks = corrections(annotation, done), mask_corrections(annotation, done)
    return propagated(session.scan, annotation, made, EVERY, masks=masks, **kwargs)


def dice(labels: np.ndarray, b: int, value: int = IRF) -> float:
    here, truth = labels == value, PLACES[b]
    return 2 * np.count_nonzero(here & truth) / (np.count_nonzero(here) + np.count_nonzero(truth))


def labels_of(proposal: Proposal, b: int) -> np.ndarray:
    assert proposal.masks is not None
    labels: np.ndarray = proposal.masks.labels[proposal.b_scans.index(b)]
    return labels


def test_a_pocket_drawn_by_hand_is_followed_and_ends_where_it_ends(session: Session) -> None:
    outline(session, 1)
    offered = offer(session)
    assert offered is not None
    assert offered.b_scans == (0, 2, 3, 4)
    assert all(dice(labels_of(offered, b), b) > 0.85 for b in (0, 2, 3))
    assert offered.title == "Corrections of IRF offered to neighbours"


def test_it_is_not_carried_too_far(session: Session) -> None:
    nothing, drawn = NO_MASK, PLACES[0].astype(np.uint8)
    found = carried_masks(
        session.scan, session.annotation, [MaskCorrection(0, nothing, drawn)], EVERY, 120.0
    )
    assert sorted(found) == [1, 2]
    far = carried_masks(
        session.scan, session.annotation, [MaskCorrection(0, nothing, drawn)], EVERY, 400.0
    )
    assert sorted(far) == [1], "the next B-scan is always asked"


def test_masks_and_surfaces_are_one_step_that_undo_takes_back(session: Session) -> None:
    outline(session, 1)
    before = session.annotation.copy()
    offered = offer(session)
    assert offered is not None
    edit = session.adopt(offered)
    assert edit is not None
    assert edit.b_scans == offered.b_scans
    assert dice(session.annotation.masks.labels[2], 2) > 0.85
    session.undo()
    np.testing.assert_array_equal(session.annotation.masks.labels, before.masks.labels)
    np.testing.assert_array_equal(session.annotation.states, before.states)


def test_surfaces_of_b_scans_that_only_masks_reach_keep_values_state_and_confidence(
    session: Session,
) -> None:
    annotation = session.annotation
    annotation.confidence[...] = 0.7
    before = annotation.copy()
    outline(session, 1)
    offered = offer(session)
    assert offered is not None
    session.adopt(offered)
    np.testing.assert_array_equal(annotation.surfaces.values, before.surfaces.values)
    np.testing.assert_array_equal(annotation.confidence, before.confidence)
    np.testing.assert_array_equal(annotation.states[:-1], before.states[:-1])
    assert annotation.states[-1].tolist()[:3] == [State.PREDICTED, State.EDITED, State.PREDICTED]


@pytest.mark.parametrize("state", [State.EDITED, State.APPROVED])
def test_what_a_human_drew_or_approved_is_left_alone_and_not_crossed(
    session: Session, state: State
) -> None:
    session.set_state([3], state, ["masks"])
    outline(session, 1)
    offered = offer(session)
    assert offered is not None
    assert offered.b_scans == (0, 2)


def test_it_takes_the_place_of_what_an_engine_drew_of_it(session: Session) -> None:
    poor = {b: pocket(125 + 4 * b, 120 + 3 * b, 8, 14) for b in (1, 2)}
    predict(session, poor, SRF)
    draw(session, 1, Eraser(), [(129, 110), (129, 140)])
    outline(session, 1)
    offered = offer(session)
    assert offered is not None
    assert dice(labels_of(offered, 2), 2) > 0.85
    assert not (labels_of(offered, 2) == SRF).any()


def test_a_pocket_that_is_right_already_is_not_offered(session: Session) -> None:
    predict(session, {b: PLACES[b] for b in (2, 3, 4)})
    outline(session, 1)
    offered = offer(session)
    assert offered is not None
    assert 2 not in offered.b_scans


def test_what_was_erased_is_erased_on_the_b_scans_around(session: Session) -> None:
    false = {b: pocket(80 + 4 * b, 200, 8, 16) for b in EVERY}
    predict(session, false)
    draw(session, 3, Eraser(), [(92, 185), (92, 215)])
    assert not session.annotation.masks.labels[3].any()
    offered = offer(session)
    assert offered is not None
    assert {2, 4} <= set(offered.b_scans)
    assert not labels_of(offered, 2).any()
    assert offered.title == "Corrections of masks offered to neighbours"


def test_a_pocket_of_another_class_is_carried_as_that(session: Session) -> None:
    predict(session, {b: PLACES[b] for b in range(5)})
    outline(session, 1, SRF)
    offered = offer(session)
    assert offered is not None
    assert dice(labels_of(offered, 2), 2, SRF) > 0.85
    assert not (labels_of(offered, 2) == IRF).any()


def test_locked_classes_and_other_pockets_stay(session: Session) -> None:
    other = pocket(100, 215, 6, 8)
    predict(session, {b: other | pocket(125 + 4 * b, 110 + 3 * b, 6, 12) for b in EVERY}, SRF)
    before = session.annotation.masks.labels.copy()
    outline(session, 1)
    offered = offer(session, locked=frozenset({SRF}))
    assert offered is not None
    kept = labels_of(offered, 2)
    np.testing.assert_array_equal(kept == SRF, before[2] == SRF)
    free = offer(session)
    assert free is not None
    assert (labels_of(free, 2)[other] == SRF).all()


def test_between_two_corrected_b_scans_both_are_heard(session: Session) -> None:
    outline(session, 0)
    outline(session, 2)
    offered = offer(session)
    assert offered is not None
    assert dice(labels_of(offered, 1), 1) > 0.9


def test_strokes_since_the_engine_are_the_corrections(session: Session) -> None:
    assert mask_corrections(session.annotation, session.history.done) == ()
    draw(session, 2, Brush(), [(100, 100)])
    draw(session, 2, Brush(), [(100, 200)])
    (found,) = mask_corrections(session.annotation, session.history.done)
    assert found.b == 2
    assert not found.before.any()
    np.testing.assert_array_equal(found.after, session.annotation.masks.labels[2])
    pocket_drawn = pocket_at(session.annotation.masks.labels, 2, 100, 100)
    assert pocket_drawn is not None
    relabel_pocket(session, pocket_drawn, 0)
    (found,) = mask_corrections(session.annotation, session.history.done)
    assert not found.after[100, 100]
    session.undo()
    session.undo()
    session.undo()
    assert mask_corrections(session.annotation, session.history.done) == ()
    draw(session, 2, Brush(), [(100, 100)])
    predict(session, {})
    assert mask_corrections(session.annotation, session.history.done) == ()


def test_an_accepted_offer_is_no_correction_of_its_own(session: Session) -> None:
    outline(session, 1)
    offered = offer(session)
    assert offered is not None
    session.adopt(offered)
    assert [c.b for c in mask_corrections(session.annotation, session.history.done)] == [1]
    again = offer(session)
    assert again is None or set(again.b_scans) <= {0, 2, 3, 4}


def test_nothing_to_carry_or_cancelled_is_no_offer(session: Session) -> None:
    assert offer(session) is None
    outline(session, 1)
    annotation, done = session.annotation, session.history.done
    masks = mask_corrections(annotation, done)
    assert propagated(session.scan, annotation, (), EVERY, lambda: True, masks) is None
