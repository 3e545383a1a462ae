"""The tables of scans and patients."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, Select, func, insert, select, update

from mirage_core.project import clock
from mirage_core.project.fingerprint import fingerprint, patient_digest
from mirage_core.project.importing import scan_file, stored_scans
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

if TYPE_CHECKING:
    from mirage_core.project.pixels import Digests


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
        known = self.known(scan, mark, author)
        return known if known is not None else self.get(self._register(scan, mark, author))

    def known(self, scan: Scan, mark: str, author: str) -> ScanRecord | None:
        """Return the record of a scan whose fingerprint is `mark`, None where it is new."""
        with self._store.read() as connection:
            scan_id = connection.execute(_with_fingerprint(mark)).scalar()
        if scan_id is None:
            return None
        if not self._store.read_only:
            self._complete(scan_id, scan, author)
        return self.get(scan_id)

    def add_stored(
        self, scan_id: str, scan: Scan, mark: str, author: str, digests: Digests
    ) -> ScanRecord:
        """Register a scan whose pixels are in the project already, as ``scans/<scan_id>.h5``.

        The record has another id where another program has added the scan since.
        """
        return self.get(self._register(scan, mark, author, scan_id, digests))

    def _register(
        self,
        scan: Scan,
        mark: str,
        author: str,
        scan_id: str = "",
        digests: Digests | None = None,
    ) -> str:
        """Insert a scan in one transaction and return its id, or that of the one known by then."""
        with self._store.write() as connection:
            # Asked again: another program may have added it since.
            there = connection.execute(_with_fingerprint(mark)).scalar()
            if there is not None:
                return str(there)
            scan_id = scan_id or str(uuid.uuid4())
            connection.execute(
                insert(scans).values(
                    id=scan_id,
                    patient=_patient(connection, scan.identity),
                    fingerprint=mark,
                    sha256=digests.sha256 if digests is not None else None,
                    root=digests.root if digests is not None else None,
                    source_format=scan.source_format,
                    metadata=scan_to_json(scan),
                    added=clock.now(),
                )
            )
            note_in_log(connection, scan_id, author, "added", scan.source_format)
            if digests is not None:
                note_in_log(connection, scan_id, "", "imported", digests.sha256)
        return scan_id

    def get(self, scan_id: str) -> ScanRecord:
        """Return one record, or raise KeyError."""
        with self._store.read() as connection:
            row = connection.execute(_RECORDS.where(scans.c.id == scan_id)).one_or_none()
        if row is None:
            raise KeyError(scan_id)
        return _record(row, scan_file(self._store.folder, row.id).exists())

    def holds(self, scan_id: str) -> bool:
        """Return whether there is a scan of this id."""
        query = select(scans.c.id).where(scans.c.id == scan_id)
        with self._store.read() as connection:
            return connection.execute(query).first() is not None

    def all(self) -> tuple[ScanRecord, ...]:
        """Return every record, in the order they were added."""
        with self._store.read() as connection:
            rows = connection.execute(_RECORDS.order_by(scans.c.added, scans.c.id)).all()
        # One look into the folder: on a share each file that is asked for takes its time.
        there = stored_scans(self._store.folder)
        return tuple(_record(row, row.id in there) for row in rows)

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
                note_in_log(connection, scan_id, "", "imported", sha256)

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
            note_in_log(connection, scan_id, author, "spacing", _spacing_words(spacing))
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
                note_in_log(connection, scan_id, author, "spacing", words)
            if "laterality" in learnt:
                note_in_log(connection, scan_id, author, "laterality", scan.laterality.value)

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
            note_in_log(connection, scan_id, author, "pseudonym")
        return self.get(scan_id)


def _record(row: Row[Any], there: bool) -> ScanRecord:
    """Return the record in `row`; `there` says whether its pixels are in the folder."""
    m = json.loads(row.metadata)
    acquisition = acquisition_of(m)
    b, z, x = m["shape"]
    return ScanRecord(
        id=row.id,
        fingerprint=row.fingerprint,
        # A file that was lost counts as not imported, so that its source can bring it back.
        sha256=row.sha256 if there else "",
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


def _with_fingerprint(mark: str) -> Select[Any]:
    return select(scans.c.id).where(scans.c.fingerprint == mark)


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


def note_in_log(
    connection: Connection, scan_id: str, author: str, what: str, detail: str = ""
) -> None:
    """Add to the log of a scan, within the caller's transaction; what it says stays for good."""
    connection.execute(
        insert(scan_log).values(
            scan=scan_id, time=clock.now(), author=author, what=what, detail=detail
        )
    )
