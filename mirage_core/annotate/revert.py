"""Looking back: B-scans as they were after an earlier edit, and bringing them back to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import numpy as np

from mirage_core.annotate.annotation import B_AXIS, Annotation
from mirage_core.annotate.edit import Edit, Patch
from mirage_core.annotate.history import History
from mirage_core.annotate.moment import BScanMoment, merged, patches_towards
from mirage_core.annotate.session import Session, b_scan_words


def edits_on(history: History, b: int) -> tuple[int, ...]:
    """Return which of the edits in effect touch B-scan `b`: indices into `history.done`."""
    return tuple(i for i, edit in enumerate(history.done) if b in edit.b_scans)


def as_of(annotation: Annotation, history_done: Sequence[Edit], n_done: int, b: int) -> BScanMoment:
    """Return B-scan `b` as it was after the first `n_done` edits in effect.

    Parameters
    ----------
    annotation : Annotation
        As it is now, with all of `history_done` in effect.
    history_done : sequence of Edit
        Oldest first.
    n_done : int
        0 is before the first edit.
    b : int

    Raises
    ------
    ValueError
        If there were never that many edits.
    """
    return _moments(annotation, history_done, n_done, (b,))[b]


def reverted(
    session: Session,
    n_done: int,
    b_scans: Sequence[int],
    structures: Sequence[str] | None = None,
) -> Edit | None:
    """Bring B-scans back to what they were after the first `n_done` edits, as one new edit.

    What is not chosen stays as it is: a surface that would cross one that stays stops at it. It
    is then not quite what was approved at the time, and counts as edited.

    Parameters
    ----------
    session : Session
    n_done : int
        Number of edits in effect at that moment; 0 is before the first.
    b_scans : sequence of int
    structures : sequence of str, optional
        Surfaces and ``"masks"``; by default all.

    Returns
    -------
    Edit or None
        None where nothing differs from then.

    Raises
    ------
    ValueError
        If there were never that many edits, or a structure is unknown.
    """
    annotation, done = session.annotation, session.history.done
    unknown = [name for name in structures or () if name not in annotation.structures]
    if unknown:
        raise ValueError(f"this annotation has no structure called {', '.join(unknown)}")
    names = structures if structures is not None else annotation.structures
    chosen = np.array([name in names for name in annotation.structures])
    patches: list[Patch] = []
    moments = _moments(annotation, done, n_done, b_scans)
    for b, then in moments.items():
        wanted = merged(then, BScanMoment.now(annotation, b), chosen, annotation.surfaces.names)
        patches += patches_towards(annotation, b, wanted)
    if not patches:
        return None
    now = datetime.now(UTC)
    when = _clock(done[n_done - 1].time, now) if n_done else "the beginning"
    what = f": {', '.join(structures)}" if structures is not None else ""
    label = f"Back to {when} on {b_scan_words(tuple(moments))}{what}"
    return session.apply(Edit(tuple(patches), "revert", label, session.author, now))


def _moments(
    annotation: Annotation, done: Sequence[Edit], n_done: int, b_scans: Iterable[int]
) -> dict[int, BScanMoment]:
    """Return every one of `b_scans` as :func:`as_of` does, in one walk over the edits."""
    if not 0 <= n_done <= len(done):
        raise ValueError(f"{len(done)} edits are in effect; there is no moment after {n_done}")
    moments = {b: BScanMoment.now(annotation, b) for b in b_scans}
    for edit in reversed(done[n_done:]):
        if moments.keys().isdisjoint(edit.b_scans):
            continue  # what it did need not be read
        for patch in reversed(edit.patches):
            for b in patch.b_scans:
                if b in moments:
                    _take_back(patch, moments[b], b)
    return moments


def _take_back(patch: Patch, moment: BScanMoment, b: int) -> None:
    axis, where = B_AXIS[patch.target], patch.where
    there = where[:axis] + where[axis + 1 :]
    moment.array(patch.target)[there] = patch.old.take(b - patch.origin[axis], axis)


def _clock(time: datetime, now: datetime) -> str:
    """Return `time` for people, on the clock on their wall; with its day if that is not today."""
    local, today = time.astimezone(), now.astimezone().date()
    return f"{local:%H:%M}" if local.date() == today else f"{local:%Y-%m-%d %H:%M}"
