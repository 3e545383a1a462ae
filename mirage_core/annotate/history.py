"""History: what was done, what was undone, and the events a journal records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from mirage_core.annotate.edit import Edit


class EventKind(StrEnum):
    """What happened."""

    DO = "do"
    UNDO = "undo"
    REDO = "redo"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; only ``DO`` carries an edit.

    The log of events is append-only: undoing and then editing anew never erases what was
    undone, it only takes it out of reach of redo. ``encoded`` are the edit's bytes where they
    were worked out ahead, elsewhere empty.
    """

    kind: EventKind
    edit: Edit | None = None
    author: str = ""
    encoded: bytes = b""


class JournalError(OSError):
    """The journal could not be written: disk full, folder gone, read-only."""


class Journal(Protocol):
    """Keeps events durably.

    One that can give an edit's patches back tells so once they are durable, by
    ``event.edit.patches.kept_by(source)``; only then may they leave memory.
    """

    def record(self, events: Sequence[Event]) -> None:
        """Write `events` in one transaction; durable when it returns.

        Raises
        ------
        JournalError
            If they could not be written; then none of them was.
        """
        ...


class MemoryJournal:
    """A journal that keeps nothing beyond the process; for scripts and tests.

    Its edits are the only copies there are, and stay in memory whole.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []

    def record(self, events: Sequence[Event]) -> None:
        """Keep `events` in memory."""
        self.events.extend(events)


@dataclass
class History:
    """Edits in effect, oldest first, and those that redo would bring back, next last."""

    done: list[Edit] = field(default_factory=list)
    undone: list[Edit] = field(default_factory=list)

    def meant(self, event: Event) -> Edit | None:
        """Return the edit that `event` applies, takes back or brings back; None if none is left."""
        if event.kind is EventKind.DO:
            if event.edit is None:
                raise ValueError("a do event needs its edit")
            return event.edit
        source = self.done if event.kind is EventKind.UNDO else self.undone
        return source[-1] if source else None

    def replay(self, event: Event) -> Edit | None:
        """Follow `event`; return the edit it applied, took back or brought back."""
        edit = self.meant(event)
        if edit is None:
            return None
        if event.kind is EventKind.UNDO:
            self.undone.append(self.done.pop())
        elif event.kind is EventKind.REDO:
            self.done.append(self.undone.pop())
        else:
            self.done.append(edit)
            self.undone.clear()
        return edit

    @classmethod
    def from_events(cls, events: Iterable[Event]) -> History:
        """Rebuild a history from its log."""
        history = cls()
        for event in events:
            history.replay(event)
        return history
