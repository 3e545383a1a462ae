"""Project: the folder as the app, the plugin and the command line see it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from mirage_core.annotate import Session
from mirage_core.io.errors import ReadError
from mirage_core.project.errors import ProjectError, ScanNotStoredError, Trouble
from mirage_core.project.importing import import_pixels, remove_leftovers, scan_file
from mirage_core.project.journal import ProjectJournal
from mirage_core.project.metadata import agreeing, base_annotation, scan_from
from mirage_core.project.records import (
    AuditRow,
    ScanRecord,
    UnfinishedSession,
    WorklistRow,
)
from mirage_core.scan import Scan

if TYPE_CHECKING:
    from mirage_core.project.store import Store


class Project:
    """An open project folder.

    Use it as a context manager or call :meth:`close`. Calls are quick (a transaction of a few
    ms) except :meth:`import_pixels` and :meth:`verify`, which belong in a worker. One object
    may be used from several threads.

    Attributes
    ----------
    folder : Path
    read_only : bool
    notice : str
        A sentence to show when the project could only be opened for reading (a newer
        project, a folder without write access); else empty.
    """

    def __init__(self, store: Store) -> None:
        # Here and not above: a window that has no project open never loads the SQL driver.
        from mirage_core.project.events import EventLog
        from mirage_core.project.leases import LeaseTable
        from mirage_core.project.scans import ScanTable

        self._store = store
        self.folder = store.folder
        self.read_only = store.read_only
        self.notice = store.notice
        self.scans = ScanTable(store)
        self.log = EventLog(store)
        self.leases = LeaseTable(store)
        self._open: dict[Session, ProjectJournal] = {}

    @classmethod
    def create(cls, folder: Path | str) -> Self:
        """Make a new project in `folder`, which is created where it does not exist.

        Raises
        ------
        ProjectError
            If there is one already, or the folder cannot be written to.
        """
        from mirage_core.project.store import create_store

        return cls(create_store(Path(folder)))

    @classmethod
    def open(cls, folder: Path | str, *, read_only: bool = False) -> Self:
        """Open the project in `folder`; an older one is migrated (a backup is kept beside it).

        A project of a newer program, or one in a folder without write access, is opened for
        reading, and :attr:`notice` says so.

        Raises
        ------
        ProjectError
            If `folder` holds no project, or a damaged one.
        """
        from mirage_core.project.store import open_store

        project = cls(open_store(Path(folder), read_only=read_only))
        if not project.read_only:
            remove_leftovers(project.folder)
        return project

    @classmethod
    def open_or_create(cls, folder: Path | str) -> Self:
        """Open the project in `folder`, or make one where there is none."""
        if (Path(folder) / "project.db").exists():
            return cls.open(folder)
        return cls.create(folder)

    def close(self) -> None:
        """Close every session and the database.

        A session with edits that could not be saved stays marked as unfinished: check
        ``session.unsaved`` before, or use :meth:`close_session`, which refuses.
        """
        for session, journal in self._open.items():
            with suppress(ProjectError):  # a disk that is full must not keep a window open
                journal.close(finished=session.retry_saving())
        self._open.clear()
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def add_scan(self, scan: Scan, author: str = "") -> ScanRecord:
        """Register `scan` and return its record; quick, pixels are not copied yet.

        A scan that the project knows already (same pixels, whatever the file is called) gets
        its existing record, so that opening a file again continues the work on it; a spacing
        or an eye that was unknown so far is taken from it. Patient
        name, id and birth date are not stored: only a salted hash, by which scans of one
        patient share a pseudonym.

        Follow it with :func:`~mirage_core.project.import_pixels` in a worker unless
        ``record.imported``.
        """
        return self.scans.add(scan, author)

    def import_pixels(
        self,
        record: ScanRecord,
        scan: Scan,
        report: Callable[[float], None] = lambda _fraction: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> ScanRecord:
        """Copy the pixels into the project here and now; see :func:`import_pixels`."""
        import_pixels(self.folder, record.id, scan, report, cancelled)
        return self.scan(record.id)

    def scan(self, scan_id: str) -> ScanRecord:
        """Return the record of a scan, or raise KeyError."""
        return self.scans.get(scan_id)

    def open_scan(self, record: ScanRecord) -> Scan:
        """Return the scan as stored, B-scans read on demand.

        The spacing is the one in the project, which the user may have set. Every B-scan is
        compared with its digest when it is first read; a B-scan that is not what was imported
        raises :class:`~mirage_core.io.errors.ReadError` from ``scan.b_scan(b)``.
        ``scan.source_path`` is None.

        Raises
        ------
        ScanNotStoredError
            If the import never ended: the original file is needed.
        ReadError
            If the file is missing, unreadable or not what was imported.
        """
        from mirage_core.project.pixels import open_stored

        stored = self.scans.stored(record.id)
        if not stored.sha256:
            raise ScanNotStoredError(self.folder)
        content = open_stored(scan_file(self.folder, record.id), stored.root)
        return scan_from(stored.metadata, stored.source_format, content)

    def verify(
        self,
        record: ScanRecord,
        report: Callable[[float], None] = lambda _fraction: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Read every stored B-scan and compare its digest; for a background thread.

        Returns True when all is as imported, False when `cancelled` said to stop.

        Raises
        ------
        ScanNotStoredError, ReadError
        """
        scan = self.open_scan(record)
        for b in range(scan.n_b_scans):
            if cancelled():
                return False
            scan.b_scan(b)
            report((b + 1) / scan.n_b_scans)
        return True

    def set_spacing(
        self,
        record: ScanRecord,
        db: float | None = None,
        dz: float | None = None,
        dx: float | None = None,
        author: str = "",
    ) -> ScanRecord:
        """Store spacings in mm given by the user, flagged ``user``; None leaves one as it is.

        Open sessions keep the scan they have: give them ``scan.with_spacing(record.spacing)``.
        """
        return self.scans.set_spacing(record.id, (db, dz, dx), author)

    def set_pseudonym(self, record: ScanRecord, pseudonym: str, author: str = "") -> ScanRecord:
        """Rename the patient of `record` in this project; all scans of the patient follow.

        Raises
        ------
        ValueError
            If it is empty or another patient has it.
        """
        return self.scans.set_pseudonym(record.id, pseudonym, author)

    def session(
        self,
        record: ScanRecord,
        author: str,
        *,
        scan: Scan | None = None,
        annotation_id: int | None = None,
        take_over: bool = False,
        on_damage: Callable[[str], None] | None = None,
    ) -> Session:
        """Open one annotator's work on a scan, rebuilt from its events, undo history included.

        Every later edit is durable when the session's call returns. In a read-only project
        the session works in memory and ``session.save_problem`` says so at the first edit.

        Parameters
        ----------
        record : ScanRecord
        author : str
            Who edits now. By default it also chooses whose annotation is opened: that of
            `author`, begun where there is none. Two annotators of a scan never share one.
        scan : Scan, optional
            The scan as read from its source, while its pixels are not yet in the project; by
            default it is opened from the project. Spacing, eye and, once they are stored, the
            device's surfaces are the project's all the same.
        annotation_id : int, optional
            Open this annotation instead, e.g. an unfinished one; its owner stays the same.
        take_over : bool
            Open it even though a program on another computer seems to have it open; that
            program can then save nothing more here.
        on_damage : callable, optional
            Told in a sentence when stored edits cannot be read. They stay in the project,
            everything readable is applied, and work can go on.

        Raises
        ------
        ScanBusyError
            If another running program has this annotation open. What a killed program left
            open is taken over at once.
        ScanNotStoredError, ReadError
            If `scan` is not given and cannot be opened.
        """
        if scan is None:
            scan = self.open_scan(record)
        elif scan.shape == record.shape:
            scan = self._agreeing(record, scan)
        else:
            raise ValueError(f"scan is {scan.shape}, the project's record {record.shape}")
        annotation = self.log.annotation(record.id, author, scan, annotation_id)
        base = base_annotation(scan, annotation.surfaces, annotation.scheme)
        journal = ProjectJournal(self, annotation.id, take_over=take_over)
        try:
            events, problem = self.log.read(annotation.id, base)
            session = Session(scan, base, author, journal, events)
        except BaseException:
            journal.close()
            raise
        journal.follow(base)
        self._open[session] = journal
        if problem and on_damage is not None:
            on_damage(problem)
        return session

    def _agreeing(self, record: ScanRecord, scan: Scan) -> Scan:
        """Return a scan read from its source with what the project says of it."""
        from mirage_core.project.pixels import open_stored

        stored = self.scans.stored(record.id)
        vendor_surfaces = scan.vendor_surfaces
        if stored.sha256:
            # Edits stand on the surfaces that were imported; another export of the scan may
            # bring others. Where the stored file is gone, the source's are the next best.
            with suppress(ReadError):
                content = open_stored(scan_file(self.folder, record.id), stored.root)
                vendor_surfaces = content.vendor_surfaces
        return agreeing(scan, stored.metadata, vendor_surfaces)

    def close_session(self, session: Session) -> None:
        """Mark a session as properly closed; it is then no longer unfinished.

        Raises
        ------
        ProjectError
            If edits still wait to be written; the session stays open.
        """
        if not session.retry_saving():
            raise ProjectError(
                self.folder,
                Trouble.UNREACHABLE,
                f"{len(session.unsaved)} edits are not saved yet.",
                session.save_problem,
            )
        journal = self._open.pop(session, None)
        if journal is not None:
            journal.close()

    def unfinished(self) -> tuple[UnfinishedSession, ...]:
        """Return the work that ended without being closed (crash, power cut), latest first."""
        return self.leases.unfinished(self.scans, self.log)

    def dismiss(self, unfinished: UnfinishedSession) -> None:
        """Do not offer `unfinished` again. The work itself stays in the project."""
        self.leases.dismiss(unfinished.annotation.id)

    def worklist(self) -> tuple[WorklistRow, ...]:
        """Return every scan with everyone's work on it, in the order they were added."""
        annotations = self.log.annotations()
        return tuple(
            WorklistRow(scan, tuple(annotations.get(scan.id, ()))) for scan in self.scans.all()
        )

    def audit(self, scan_id: str) -> tuple[AuditRow, ...]:
        """Return everything that happened to a scan and its annotations, oldest first."""
        from mirage_core.project.audit import audit

        return audit(self._store, scan_id)
