"""What a grader may do to an eye, drawn at random by the tests of histories."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from mirage_core.annotate import Proposal, Session, State
from mirage_core.annotate.revert import reverted
from mirage_core.scan import Masks, Surfaces
from tests.annotate.eyes import B_SCANS, HEIGHT, NAMES, WIDTH, ordered_curves

Action = tuple[str, int, int, int]
"""What is done, and on which B-scan, surface and row."""


def actions(most: int) -> st.SearchStrategy[list[Action]]:
    """Return lists of up to `most` actions."""
    return st.lists(
        st.tuples(
            st.sampled_from(["draw", "paint", "undo", "redo", "adopt", "approve", "revert"]),
            st.integers(0, B_SCANS - 1),
            st.integers(0, len(NAMES) - 1),
            st.integers(0, HEIGHT - 1),
        ),
        max_size=most,
    )


def do(eye: Session, action: str, b: int, s: int, z: int) -> None:
    draft = eye.draft(b)
    if action == "draw":
        draft.curves[s, z % WIDTH :] = z
        eye.commit(draft, "pen", "Pen")
    elif action == "paint":
        draft.mask[z:, s:] = s % 7
        eye.commit(draft, "brush", "Brush")
    elif action == "adopt":
        values = ordered_curves(z)[:, None].repeat(B_SCANS, axis=1)
        marks = Masks(np.full((B_SCANS, HEIGHT, WIDTH), s % 7, np.uint8))
        every = tuple(range(B_SCANS))
        eye.adopt(Proposal(every, Surfaces(values, NAMES), None, marks, "graph", "Graph"))
    elif action == "approve":
        eye.set_state([b], State.APPROVED)
    elif action == "revert":
        reverted(eye, z % (len(eye.history.done) + 1), [b], [NAMES[s]])
    elif action == "undo":
        eye.undo()
    else:
        eye.redo()
