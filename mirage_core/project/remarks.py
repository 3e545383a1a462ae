"""The table of remarks: what graders note on a scan, and its tags.

Both can be changed. The log of the scan says who changed them and when, never to what: it is
kept for good, and someone may type a real name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert

from mirage_core.project.records import Remark
from mirage_core.project.scans import note_in_log
from mirage_core.project.schema import remarks, scans
from mirage_core.project.store import Store


class RemarkTable:
    """Reads and writes remarks of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, scan_id: str) -> Remark:
        """Return the remark on a scan, an empty one where nobody noted anything."""
        query = select(remarks.c.note, remarks.c.tags).where(remarks.c.scan == scan_id)
        with self._store.read() as connection:
            row = connection.execute(query).one_or_none()
        return Remark() if row is None else _remark(*row)

    def all(self) -> dict[str, Remark]:
        """Return the remarks by scan id; scans without one are left out."""
        with self._store.read() as connection:
            rows = connection.execute(select(remarks)).all()
        return {row.scan: _remark(row.note, row.tags) for row in rows}

    def set_note(self, scan_id: str, text: str, author: str) -> Remark:
        """Keep `text` as the note on a scan."""
        return self._set(scan_id, author, note=text.strip())

    def set_tags(self, scan_id: str, tags: Iterable[str], author: str) -> Remark:
        """Give a scan `tags` in place of those it has."""
        return self._set(scan_id, author, tags=json.dumps(tidy_tags(tags), ensure_ascii=False))

    def _set(self, scan_id: str, author: str, **value: str) -> Remark:
        """Write one column of a remark; what is there already is not noted in the log again."""
        ((what, text),) = value.items()
        query = select(remarks).where(remarks.c.scan == scan_id)
        with self._store.write() as connection:
            if connection.execute(select(scans.c.id).where(scans.c.id == scan_id)).first() is None:
                raise KeyError(scan_id)
            row = connection.execute(query).one_or_none()
            now: dict[str, Any] = {"note": "", "tags": "[]"} if row is None else row._asdict()
            if now[what] != text:
                fresh = insert(remarks).values(**{**now, "scan": scan_id, what: text})
                connection.execute(fresh.on_conflict_do_update(["scan"], set_=value))
                note_in_log(connection, scan_id, author, what)
        return self.get(scan_id)


def tidy_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Return `tags` trimmed, each once whatever its case, in the order of the alphabet.

    A comma separates tags, since that is how people type them; of two spellings the first stays.
    """
    found: dict[str, str] = {}
    for tag in ",".join(tags).split(","):
        words = " ".join(tag.split())
        if words:
            found.setdefault(words.casefold(), words)
    return tuple(found[key] for key in sorted(found))


def _remark(note: str, tags: str) -> Remark:
    return Remark(note, tuple(json.loads(tags)))
