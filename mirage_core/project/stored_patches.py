"""Patches of an edit, read from the project's database again."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from sqlalchemy import bindparam, select

from mirage_core.annotate import EditDecodeError, Patch, UnreadableEditError, decode_edit
from mirage_core.project.errors import ProjectError, Trouble
from mirage_core.project.schema import events
from mirage_core.project.store import Store

_PAYLOAD = select(events.c.payload).where(
    events.c.annotation == bindparam("of"), events.c.seq == bindparam("number")
)
_WHERE_DAMAGED = (
    "Export this scan as it is now and copy the whole project folder to a safe place; then put "
    "back project.db from a backup."
)


@dataclass(frozen=True, slots=True)
class StoredPatches:
    """Gives the patches of event `seq` of an annotation back; `crc32` is that of its payload."""

    store: Store
    annotation_id: int
    seq: int
    crc32: int

    def fetch(self) -> tuple[Patch, ...]:
        """Read, check and decode them.

        Raises
        ------
        UnreadableEditError
            If the project cannot be reached, or holds other bytes than were written.
        """
        try:
            with self.store.read() as connection:
                payload = connection.execute(
                    _PAYLOAD, {"of": self.annotation_id, "number": self.seq}
                ).scalar()
        except ProjectError as error:
            damaged = error.trouble is Trouble.DAMAGED
            raise UnreadableEditError(_WHERE_DAMAGED if damaged else error.hint) from error
        if payload is None or zlib.crc32(payload) != self.crc32:
            raise UnreadableEditError(_WHERE_DAMAGED)
        try:
            return decode_edit(payload).patches.load()
        except EditDecodeError as error:
            raise UnreadableEditError(_WHERE_DAMAGED) from error
