"""What an engine found, and what of an annotation is a grader's."""

from __future__ import annotations

import numpy as np

from mirage_core.annotate import Proposal, Session, State
from mirage_core.annotate.engine_answer import by_hand, engine_answer
from mirage_core.scan import FLUID_SCHEME, ArrayPixels, Masks, Scan, ScanGeometry, Spacing, Surfaces

SHAPE = (4, 40, 20)
IRF = FLUID_SCHEME.by_name("IRF").value


def session() -> Session:
    pixels = ArrayPixels(np.zeros(SHAPE, np.uint8))
    return Session(Scan(pixels, Spacing.from_mm(0.1, 0.004, 0.01), ScanGeometry()), author="Anna")


def predict(session: Session, depth: float, b_scans: tuple[int, ...] = (0, 1, 2, 3)) -> None:
    n = len(b_scans)
    masks = Masks.empty((n, *SHAPE[1:]))
    masks.labels[:, 5:8, 2:6] = IRF
    curves = Surfaces(np.full((1, n, SHAPE[2]), depth, np.float32), ("RPE",))
    session.adopt(Proposal(b_scans, curves, None, masks, "graph", "Graph"))


def draw(session: Session, b: int, depth: float) -> None:
    draft = session.draft(b)
    draft.curves[row(session)] = depth
    draft.mask[:] = 0
    session.commit(draft, "pen", "Pen")


def row(session: Session) -> int:
    return session.annotation.surfaces.index("RPE")


def answer(session: Session):
    copy, done = session.moment()
    return engine_answer(copy, done)


def test_what_an_engine_drew_is_found_again_under_corrections() -> None:
    work = session()
    predict(work, 20)
    draw(work, 1, 25)
    draw(work, 1, 26)
    work.set_state([0, 1], State.APPROVED)
    found = answer(work)
    assert (found.surfaces["RPE"] == 20).all()
    assert (found.masks.labels == IRF).sum() == 4 * 12
    assert (found.states[row(work)] == State.PREDICTED).all()
    assert (found.states[-1] == State.PREDICTED).all()
    # The work itself stays as it is.
    assert (work.annotation.surfaces["RPE"][1] == 26).all()


def test_the_last_answer_counts_and_an_undone_one_does_not() -> None:
    work = session()
    predict(work, 20)
    draw(work, 1, 25)
    predict(work, 22)  # not where she drew
    found = answer(work)
    assert found.surfaces["RPE"][:, 0].tolist() == [22, 20, 22, 22]
    work.undo()
    assert (answer(work).surfaces["RPE"] == 20).all()


def test_what_no_engine_drew_is_not_known() -> None:
    work = session()
    predict(work, 20, (0, 1))
    draw(work, 2, 25)
    found = answer(work)
    assert np.isnan(found.surfaces["RPE"][2:]).all()
    assert (found.states[:, 2:] == State.UNSEEN).all()
    assert not found.masks.labels[2:].any()


def test_by_hand_is_what_was_edited_or_approved() -> None:
    work = session()
    predict(work, 20)
    draw(work, 1, 25)
    work.set_state([2], State.APPROVED)
    found = by_hand(work.annotation)
    assert np.isfinite(found.surfaces["RPE"][:, 0]).tolist() == [False, True, True, False]
    assert (found.states[row(work)] > 0).tolist() == [False, True, True, False]
