"""Where a person put the fovea of a scan; a fovea that is sought is not kept."""

from __future__ import annotations

import json
import math

from sqlalchemy import Connection

from mirage_core.measure.fovea import Fovea, FoveaSource
from mirage_core.project.scans import note_in_log
from mirage_core.project.setting import put_setting, setting
from mirage_core.project.store import Store

_WHAT = "fovea"


class FoveaTable:
    """Reads and writes the foveas of one store, one a scan, whoever measures it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, scan_id: str) -> Fovea | None:
        """Return the fovea that was put into its place; None where it is to be sought."""
        with self._store.read() as connection:
            return _stored(connection, scan_id)

    def set(self, scan_id: str, fovea: Fovea | None, author: str) -> None:
        """Keep `fovea` for a scan, None to seek it again; the log of the scan keeps who did.

        Nothing happens where it is so already.

        Raises
        ------
        ValueError
            If `author` is empty.
        ProjectError
            If the project can only be read.
        """
        if not author.strip():
            raise ValueError("Say who puts the fovea; the project keeps the name.")
        with self._store.write() as connection:
            if _stored(connection, scan_id) == fovea:
                return
            value, detail = None, "sought"
            if fovea is not None:
                value = json.dumps(
                    {
                        "b": fovea.b,
                        "x": fovea.x,
                        "source": fovea.source.value,
                        "confidence": fovea.confidence,
                    }
                )
                # Counted from 1, as people do.
                where = f"B-scan {fovea.b + 1:.1f}, A-scan {fovea.x + 1:.1f}"
                detail = f"{where} ({fovea.source.value})"
            put_setting(connection, _key(scan_id), value)
            note_in_log(connection, scan_id, author, _WHAT, detail)


def _key(scan_id: str) -> str:
    return f"fovea:{scan_id}"


def _stored(connection: Connection, scan_id: str) -> Fovea | None:
    value = setting(connection, _key(scan_id))
    try:
        stored = json.loads(value) if value is not None else None
        if not stored:
            return None
        fovea = Fovea(
            float(stored["b"]),
            float(stored["x"]),
            FoveaSource(stored["source"]),
            float(stored["confidence"]),
        )
    except (ValueError, KeyError, TypeError):
        return None  # another program's: it is sought
    known = all(math.isfinite(v) for v in (fovea.b, fovea.x, fovea.confidence))
    return fovea if known else None
