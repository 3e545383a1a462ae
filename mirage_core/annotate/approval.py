"""Approving B-scans, and taking it back."""

from __future__ import annotations

from mirage_core.annotate.annotation import State
from mirage_core.annotate.session import Session


def approve_all(session: Session) -> None:
    """Approve every B-scan on which something was found or drawn; a device's word alone stays."""
    states = session.annotation.b_scan_states()
    chosen = [b for b, s in enumerate(states) if State.VENDOR < s < State.APPROVED]
    if chosen:
        session.set_state(chosen, State.APPROVED)


def unapprove(session: Session, b: int) -> None:
    """Set what is approved on B-scan `b` back to edited."""
    annotation = session.annotation
    states = zip(annotation.structures, annotation.states[:, b], strict=True)
    approved = [name for name, state in states if state == State.APPROVED]
    if approved:
        session.set_state([b], State.EDITED, approved)
