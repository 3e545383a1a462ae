"""ProjectFolder: a project's folder, and its scans, whoever works on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from mirage_core.io.errors import ReadError
from mirage_core.project.errors import ScanNotStoredError
from mirage_core.project.importing import import_pixels, remove_leftovers, scan_file
from mirage_core.project.metadata import agreeing, scan_from
from mirage_core.project.records import Remark, ScanRecord
from mirage_core.scan import Scan

if TYPE_CHECKING:
    from mirage_core.project.store import Store


class ProjectFolder:
    """The scans of an open project; :class:`~mirage_core.project.Project` adds work on them.

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
        from mirage_core.project.remarks import RemarkTable
        from mirage_core.project.scans import ScanTable
        from mirage_core.project.thumbnails import ThumbnailTable

        self._store = store
        self.folder = store.folder
        self.read_only = store.read_only
        self.notice = store.notice
        self.scans = ScanTable(store)
        self.remarks = RemarkTable(store)
        self.thumbnails = ThumbnailTable(store)

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

    def reader(self, what: str, hint: str) -> Self:
        """Open this project once more, for looking at it; `what` and `hint` say why only so."""
        from mirage_core.project.store import open_store

        return type(self)(open_store(self.folder, read_only=True, why=(what, hint)))

    def close(self) -> None:
        """Close the database."""
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

    def remark(self, record: ScanRecord) -> Remark:
        """Return what was noted on a scan."""
        return self.remarks.get(record.id)

    def set_note(self, record: ScanRecord, text: str, author: str = "") -> Remark:
        """Keep `text` as the note on a scan; the log tells that it changed, not what it says."""
        return self.remarks.set_note(record.id, text, author)

    def set_tags(self, record: ScanRecord, tags: Iterable[str], author: str = "") -> Remark:
        """Give a scan `tags` in place of those it has, trimmed, each once, in order."""
        return self.remarks.set_tags(record.id, tags, author)

    def thumbnail(self, record: ScanRecord) -> bytes | None:
        """Return a small PNG of a scan, made and kept now where there is none; for a worker.

        None while its pixels are not in the project.

        Raises
        ------
        ReadError
            If the stored pixels cannot be read.
        """
        from mirage_core.project.thumbnails import thumbnail_png

        png = self.thumbnails.get(record.id)
        if png is None and record.imported:
            png = thumbnail_png(self.open_scan(record))
            if not self.read_only:
                self.thumbnails.keep(record.id, png)
        return png

    def _scan_of(self, record: ScanRecord, scan: Scan | None) -> Scan:
        """Return the scan of `record`: as stored, or as read from its source and agreeing."""
        if scan is None:
            return self.open_scan(record)
        if scan.shape != record.shape:
            raise ValueError(f"scan is {scan.shape}, the project's record {record.shape}")
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
