"""The tables of scans and patients."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select, update

from mirage_core.project import clock
from mirage_core.project.fingerprint import fingerprint, patient_digest
from mirage_core.project.importing import scan_file
from mirage_core.project.metadata import (
    acquisition_of,
    completed,
    scan_to_json,
    spacing_of,
    with_spacing,
)
from mirage_core.project.records import ScanRecord
from mirage_core.project.schema import patients, scan_log, scans, settings
from mirage_core.project.store import Store
from mirage_core.scan import Laterality, PatientIdentity, Scan, Spacing


@dataclass(frozen=True, slots=True)
class StoredScan:
    """What is needed to open a scan: see the table ``scans``."""

    fingerprint: str
    sha256: str
    root: str
    source_format: str
    metadata: str


class ScanTable:
    """Reads and writes scans of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, scan: Scan, author: str) -> ScanRecord:
        """Return the record of `scan`, registering it where it is new."""
        mark = fingerprint(scan)
        known = select(scans.c.id).where(scans.c.fingerprint == mark)
        with self._store.read() as connection:
            scan_id = connection.execute(known).scalar()
        if scan_id is not None and not self._store.read_only:
            self._complete(scan_id, scan, author)
        if scan_id is None:
            with self._store.write() as connection:
                # Asked again: another program may have added it since.
                scan_id = connection.execute(known).scalar()
                if scan_id is None:
                    scan_id = str(uuid.uuid4())
                    connection.execute(
                        insert(scans).values(
                            id=scan_id,
                            patient=_patient(connection, scan.identity),
                            fingerprint=mark,
                            source_format=scan.source_format,
                            metadata=scan_to_json(scan),
                            added=clock.now(),
                        )
                    )
                    _note(connection, scan_id, author, "added", scan.source_format)
        return self.get(scan_id)

    def get(self, scan_id: str) -> ScanRecord:
        """Return one record, or raise KeyError."""
        with self._store.read() as connection:
            row = connection.execute(_RECORDS.where(scans.c.id == scan_id)).one_or_none()
        if row is None:
            raise KeyError(scan_id)
        return self._record(row)

    def all(self) -> tuple[ScanRecord, ...]:
        """Return every record, in the order they were added."""
        with self._store.read() as connection:
            rows = connection.execute(_RECORDS.order_by(scans.c.added, scans.c.id)).all()
        return tuple(self._record(row) for row in rows)

    def stored(self, scan_id: str) -> StoredScan:
        """Return what is needed to open or import a scan, or raise KeyError."""
        query = select(
            scans.c.fingerprint,
            func.coalesce(scans.c.sha256, ""),
            func.coalesce(scans.c.root, ""),
            scans.c.source_format,
            scans.c.metadata,
        ).where(scans.c.id == scan_id)
        with self._store.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise KeyError(scan_id)
        return StoredScan(*row)

    def set_imported(self, scan_id: str, sha256: str, root: str) -> None:
        """Note that the pixels are in the project; what was noted first stays."""
        with self._store.write() as connection:
            done = connection.execute(
                update(scans)
                .where(scans.c.id == scan_id, scans.c.sha256.is_(None))
                .values(sha256=sha256, root=root)
            )
            if done.rowcount:
                _note(connection, scan_id, "", "imported", sha256)

    def set_spacing(
        self,
        scan_id: str,
        spacing_mm: tuple[float | None, float | None, float | None],
        author: str,
    ) -> ScanRecord:
        """Store what the user says the spacing is, in mm along b, z, x; None changes nothing."""
        with self._store.write() as connection:
            one = scans.c.id == scan_id
            metadata = connection.execute(select(scans.c.metadata).where(one)).scalar_one()
            # On what is stored now: another program may have set another component since.
            spacing = spacing_of(json.loads(metadata)).with_user(*spacing_mm)
            changed = with_spacing(metadata, spacing)
            connection.execute(update(scans).where(one).values(metadata=changed))
            _note(connection, scan_id, author, "spacing", _spacing_words(spacing))
        return self.get(scan_id)

    def _complete(self, scan_id: str, scan: Scan, author: str) -> None:
        """Take over what `scan` knows of spacing and eye and the project does not."""
        one = scans.c.id == scan_id
        query = select(scans.c.metadata).where(one)
        with self._store.read() as connection:
            if not completed(connection.execute(query).scalar_one(), scan)[1]:
                return
        with self._store.write() as connection:
            metadata, learnt = completed(connection.execute(query).scalar_one(), scan)
            connection.execute(update(scans).where(one).values(metadata=metadata))
            if "spacing" in learnt:
                words = _spacing_words(spacing_of(json.loads(metadata)))
                _note(connection, scan_id, author, "spacing", words)
            if "laterality" in learnt:
                _note(connection, scan_id, author, "laterality", scan.laterality.value)

    def set_pseudonym(self, scan_id: str, pseudonym: str, author: str) -> ScanRecord:
        """Rename the patient of a scan."""
        pseudonym = pseudonym.strip()
        if not pseudonym:
            raise ValueError("A pseudonym cannot be empty; type a name or a number.")
        with self._store.write() as connection:
            patient = connection.execute(
                select(scans.c.patient).where(scans.c.id == scan_id)
            ).scalar_one()
            holder = connection.execute(
                select(patients.c.id).where(patients.c.pseudonym == pseudonym)
            ).scalar()
            if holder not in (None, patient):
                raise ValueError(f"Another patient is called {pseudonym}; choose another name.")
            connection.execute(
                update(patients).where(patients.c.id == patient).values(pseudonym=pseudonym)
            )
            # Not the name itself: the log cannot be changed if someone typed a real one.
            _note(connection, scan_id, author, "pseudonym", "")
        return self.get(scan_id)

    def _record(self, row: Row[Any]) -> ScanRecord:
        m = json.loads(row.metadata)
        acquisition = acquisition_of(m)
        b, z, x = m["shape"]
        return ScanRecord(
            id=row.id,
            fingerprint=row.fingerprint,
            # A file that was lost counts as not imported, so that its source can bring it back.
            sha256=row.sha256 if scan_file(self._store.folder, row.id).exists() else "",
            pseudonym=row.pseudonym,
            title=m["title"],
            shape=(b, z, x),
            spacing=spacing_of(m),
            laterality=Laterality(m["laterality"]),
            acquired=acquisition.date,
            device=acquisition.device,
            simulated=acquisition.simulated,
            source_format=row.source_format,
            added=clock.parse(row.added),
        )


_RECORDS: Select[Any] = select(
    scans.c.id,
    scans.c.fingerprint,
    func.coalesce(scans.c.sha256, "").label("sha256"),
    patients.c.pseudonym,
    scans.c.metadata,
    scans.c.source_format,
    scans.c.added,
).join(patients)


def _patient(connection: Connection, identity: PatientIdentity | None) -> int:
    """Return the row of a patient, making one with the next free pseudonym where it is new."""
    salt = connection.execute(select(settings.c.value).where(settings.c.key == "salt")).scalar_one()
    digest = patient_digest(identity, salt)
    if digest is not None:
        known = connection.execute(
            select(patients.c.id).where(patients.c.digest == digest)
        ).scalar()
        if known is not None:
            return int(known)
    taken = set(connection.execute(select(patients.c.pseudonym)).scalars())
    number = len(taken) + 1
    while f"P{number:04d}" in taken:
        number += 1
    fresh = insert(patients).values(digest=digest, pseudonym=f"P{number:04d}")
    return int(connection.execute(fresh.returning(patients.c.id)).scalar_one())


def _spacing_words(spacing: Spacing) -> str:
    words = ", ".join("unknown" if v is None else f"{v:g}" for v in spacing.as_mm())
    return f"{words} mm (b, z, x)"


def _note(connection: Connection, scan_id: str, author: str, what: str, detail: str) -> None:
    connection.execute(
        insert(scan_log).values(
            scan=scan_id, time=clock.now(), author=author, what=what, detail=detail
        )
    )
