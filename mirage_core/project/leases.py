"""Leases: who has an annotation open for writing, now or when a program was killed."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from mirage_core.project import clock
from mirage_core.project.errors import ScanBusyError
from mirage_core.project.processes import host_name, is_running, this_process
from mirage_core.project.records import UnfinishedSession
from mirage_core.project.schema import leases
from mirage_core.project.store import Store

if TYPE_CHECKING:
    from mirage_core.project.events import EventLog
    from mirage_core.project.scans import ScanTable


class LeaseTable:
    """Takes and gives back leases of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._mine: dict[int, str] = {}

    def take(self, annotation_id: int, *, take_over: bool) -> str:
        """Lease an annotation and return the lease's token.

        Raises
        ------
        ScanBusyError
            If a running program, this one included, has it, or one on another computer, unless
            `take_over`. A second session of the same project object takes it over from the
            first.
        """
        token = str(uuid.uuid4())
        host, pid, started = this_process()
        now = clock.now()
        with self._store.write() as connection:
            one = leases.c.annotation == annotation_id
            row = connection.execute(select(leases).where(one)).one_or_none()
            if row is not None:
                mine = self._mine.get(annotation_id) == row.token
                if not (mine or take_over) and _alive(row):
                    raise self._busy(row)
                connection.execute(delete(leases).where(one))
            connection.execute(
                insert(leases).values(
                    annotation=annotation_id,
                    token=token,
                    host=host,
                    pid=pid,
                    started=started,
                    opened=now,
                    heartbeat=now,
                )
            )
        self._mine[annotation_id] = token
        return token

    def give_back(self, annotation_id: int, token: str, *, finished: bool) -> None:
        """End a lease; one that was taken over is left to its new holder.

        Unless `finished`, it looks from now on like that of a program that was killed.
        """
        one = (leases.c.annotation == annotation_id, leases.c.token == token)
        with self._store.write() as connection:
            if finished:
                connection.execute(delete(leases).where(*one))
            else:
                nobody = {"host": host_name(), "pid": 0, "started": "ended"}
                connection.execute(update(leases).where(*one).values(nobody))

    def dismiss(self, annotation_id: int) -> None:
        """Forget the lease of a program that runs no more."""
        with self._store.write() as connection:
            one = leases.c.annotation == annotation_id
            row = connection.execute(select(leases).where(one)).one_or_none()
            if row is not None and not _alive(row):
                connection.execute(delete(leases).where(one))

    def unfinished(self, scans: ScanTable, log: EventLog) -> tuple[UnfinishedSession, ...]:
        """Return what was open when its program ended, latest first."""
        with self._store.read() as connection:
            rows = connection.execute(select(leases).order_by(leases.c.heartbeat.desc())).all()
        dead = [row for row in rows if not _alive(row)]
        if not dead:
            return ()
        by_id = {a.id: a for group in log.annotations().values() for a in group}
        return tuple(
            UnfinishedSession(
                scans.get(by_id[row.annotation].scan_id),
                by_id[row.annotation],
                row.host,
                clock.parse(row.opened),
            )
            for row in dead
        )

    def _busy(self, row: Row[Any]) -> ScanBusyError:
        elsewhere = row.host != host_name()
        if elsewhere:
            since = clock.parse(row.heartbeat).astimezone().strftime("%H:%M on %d %B %Y")
            what = f"This scan is open on the computer {row.host}, last used at {since}."
            hint = "Close it there first; if that program has ended, take it over."
        else:
            what = "This scan is open in another window on this computer."
            hint = "Close it there, then open it here."
        return ScanBusyError(
            self._store.folder, row.host, what, hint, row.annotation, elsewhere=elsewhere
        )


_TOKEN = select(leases.c.token).where(leases.c.annotation == bindparam("of"))
_BEAT = (
    update(leases).where(leases.c.annotation == bindparam("of")).values(heartbeat=bindparam("now"))
)


def is_held(connection: Connection, annotation_id: int, token: str) -> bool:
    """Return, inside a write transaction, whether a lease is still the holder's."""
    return connection.execute(_TOKEN, {"of": annotation_id}).scalar() == token


def beat(connection: Connection, annotation_id: int) -> None:
    """Show other computers that the holder lives."""
    connection.execute(_BEAT, {"of": annotation_id, "now": clock.now()})


def _alive(row: Row[Any]) -> bool:
    """Return whether the holder may still run: never to be told by a clock, which may be wrong.

    What runs on another computer cannot be seen from here, however long it has been silent; a
    human who knows takes it over.
    """
    return row.host != host_name() or is_running(row.pid, row.started)
