"""Adjudication: B-scans of a consensus taken over from the annotations of graders."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mirage_core.annotate.annotation import MASKS, Annotation, State
from mirage_core.annotate.draft import differing
from mirage_core.annotate.edit import Edit, Patch
from mirage_core.annotate.moment import BScanMoment, merged, patches_towards
from mirage_core.annotate.session import Session, b_scan_words
from mirage_core.scan import renumbering

TOOL = "adjudicate"
"""Tool of the edits, in the history and the audit trail."""


def choice(
    session: Session,
    other: Annotation,
    b_scans: Sequence[int],
    structures: Sequence[str] | None = None,
    source_name: str = "",
) -> Edit | None:
    """Return the edit that takes B-scans over from another annotation of the same scan.

    Nothing is changed: :meth:`Session.apply` does it, or, for whole volumes,
    :meth:`Session.prepared` in the background and :meth:`Session.adopt_prepared`.

    Surfaces come with their confidence and state, masks with theirs. Surfaces and mask classes
    are matched by name. Where only some structures are taken, a surface that would cross one
    that stays stops at it; it is then not quite what was approved and counts as edited, and the
    edit's label names it.

    Parameters
    ----------
    session : Session
        Of the consensus; its author is the adjudicator.
    other : Annotation
        Not changed.
    b_scans : sequence of int
    structures : sequence of str, optional
        Surfaces and ``"masks"``; by default all that `other` has. A surface that `other` does
        not have stays as it is.
    source_name : str
        Whose annotation it is, for the label ("B-scan 12 from Anna").

    Returns
    -------
    Edit or None
        None where nothing differs.

    Raises
    ------
    ValueError
        If `other` is of another scan, has no structure of a name asked for, or holds something
        on these B-scans that has no place in the consensus; the text is a sentence.
    """
    annotation = session.annotation
    here, there = annotation.masks.labels.shape, other.masks.labels.shape
    if here != there:
        raise ValueError(f"The other annotation is of another scan: {there}, not {here}.")
    chosen_b_scans = sorted(set(b_scans))
    names = tuple(structures) if structures is not None else _with_a_place(annotation, other)
    _must_have(annotation, other, names, chosen_b_scans, every=structures is None)
    taken = np.array([name in names for name in annotation.structures])
    patches: list[Patch] = []
    stopped = np.zeros(len(annotation.surfaces.names), bool)
    for b in chosen_b_scans:
        now = BScanMoment.now(annotation, b)
        wanted = _as_here(annotation, other, b, now, names)
        result = merged(wanted, now, taken, annotation.surfaces.names)
        stopped |= differing(result.curves, wanted.curves).any(axis=1) & taken[:-1]
        patches += patches_towards(annotation, b, result)
    if not patches:
        return None
    held = [annotation.surfaces.names[row] for row in np.flatnonzero(stopped).tolist()]
    label = _label(chosen_b_scans, source_name, structures, held)
    return Edit(tuple(patches), TOOL, label, session.author)


def chosen(
    session: Session,
    other: Annotation,
    b_scans: Sequence[int],
    structures: Sequence[str] | None = None,
    source_name: str = "",
) -> Edit | None:
    """Take B-scans over from another annotation, as one edit; see :func:`choice`."""
    edit = choice(session, other, b_scans, structures, source_name)
    return session.apply(edit) if edit is not None else None


def agreeing_choice(
    session: Session,
    one: Annotation,
    b_scans: Sequence[int],
    names: tuple[str, str],
    tolerance_px: float,
) -> Edit | None:
    """Return the edit that takes over the B-scans on which two graders agree; see :func:`choice`.

    They are taken as the first of the two drew them, not averaged: so every curve of a
    consensus was drawn by someone and can be looked up. B-scans of the consensus that were
    decided already, edited or approved there, are left as they are.

    Parameters
    ----------
    session : Session
        Of the consensus.
    one : Annotation
        Of the first.
    b_scans : sequence of int
        As :func:`~mirage_core.measure.triage.agreeing_b_scans` found them.
    names : (str, str)
        Of the first grader and of the second, for the label.
    tolerance_px : float
        How far apart the two may be, for the label.

    Returns
    -------
    Edit or None
        None where nothing is left to take or nothing differs.

    Raises
    ------
    ValueError
        As :func:`choice` does.
    """
    states = session.annotation.states
    fresh = [b for b in b_scans if (states[:, b] < State.EDITED).all()]
    source = f"{names[0]}, within {tolerance_px:g} px of {names[1]}"
    return choice(session, one, fresh, source_name=source)


def chosen_agreeing(
    session: Session,
    one: Annotation,
    b_scans: Sequence[int],
    names: tuple[str, str],
    tolerance_px: float,
) -> Edit | None:
    """Take over the B-scans on which two graders agree; see :func:`agreeing_choice`."""
    edit = agreeing_choice(session, one, b_scans, names, tolerance_px)
    return session.apply(edit) if edit is not None else None


def _with_a_place(annotation: Annotation, other: Annotation) -> tuple[str, ...]:
    return tuple(name for name in annotation.structures if name in other.structures)


def _must_have(
    annotation: Annotation,
    other: Annotation,
    names: Sequence[str],
    b_scans: Sequence[int],
    *,
    every: bool,
) -> None:
    """Raise ValueError unless `names`, or `every` structure drawn on `b_scans`, have a place."""
    for name in names:
        if name not in other.structures:
            raise ValueError(f"The annotation to take from has no structure called {name}.")
    drawn = np.isfinite(other.surfaces.values[:, list(b_scans)]).any(axis=(1, 2))
    wanted = [other.surfaces.names[row] for row in np.flatnonzero(drawn).tolist()]
    for name in (*names, *(wanted if every else ())):
        if name not in annotation.structures:
            raise ValueError(
                f"The consensus has no structure called {name}, so it cannot be taken over. "
                "Choose the structures to take."
            )
    if MASKS not in names:
        return
    table = renumbering(other.masks.scheme, annotation.masks.scheme)
    for b in b_scans:
        labels = other.masks.labels[b]
        homeless = table[labels[labels > 0]] < 0
        if homeless.any():
            name = other.masks.scheme.name_of(int(labels[labels > 0][homeless][0]))
            raise ValueError(
                f"The consensus has no mask class {name}, so these masks cannot be taken over. "
                "Choose the structures to take."
            )


def _as_here(
    annotation: Annotation, other: Annotation, b: int, now: BScanMoment, names: Sequence[str]
) -> BScanMoment:
    """Return B-scan `b` of `other` in the rows and classes of `annotation`.

    Rows that are not in `names` are those of `now`.
    """
    curves, confidence, states = now.curves.copy(), now.confidence.copy(), now.states.copy()
    for name in names:
        row, source = annotation.structures.index(name), other.structures.index(name)
        states[row] = other.states[source, b]
        if name != MASKS:
            curves[row] = other.surfaces.values[source, b]
            confidence[row] = other.confidence[source, b]
    mask = now.mask
    if MASKS in names:
        mask = other.masks.labels[b].copy()
        table = renumbering(other.masks.scheme, annotation.masks.scheme)
        mask[mask > 0] = table[mask[mask > 0]]
    return BScanMoment(curves, confidence, mask, states)


def _label(
    b_scans: Sequence[int],
    source_name: str,
    structures: Sequence[str] | None,
    held: Sequence[str],
) -> str:
    source = f" from {source_name}" if source_name else ""
    what = f": {', '.join(structures)}" if structures is not None else ""
    stop = f"; {', '.join(held)} stopped at what stays" if held else ""
    return f"{b_scan_words(b_scans)}{source}{what}{stop}"
