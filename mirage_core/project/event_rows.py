"""One event of a session as a row of the log, and back."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate import (
    Annotation,
    Edit,
    EditDecodeError,
    Event,
    EventKind,
    Patch,
    Target,
    decode_edit,
    encode_edit,
)
from mirage_core.project import clock


@dataclass(frozen=True, slots=True)
class EventRow:
    """A row of the table ``events``, without its key."""

    kind: str
    author: str
    tool: str
    label: str
    time: str
    model_sha256: str
    b_scans: str
    crc32: int
    payload: bytes | None

    def says_the_same(self, other: EventRow) -> bool:
        """Return whether `other` is the same event; undos differ in nothing but their time."""
        return (self.kind, self.author, self.crc32) == (other.kind, other.author, other.crc32)


def row_of(event: Event) -> EventRow:
    """Return the row that keeps `event`."""
    edit = event.edit
    if edit is None:
        author = _storable(event.author)
        return EventRow(event.kind.value, author, "", "", clock.now(), "", "", 0, None)
    payload = event.encoded or encode_edit(edit)
    return EventRow(
        event.kind.value,
        _storable(event.author),
        edit.tool,
        _storable(edit.label),
        clock.to_text(edit.time),
        edit.model_sha256,
        b_scans_to_text(edit.b_scans),
        zlib.crc32(payload),
        payload,
    )


def _storable(text: str) -> str:
    """Return `text` as SQLite takes it: a name that is no Unicode must not stop an edit."""
    return text.encode("utf-8", "replace").decode("utf-8")


def event_of(row: EventRow, annotation: Annotation) -> Event:
    """Return the event that `row` keeps.

    Raises
    ------
    EditDecodeError
        If it is damaged, or does not fit `annotation`.
    """
    try:
        kind = EventKind(row.kind)
    except ValueError:
        raise EditDecodeError(f"unknown kind of event {row.kind!r}") from None
    if kind is not EventKind.DO:
        return Event(kind, None, row.author)
    payload = row.payload or b""
    if zlib.crc32(payload) != row.crc32:
        raise EditDecodeError("the checksum of a stored edit does not fit")
    edit = decode_edit(payload)
    arrays = {target: annotation.array(target) for target in edit.targets}
    if not all(_fits(patch, arrays[patch.target]) for patch in edit.patches):
        raise EditDecodeError("a stored edit does not fit its scan")
    return Event(kind, edit, row.author)


def _fits(patch: Patch, array: NDArray[np.generic]) -> bool:
    """Return whether `patch` lies within `array` and is of its type."""
    if patch.new.dtype != array.dtype or patch.new.ndim != array.ndim:
        return False
    places = zip(patch.origin, patch.new.shape, array.shape, strict=True)
    return all(o >= 0 and o + n <= size for o, n, size in places)


def placeholder(row: EventRow) -> Event:
    """Return an event that changes nothing, in place of one that cannot be read.

    It keeps undo and redo of the other edits in step, and still says which B-scans it was on.
    """
    if row.kind in (EventKind.UNDO, EventKind.REDO):
        return Event(EventKind(row.kind), None, row.author)
    nothing = np.empty((0, 1), np.uint8)
    patches = tuple(
        Patch(Target.STATES, (0, b), nothing, nothing) for b in b_scans_from_text(row.b_scans)
    )
    label = f"{row.label} (cannot be read)" if row.label else "An edit that cannot be read"
    return Event(EventKind.DO, Edit(patches, row.tool, label, row.author), row.author)


def b_scans_to_text(b_scans: Iterable[int]) -> str:
    """Return ascending B-scans as ranges: ``"0-3,7"``."""
    numbers = list(b_scans)
    if not numbers:
        return ""
    breaks = [i for i, (a, b) in enumerate(pairwise(numbers), 1) if b != a + 1]
    starts, ends = [0, *breaks], [*breaks, len(numbers)]
    spans = ((numbers[i], numbers[j - 1]) for i, j in zip(starts, ends, strict=True))
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in spans)


def b_scans_from_text(text: str) -> tuple[int, ...]:
    """Return the B-scans of :func:`b_scans_to_text`; what is no number is left out."""
    numbers: list[int] = []
    for span in text.split(",") if text else ():
        first, _, last = span.partition("-")
        if first.isdigit() and (not last or last.isdigit()):
            numbers += range(int(first), int(last or first) + 1)
    return tuple(numbers)
