"""What of an annotation an engine found, and what of it is a grader's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mirage_core.annotate.annotation import Annotation, State
from mirage_core.annotate.edit import Edit
from mirage_core.scan import Masks, Surfaces


def engine_answer(annotation: Annotation, done: Sequence[Edit]) -> Annotation:
    """Return what an engine found before a grader changed it.

    Of every structure on every B-scan it is what stood there when its state was last
    ``predicted``; where it never was, nothing is known. For a background thread: it walks back
    over all edits.

    Parameters
    ----------
    annotation : Annotation
        As it is now, with all of `done` in effect; a copy, which is changed.
    done : sequence of Edit
        Edits in effect, oldest first.

    Raises
    ------
    UnreadableEditError
        If what an edit changed cannot be read any more.
    """
    found = Annotation.empty(
        annotation.masks.labels.shape, annotation.surfaces.names, annotation.masks.scheme
    )
    _take(annotation, found, np.arange(annotation.states.shape[1]))
    for edit in reversed(done):
        edit.revert(annotation)
        _take(annotation, found, np.asarray(edit.b_scans, np.intp))
    return found


def _take(now: Annotation, found: Annotation, b_scans: np.ndarray) -> None:
    """Take over what is predicted on `b_scans` now, and was not found later already."""
    wanted = now.states[:, b_scans] == State.PREDICTED
    wanted &= found.states[:, b_scans] == State.UNSEEN
    for row in np.flatnonzero(wanted[:-1].any(axis=1)).tolist():
        here = b_scans[wanted[row]]
        found.surfaces.values[row, here] = now.surfaces.values[row, here]
        found.confidence[row, here] = now.confidence[row, here]
        found.states[row, here] = State.PREDICTED
    for b in b_scans[wanted[-1]].tolist():
        found.masks.labels[b] = now.masks.labels[b]
        found.states[-1, b] = State.PREDICTED


def by_hand(annotation: Annotation) -> Annotation:
    """Return what of an annotation a grader edited or approved; the masks are not copied."""
    human = annotation.states >= State.EDITED
    curves = np.where(human[:-1, :, None], annotation.surfaces.values, np.float32(np.nan))
    return Annotation(
        Surfaces(curves, annotation.surfaces.names),
        Masks(annotation.masks.labels, annotation.masks.scheme),
        annotation.confidence,
        np.where(human, annotation.states, np.uint8(State.UNSEEN)),
    )
