"""When the snapshot of an open annotation is renewed, and how it gets into the project."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from sqlalchemy import delete, insert

from mirage_core.annotate import Annotation, EventKind, History
from mirage_core.project.errors import ProjectError
from mirage_core.project.event_rows import EventRow
from mirage_core.project.history_heads import seqs_of
from mirage_core.project.leases import is_held
from mirage_core.project.schema import snapshots
from mirage_core.project.snapshots import Mark, chained, digest_of, encode_snapshot
from mirage_core.project.store import Store
from mirage_core.project.stored_events import StoredEvents

WORTH_EVENTS = 1000
"""So many events after the last snapshot take longer to replay than one takes to write."""
WORTH_BYTES = 64 * 2**20
"""So do events that change so much, in bytes."""
_WAIT_MS = 200


class SnapshotKeeper:
    """Renews the snapshot of an annotation that is open for writing.

    Only while the annotation opens or closes, so that no stroke waits for it; and only if the
    session's history is the log's, edit by edit: what a session did that is not in the log must
    not come back as if it were.

    Parameters
    ----------
    store : Store
    token : str
        Of the annotation's lease.
    annotation : Annotation
    history : History
        The session's, which goes on.
    opened_from : StoredEvents
        What they were rebuilt from, all of it gone through.
    """

    def __init__(
        self,
        store: Store,
        token: str,
        annotation: Annotation,
        history: History,
        opened_from: StoredEvents,
    ) -> None:
        assert opened_from.mark is not None
        self._store = store
        self._token = token
        self._annotation = annotation
        self._history = history
        self._mark: Mark = opened_from.mark
        self._kept_seq = opened_from.snapshot_seq
        # None where an edit could not be read: then there is nothing sound to keep.
        self._done = seqs_of(history.done, store, self._mark.annotation_id)
        self._undone = seqs_of(history.undone, store, self._mark.annotation_id)

    def follow(self, seq: int, row: EventRow) -> None:
        """Note that event `seq` was written."""
        self._mark = replace(self._mark, seq=seq, chain=chained(self._mark.chain, row))
        if self._done is None or self._undone is None:
            return
        if row.kind == EventKind.DO:
            self._done.append(seq)
            self._undone.clear()
        elif row.kind == EventKind.UNDO and self._done:
            self._undone.append(self._done.pop())
        elif row.kind == EventKind.REDO and self._undone:
            self._done.append(self._undone.pop())

    def renew(self, n_bytes: int = 0) -> None:
        """Write a snapshot if one is worth it after `n_bytes` of changes; else leave it be.

        One that cannot be written is none: the events say everything.
        """
        n_events = self._mark.seq - self._kept_seq
        if n_events < WORTH_EVENTS and n_bytes < WORTH_BYTES:
            return
        mark, history = self._mark, self._history
        done = seqs_of(history.done, self._store, mark.annotation_id)
        undone = seqs_of(history.undone, self._store, mark.annotation_id)
        if done is None or undone is None or (done, undone) != (self._done, self._undone):
            return
        content = encode_snapshot(mark, self._annotation, history)
        row = {
            "annotation": mark.annotation_id,
            "seq": mark.seq,
            "sha256": digest_of(mark, content),
            "content": content,
        }
        with suppress(ProjectError), self._store.write(_WAIT_MS) as connection:
            if is_held(connection, mark.annotation_id, self._token):
                of = snapshots.c.annotation == mark.annotation_id
                connection.execute(delete(snapshots).where(of))
                connection.execute(insert(snapshots), row)
                self._kept_seq = mark.seq
