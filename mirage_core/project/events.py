"""The tables of annotations and of their events."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from mirage_core.annotate import Annotation, History, State
from mirage_core.io.native_layout import scheme_from_json, scheme_to_json
from mirage_core.project import clock
from mirage_core.project.event_rows import EventRow
from mirage_core.project.leases import beat, is_held
from mirage_core.project.records import AnnotationRecord
from mirage_core.project.schema import annotation_rows, events
from mirage_core.project.snapshot_keeper import SnapshotKeeper
from mirage_core.project.store import BUSY_MS, Store
from mirage_core.project.stored_events import StoredEvents
from mirage_core.project.stored_patches import StoredPatches
from mirage_core.scan import LabelScheme, Scan

# Built once: at every stroke only the values are new.
_INSERT = insert(events)
_SUMMARY = (
    update(annotation_rows)
    .where(annotation_rows.c.id == bindparam("of"))
    .values(
        n_events=bindparam("n"),
        changed=bindparam("now"),
        states=func.coalesce(bindparam("now_states"), annotation_rows.c.states),
    )
)
# Looked up, not made: a worklist of hundreds of scans holds tens of thousands of states.
_STATES = {state.value: state for state in State}
_COLUMNS = tuple(events.c[name] for name in EventRow.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class AnnotationHead:
    """What is needed to rebuild an annotation; `id` is None where none could be begun."""

    id: int | None
    surfaces: tuple[str, ...]
    scheme: LabelScheme


class LeaseLostError(Exception):
    """The annotation was opened elsewhere meanwhile."""


class EventLog:
    """Reads and appends events of one store.

    Attributes
    ----------
    edit_wait_ms : int
        How long an edit waits while another program writes. A window, which must not stand
        still, sets it to less: what cannot be written yet is kept in memory by its session.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.edit_wait_ms = BUSY_MS

    def annotation(
        self, scan_id: str, annotator: str, scan: Scan, annotation_id: int | None
    ) -> AnnotationHead:
        """Return the annotation asked for, begun where `annotator` has none.

        Raises
        ------
        KeyError
            If `annotation_id` is given and no annotation of this scan.
        """
        query = select(annotation_rows).where(annotation_rows.c.scan == scan_id)
        if annotation_id is not None:
            query = query.where(annotation_rows.c.id == annotation_id)
        else:
            query = query.where(annotation_rows.c.annotator == annotator)
        with self._store.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is not None:
            return _head(row)
        if annotation_id is not None:
            raise KeyError(annotation_id)
        fresh = Annotation.for_scan(scan)
        head = AnnotationHead(None, fresh.surfaces.names, fresh.masks.scheme)
        if self._store.read_only:
            return head
        with self._store.write() as connection:
            row = connection.execute(query).one_or_none()
            if row is not None:
                return _head(row)
            made = connection.execute(
                insert(annotation_rows)
                .values(
                    scan=scan_id,
                    annotator=annotator,
                    surfaces=json.dumps(head.surfaces),
                    scheme=scheme_to_json(head.scheme),
                    created=clock.now(),
                    n_events=0,
                )
                .returning(annotation_rows.c.id)
            ).scalar_one()
            return AnnotationHead(int(made), head.surfaces, head.scheme)

    def annotations(self) -> dict[str, list[AnnotationRecord]]:
        """Return the annotations of every scan by scan id, latest change first."""
        query = select(annotation_rows).order_by(
            annotation_rows.c.changed.desc(), annotation_rows.c.id
        )
        with self._store.read() as connection:
            rows = connection.execute(query).all()
        found: dict[str, list[AnnotationRecord]] = {}
        for row in rows:
            found.setdefault(row.scan, []).append(
                AnnotationRecord(
                    row.id,
                    row.scan,
                    row.annotator,
                    tuple(map(_STATES.__getitem__, row.states or b"")),
                    row.n_events,
                    clock.parse(row.changed) if row.changed else None,
                )
            )
        return found

    def last_seq(self, annotation_id: int) -> int:
        """Return the number of an annotation's last event, 0 when there is none."""
        query = select(func.max(events.c.seq)).where(events.c.annotation == annotation_id)
        with self._store.read() as connection:
            return connection.execute(query).scalar() or 0

    def append(
        self,
        annotation_id: int,
        token: str,
        after: int,
        rows: Sequence[EventRow],
        states: bytes | None,
        *,
        heartbeat: bool = False,
        doubtful: bool = False,
    ) -> None:
        """Write `rows` as events ``after + 1, …`` in one transaction.

        Parameters
        ----------
        annotation_id : int
        token : str
            Of the annotation's lease.
        after : int
            Number of the last event that is known to be written.
        rows : sequence of EventRow
        states : bytes or None
            State of every B-scan now; None keeps what was noted before.
        heartbeat : bool
            Renew the lease.
        doubtful : bool
            The last call failed, and some of `rows` may have reached the disk all the same.

        Raises
        ------
        LeaseLostError
            If `token` is no longer the annotation's lease; nothing was written.
        ProjectError
        """
        with self._store.write(self.edit_wait_ms) as connection:
            if not is_held(connection, annotation_id, token):
                raise LeaseLostError
            there = _written(connection, annotation_id, after, rows) if doubtful else 0
            fresh = [
                {"annotation": annotation_id, "seq": after + i, **asdict(row)}
                for i, row in enumerate(rows, 1)
                if i > there
            ]
            if fresh:
                connection.execute(_INSERT, fresh)
            connection.execute(
                _SUMMARY,
                {
                    "of": annotation_id,
                    "n": after + len(rows),
                    "now": clock.now(),
                    "now_states": states,
                },
            )
            if heartbeat:
                beat(connection, annotation_id)

    def read(self, annotation_id: int | None, base: Annotation) -> StoredEvents:
        """Return every event in order, read as they are asked for.

        `base` is what they are applied to; it is brought to the snapshot, where there is one.
        """
        return StoredEvents(self._store, annotation_id, base)

    def patches_of(self, annotation_id: int, seq: int, row: EventRow) -> StoredPatches:
        """Return what gives the patches of `row`, written as event `seq`, back."""
        return StoredPatches(self._store, annotation_id, seq, row.crc32)

    def snapshots(
        self, token: str, annotation: Annotation, history: History, opened_from: StoredEvents
    ) -> SnapshotKeeper:
        """Return what renews the snapshot of an annotation that is open for writing."""
        return SnapshotKeeper(self._store, token, annotation, history, opened_from)


def _written(
    connection: Connection, annotation_id: int, after: int, rows: Sequence[EventRow]
) -> int:
    """Return how many of `rows` are in the log already."""
    found = connection.execute(
        select(*_COLUMNS)
        .where(events.c.annotation == annotation_id, events.c.seq > after)
        .order_by(events.c.seq)
    ).all()
    same = (row.says_the_same(EventRow(*f)) for f, row in zip(found, rows, strict=False))
    if len(found) > len(rows) or not all(same):
        raise LeaseLostError
    return len(found)


def _head(row: Row[Any]) -> AnnotationHead:
    return AnnotationHead(row.id, tuple(json.loads(row.surfaces)), scheme_from_json(row.scheme))
