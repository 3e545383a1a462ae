"""One session's work done again in another, e.g. in a project elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from mirage_core.annotate.annotation import Annotation
from mirage_core.annotate.edit import Edit
from mirage_core.annotate.moment import BScanMoment, patches_towards
from mirage_core.annotate.patches import UnreadableEditError
from mirage_core.annotate.session import Session

TOOL = "copy"


def copy_edits(session: Session, edits: Sequence[Edit], copy: Session) -> None:
    """Do `edits` again in `copy`; from any thread, also while `session` goes on.

    Where some can no longer be read, because their drive is gone, say, those from the first to
    the last of them become one edit: single steps are lost then, but no work.

    Parameters
    ----------
    session : Session
    edits : sequence of Edit
        All that were in effect in `session`, oldest first; edits made since may follow.
    copy : Session
        Of the same scan, without edits.

    Raises
    ------
    UnreadableEditError
        If some cannot be read, and were undone in `session` meanwhile.
    """
    for i, edit in enumerate(edits):
        try:
            copy.apply(edit)
        except UnreadableEditError:
            end, then = _last_unreadable(session, edits)
            patches = [
                patch
                for b in range(session.scan.n_b_scans)
                for patch in patches_towards(copy.annotation, b, BScanMoment.now(then, b))
            ]
            label = f"{end - i} changes as one: they could not be read singly"
            if patches:
                copy.apply(Edit(patches, TOOL, label, copy.author, edits[end - 1].time))
            for later in edits[end:]:
                copy.apply(later)
            return


def _last_unreadable(session: Session, edits: Sequence[Edit]) -> tuple[int, Annotation]:
    """Return how many edits there are up to the last unreadable one, and what is known then."""
    then, done = session.moment()
    since = done[len(edits) :]
    if done[: len(edits)] != tuple(edits):
        raise UnreadableEditError("Changes were undone meanwhile; try again.")
    for edit in reversed(since):
        edit.revert(then)
    for end in range(len(edits), 0, -1):
        try:
            edits[end - 1].revert(then)
        except UnreadableEditError:
            return end, then
    return 0, then
