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
    """Keeps events durably."""

    def record(self, events: Sequence[Event]) -> None:
        """Write `events` in one transaction; durable when it returns.

        Raises
        ------
        JournalError
            If they could not be written; then none of them was.
        """
        ...


class MemoryJournal:
    """A journal that keeps nothing beyond the process; for scripts and tests."""

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

    def replay(self, event: Event) -> Edit | None:
        """Follow `event`; return the edit it applied, took back or brought back."""
        if event.kind is EventKind.DO:
            if event.edit is None:
                raise ValueError("a do event needs its edit")
            self.done.append(event.edit)
            self.undone.clear()
            return event.edit
        source, sink = (
            (self.done, self.undone) if event.kind is EventKind.UNDO else (self.undone, self.done)
        )
        if not source:
            return None
        edit = source.pop()
        sink.append(edit)
        return edit

    @classmethod
    def from_events(cls, events: Iterable[Event]) -> History:
        """Rebuild a history from its log."""
        history = cls()
        for event in events:
            history.replay(event)
        return history
