"""ProjectJournal: a session's journal in the project's database."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mirage_core.annotate import Annotation, Event, JournalError
from mirage_core.project.errors import ProjectError
from mirage_core.project.event_rows import row_of
from mirage_core.project.metadata import b_scan_states

if TYPE_CHECKING:
    from mirage_core.project.project import Project

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
        self._token = ""
        self._seq = 0
        self._doubtful = False
        self._beat_at = time.monotonic()
        self._refusal = project.notice if project.read_only else ""
        if annotation_id is not None and not project.read_only:
            self._token = self._leases.take(annotation_id, take_over=take_over)
            self._seq = self._log.last_seq(annotation_id)

    def follow(self, annotation: Annotation) -> None:
        """Keep the states of `annotation` for the worklist beside every event from now on."""
        self._annotation = annotation

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
        rows = [row_of(event) for event in events]
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
                f"{error.what} {error.hint} {_kept(len(events))} and will be written as soon "
                "as that is possible."
            ) from error
        self._seq += len(rows)
        self._doubtful = False
        if heartbeat:
            self._beat_at = time.monotonic()

    def close(self, *, finished: bool = True) -> None:
        """Give the lease back; unless `finished`, the work is offered as unfinished."""
        if self._annotation_id is not None and self._token:
            self._leases.give_back(self._annotation_id, self._token, finished=finished)
            self._token = ""


def _kept(n: int) -> str:
    return (
        "Your last edit is kept in memory"
        if n == 1
        else (f"Your last {n} edits are kept in memory")
    )
