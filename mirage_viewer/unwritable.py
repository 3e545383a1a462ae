"""Work that cannot be written to a project now: what is said, and where edits are till then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from mirage_core.annotate import JournalError
from mirage_viewer.messages import Level, Message

if TYPE_CHECKING:
    from mirage_core.annotate import Event
    from mirage_core.project import ScanBusyError

BUSY = "busy"
"""Topic of :func:`busy_message`."""


def busy_message(
    busy: ScanBusyError, try_again: Callable[[], object], take_over: Callable[[], object]
) -> Message:
    """Return what is said of a scan that another program has open for writing.

    It offers to `try_again`, and to `take_over` from another computer, of which nobody here can
    see whether the program there still runs.
    """
    hint = "Here you can look at the work saved so far. "
    if not busy.elsewhere:
        hint += "To work on it, close it there and try again."
        return Message(busy.what, hint, Level.WARNING, BUSY, "Try again", try_again)
    hint += (
        "Close it there and try again; take it over only if that program has ended, for it can "
        "save nothing more then."
    )
    return Message(
        busy.what, hint, Level.WARNING, BUSY, "Try again", try_again, "Take over", take_over
    )


def is_locked(error: Exception) -> bool:
    """Return whether another program was writing to the project, which it does not for long."""
    from mirage_core.project import ProjectError, Trouble

    return isinstance(error, ProjectError) and error.trouble is Trouble.BUSY


class NoJournal:
    """Refuses every edit, so that edits wait in memory and the window says "not saved"."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def record(self, events: Sequence[Event]) -> None:
        """Keep nothing.

        Raises
        ------
        JournalError
            With the reason.
        """
        raise JournalError(self._reason)
