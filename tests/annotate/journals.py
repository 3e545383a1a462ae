"""A journal that gives patches back, and one whose disk fills up and is emptied again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mirage_core.annotate import (
    Event,
    JournalError,
    MemoryJournal,
    Patch,
    UnreadableEditError,
    decode_edit,
    encode_edit,
)


class BytesJournal(MemoryJournal):
    """Keeps edits as bytes, so that their patches need not stay in memory.

    Attributes
    ----------
    full : bool
        Refuse what is to be recorded.
    lost : set of int
        Numbers of the edits, from 0, that cannot be read now.
    fetched : list of int
        Numbers of the edits whose patches were asked for, in that order.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stored: list[bytes] = []
        self.full = False
        self.lost: set[int] = set()
        self.fetched: list[int] = []

    def record(self, events: Sequence[Event]) -> None:
        """Keep `events`; from now on their patches can be had again."""
        if self.full:
            raise JournalError("The disk is full.")
        super().record(events)
        for event in events:
            if event.edit is not None:
                self.stored.append(encode_edit(event.edit))
                event.edit.patches.kept_by(Kept(self, len(self.stored) - 1))


@dataclass(frozen=True)
class Kept:
    """The patches of one edit of a :class:`BytesJournal`."""

    journal: BytesJournal
    number: int

    def fetch(self) -> tuple[Patch, ...]:
        """Decode them."""
        self.journal.fetched.append(self.number)
        if self.number in self.journal.lost:
            raise UnreadableEditError("Check that the drive is connected.")
        return decode_edit(self.journal.stored[self.number]).patches.load()
