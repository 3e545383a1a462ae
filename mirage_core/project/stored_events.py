"""An annotation's events as they are read from the project, beginning at its snapshot."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import replace

from sqlalchemy import bindparam, select

from mirage_core.annotate import Annotation, EditDecodeError, Event, EventKind, History
from mirage_core.project.errors import ProjectError, Trouble
from mirage_core.project.event_rows import EventRow, event_of, placeholder
from mirage_core.project.schema import annotation_rows, events, snapshots
from mirage_core.project.snapshots import (
    Mark,
    NoSnapshotError,
    base_digest,
    chained,
    digest_of,
    restore,
)
from mirage_core.project.store import Store
from mirage_core.project.stored_patches import StoredPatches

_COLUMNS = tuple(events.c[name] for name in EventRow.__dataclass_fields__)
_ROWS = (
    select(events.c.seq, *_COLUMNS)
    .where(
        events.c.annotation == bindparam("of"),
        events.c.seq > bindparam("after"),
        events.c.seq <= bindparam("last"),
    )
    .order_by(events.c.seq)
)
_NO_END = 2**62
_UNREADABLE = EventRow(EventKind.DO.value, "", "", "", "", "", "", -1, None)


class StoredEvents:
    """The events of an annotation in order, to be gone through once; one is in memory at a time.

    Where there is a sound snapshot, they are those after it. Where one cannot be read, an event
    that changes nothing takes its place; none is removed from the project, and all the others
    are as they were.

    Parameters
    ----------
    store : Store
    annotation_id : int or None
        None has no events.
    base : Annotation
        The annotation before its first event. It is brought to what it was at the snapshot.

    Attributes
    ----------
    history : History
        At the snapshot, before the first event that is given.
    snapshot_seq : int
        Number of the last event in the snapshot; 0 where there is none.
    mark : Mark or None
        The last event that was given, or the snapshot's; None without an annotation.
    n_bytes : int
        Memory that the patches of all that were given take, in bytes.
    """

    def __init__(self, store: Store, annotation_id: int | None, base: Annotation) -> None:
        self._store = store
        self._base = base
        self._n_lost = self._n_damaged = 0
        self.history = History()
        self.mark: Mark | None = None
        self.n_bytes = 0
        if annotation_id is not None:
            beginning = Mark(annotation_id, 0, base_digest(base), 0)
            self.mark = self._restored(beginning) or beginning
        self.snapshot_seq = self.mark.seq if self.mark is not None else 0

    @property
    def problem(self) -> str:
        """A sentence about those that could not be read, once all were asked for; else empty."""
        n = self.mark.seq if self.mark is not None else 0
        sentences = []
        if self._n_lost:
            sentences.append(
                f"{_edits(self._n_lost)} of {n} cannot be read and were left out; they stay in "
                "the project, and everything else is here. Copy the project folder to a safe "
                "place and check the B-scans you worked on last."
            )
        if self._n_damaged:
            sentences.append(
                f"{_edits(self._n_damaged)} of {n} cannot be read any more: what they changed is "
                "here, but cannot be undone. Copy the project folder to a safe place."
            )
        return " ".join(sentences)

    def __iter__(self) -> Iterator[Event]:
        if self.mark is None:
            return
        for seq, row in self._rows(self.mark.annotation_id, self.mark.seq):
            self.mark = replace(self.mark, seq=seq, chain=chained(self.mark.chain, row))
            yield self._event(self.mark, row)

    def _event(self, mark: Mark, row: EventRow) -> Event:
        try:
            event = event_of(row, self._base)
        except EditDecodeError:
            self._n_lost += 1
            return placeholder(row)
        if event.edit is not None:
            patches = event.edit.patches
            patches.kept_by(StoredPatches(self._store, mark.annotation_id, mark.seq, row.crc32))
            self.n_bytes += patches.n_bytes
        return event

    def _rows(self, annotation_id: int, after: int) -> Iterator[tuple[int, EventRow]]:
        seq = after
        try:
            for seq, row in self._rows_at_once(annotation_id, after, _NO_END):
                yield seq, row
            return
        except ProjectError as error:
            if error.trouble is not Trouble.DAMAGED:
                raise
        yield from self._rows_one_by_one(annotation_id, seq)

    def _rows_at_once(
        self, annotation_id: int, after: int, last: int
    ) -> Iterator[tuple[int, EventRow]]:
        of = {"of": annotation_id, "after": after, "last": last}
        with self._store.read() as connection:
            for seq, *columns in connection.execute(_ROWS, of):
                yield seq, EventRow(*columns)

    def _rows_one_by_one(self, annotation_id: int, after: int) -> Iterator[tuple[int, EventRow]]:
        """Read around damaged pages; a row that cannot be read is an unknown edit."""
        with self._store.read() as connection:
            n = connection.execute(
                select(annotation_rows.c.n_events).where(annotation_rows.c.id == annotation_id)
            ).scalar_one()
        for seq in range(after + 1, n + 1):
            try:
                found = next(self._rows_at_once(annotation_id, seq - 1, seq), None)
            except ProjectError as error:
                if error.trouble is not Trouble.DAMAGED:
                    raise
                found = None
            yield found or (seq, _UNREADABLE)

    def _restored(self, beginning: Mark) -> Mark | None:
        """Begin at the snapshot and return its mark; None, and nothing changed, without one.

        Whatever is wrong with it, the events themselves say everything.
        """
        annotation_id = beginning.annotation_id
        query = select(snapshots.c.seq, snapshots.c.sha256, snapshots.c.content).where(
            snapshots.c.annotation == annotation_id
        )
        try:
            with self._store.read() as connection:
                found = connection.execute(query).one_or_none()
            if found is None:
                return None
            n_rows = chain = n_damaged = 0
            for seq, row in self._rows_at_once(annotation_id, 0, found.seq):
                n_rows += 1
                if seq != n_rows:
                    return None
                chain = chained(chain, row)
                # Nobody needs it yet, but now is when a backup still helps.
                n_damaged += zlib.crc32(row.payload or b"") != row.crc32
        except ProjectError:
            return None
        mark = replace(beginning, seq=n_rows, chain=chain)
        if mark.seq != found.seq or digest_of(mark, found.content) != found.sha256:
            return None
        try:
            self.history = restore(found.content, mark, self._base, self._store)
        except NoSnapshotError:
            return None
        self._n_damaged = n_damaged
        return mark


def _edits(n: int) -> str:
    return "1 edit" if n == 1 else f"{n} edits"
