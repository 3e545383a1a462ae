"""Approving one structure alone. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirage_core.annotate import MASKS, approval
from mirage_viewer.messages import Message

if TYPE_CHECKING:
    from mirage_viewer.controller import Desk
    from mirage_viewer.workbench import Workbench

_TOPIC = "approval"


def is_seen(window: Workbench) -> bool:
    """Return whether the work shown can be seen; uncover it where a comparison hides it."""
    if not window.canvas.covered:
        return True
    window.compare_models_panel.work.setChecked(True)
    text = "Your own work was hidden under the comparison. Here it is: look, then approve."
    window.desk.say(Message(text, topic=_TOPIC))
    return False


def approve_structure(desk: Desk, name: str, what: str = "here") -> None:
    """Approve the surface `name`, or the masks.

    Parameters
    ----------
    desk : Desk
    name : str
        Of a structure of the annotation.
    what : {"here", "everywhere", "withdraw"}
        On the B-scan shown, on all B-scans, or take the approval back on the one shown.
    """
    if desk.session is None or desk.runner is None:
        return
    desk.runner.finish()
    n = desk.session.scan.n_b_scans
    title = "the masks" if name == MASKS else name
    text = ""  # what changes on the B-scan shown is seen in the list of layers
    if what == "withdraw":
        done = approval.unapprove(desk.session, desk.b, (name,))
    elif what == "everywhere":
        done = approval.approve_structure(desk.session, name, range(n))
        if done is not None:
            text = f"Approved {title} on {len(done.b_scans)} of {n} B-scans."
    else:
        done = approval.approve_structure(desk.session, name, (desk.b,))
    if done is None:
        text = f"Nothing to change: {title} is not known here, or it stands so already."
    desk.hush(_TOPIC)
    if done is not None and name == MASKS and what != "withdraw":
        desk.misplaced.approved(done.b_scans)
    if text:
        desk.say(Message(text, topic=_TOPIC))
