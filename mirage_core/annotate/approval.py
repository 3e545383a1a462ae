"""Approving B-scans, and taking it back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mirage_core.annotate.annotation import MASKS, State
from mirage_core.annotate.edit import Edit
from mirage_core.annotate.session import Session


def approve_all(session: Session) -> None:
    """Approve every B-scan on which something was found or drawn; a device's word alone stays."""
    states = session.annotation.b_scan_states()
    chosen = [b for b, s in enumerate(states) if State.VENDOR < s < State.APPROVED]
    if chosen:
        session.set_state(chosen, State.APPROVED)


def approve_structure(session: Session, name: str, b_scans: Iterable[int]) -> Edit | None:
    """Approve one surface, or the masks, on `b_scans` as one edit; None if nothing changed.

    A surface is approved where it is known; masks anywhere, since "no fluid here" is a finding.
    """
    states = session.annotation.states[session.annotation.structures.index(name)]
    chosen = [b for b in b_scans if states[b] != State.UNSEEN or name == MASKS]
    return session.set_state(chosen, State.APPROVED, (name,))


def unapprove(session: Session, b: int, names: Sequence[str] = ()) -> Edit | None:
    """Set what is approved on B-scan `b` back to edited: of `names`, or everything."""
    annotation = session.annotation
    states = zip(annotation.structures, annotation.states[:, b], strict=True)
    approved = [name for name, state in states if state == State.APPROVED]
    chosen = [name for name in approved if name in (names or approved)]
    return session.set_state([b], State.EDITED, chosen) if chosen else None
