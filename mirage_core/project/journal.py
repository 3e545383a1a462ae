"""ProjectJournal: a session's journal in the project's database."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mirage_core.annotate import Annotation, Event, History, JournalError
from mirage_core.project.errors import ProjectError
from mirage_core.project.event_rows import EventRow, row_of
from mirage_core.project.metadata import b_scan_states

if TYPE_CHECKING:
    from mirage_core.project.project import Project
    from mirage_core.project.snapshot_keeper import SnapshotKeeper
    from mirage_core.project.stored_events import StoredEvents

_BEAT_S = 60.0


class ProjectJournal:
    """Keeps the events of one annotation; it holds the annotation's lease while it is open.

    Parameters
    ----------
    project : Project
    annotation_id : int or None
        None in a read-only project that has no such annotation: every `record` fails.
    take_over : bool
        Take the lease from a program on another computer.

    Raises
    ------
    ScanBusyError
        If another running program has the annotation open.
    """

    def __init__(
        self, project: Project, annotation_id: int | None, *, take_over: bool = False
    ) -> None:
        self._log = project.log
        self._leases = project.leases
        self._annotation_id = annotation_id
        self._annotation: Annotation | None = None
        self._snapshots: SnapshotKeeper | None = None
        self._token = ""
        self._seq = 0
        self._doubtful = False
        self._encoded: dict[int, tuple[Event, EventRow]] = {}
        self._beat_at = time.monotonic()
        self._refusal = project.notice if project.read_only else ""
        if annotation_id is not None and not project.read_only:
            self._token = self._leases.take(annotation_id, take_over=take_over)
            self._seq = self._log.last_seq(annotation_id)

    def follow(
        self,
        annotation: Annotation,
        history: History | None = None,
        opened_from: StoredEvents | None = None,
    ) -> None:
        """Keep the states of `annotation` for the worklist beside every event from now on.

        With its session's `history`, and the events that both were `opened_from`, a snapshot of
        it is kept too, now and when it is closed, where so much was done that it is worth it.
        """
        self._annotation = annotation
        if history is not None and opened_from is not None and self._token:
            self._snapshots = self._log.snapshots(self._token, annotation, history, opened_from)
            self._snapshots.renew(opened_from.n_bytes)

    def record(self, events: Sequence[Event]) -> None:
        """Write `events` in one transaction; durable when it returns.

        Raises
        ------
        JournalError
            If they could not be written; none of them was. The text says why and what to do.
        """
        # Imported here: the window knows this class before any project is open.
        from mirage_core.project.events import LeaseLostError

        if self._annotation_id is None or not self._token:
            raise JournalError(
                f"{self._refusal or 'This scan was closed.'} {_kept(len(events))} "
                "but will not be saved; export them, or copy the project to a place you may "
                "write to."
            )
        # What waited before is encoded already: each stroke of many that wait costs the same.
        self._encoded = {id(e): self._encoded.get(id(e)) or (e, row_of(e)) for e in events}
        rows = [row for _, row in self._encoded.values()]
        states = b_scan_states(self._annotation) if self._annotation is not None else None
        heartbeat = time.monotonic() - self._beat_at > _BEAT_S
        try:
            self._log.append(
                self._annotation_id,
                self._token,
                self._seq,
                rows,
                states,
                heartbeat=heartbeat,
                doubtful=self._doubtful,
            )
        except LeaseLostError:
            raise JournalError(
                f"This scan was opened in another program meanwhile. {_kept(len(events))} but "
                "cannot be saved here; export them before you close this window."
            ) from None
        except ProjectError as error:
            self._doubtful = True
            raise JournalError(
                f"{error.what} {error.hint} {_kept(len(events))} until the project can be "
                "written to; everything before is saved."
            ) from error
        for seq, (event, row) in enumerate(self._encoded.values(), self._seq + 1):
            if event.edit is not None:
                source = self._log.patches_of(self._annotation_id, seq, row)
                event.edit.patches.kept_by(source)
            if self._snapshots is not None:
                self._snapshots.follow(seq, row)
        self._seq += len(rows)
        self._doubtful = False
        self._encoded = {}
        if heartbeat:
            self._beat_at = time.monotonic()

    def close(self, *, finished: bool = True) -> None:
        """Give the lease back; unless `finished`, the work is offered as unfinished."""
        if self._annotation_id is not None and self._token:
            if self._snapshots is not None and finished:
                self._snapshots.renew()
            self._leases.give_back(self._annotation_id, self._token, finished=finished)
            self._token = ""


def _kept(n: int) -> str:
    return (
        "Your last edit is kept in memory"
        if n == 1
        else (f"Your last {n} edits are kept in memory")
    )
