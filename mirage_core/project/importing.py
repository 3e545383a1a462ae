"""Copying a scan's pixels into the project; a task for a worker process."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mirage_core.io.atomic import ExportError
from mirage_core.io.errors import ReadError
from mirage_core.project.errors import ProjectError, Trouble, trouble_of
from mirage_core.project.fingerprint import fingerprint
from mirage_core.scan import Scan

if TYPE_CHECKING:
    from mirage_core.project.pixels import Digests
    from mirage_core.project.records import ScanRecord
    from mirage_core.project.store import Store

SCANS = "scans"
_LEFTOVER_AGE_S = 600.0


def scan_file(folder: Path, scan_id: str) -> Path:
    """Return where a scan's pixels are kept."""
    return folder / SCANS / f"{scan_id}.h5"


def stored_scans(folder: Path) -> frozenset[str]:
    """Return the ids of the scans whose pixels are in a project; none if it cannot be looked in."""
    try:
        names = os.listdir(folder / SCANS)
    except OSError:
        return frozenset()
    return frozenset(name.removesuffix(".h5") for name in names if name.endswith(".h5"))


def import_pixels(
    folder: Path,
    scan_id: str,
    scan: Scan,
    report: Callable[[float], None] = lambda _fraction: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> str:
    """Write pixels, SLO and vendor surfaces of a registered scan to ``scans/<id>.h5``, once.

    For :func:`mirage_core.jobs.submit`; arguments are picklable. Nothing happens when the
    pixels are there already. A kill or a failure at any moment leaves no half file.

    Parameters
    ----------
    folder : Path
        Of the project.
    scan_id : str
        ``ScanRecord.id`` of this `scan`.
    report, cancelled
        See :mod:`mirage_core.engines.base`.

    Returns
    -------
    str
        SHA-256 of the display pixels ``uint8[b, z, x]`` in C order.

    Raises
    ------
    ImportCancelledError
    ProjectError
        If the disk is full, the folder gone, the record unknown or of another scan.
    ReadError
        If the source cannot be read, or a file under the id's name is damaged.
    """
    from mirage_core.project.pixels import read_digests
    from mirage_core.project.scans import ScanTable
    from mirage_core.project.store import open_store

    store = open_store(folder)
    try:
        scans = ScanTable(store)
        stored = scans.stored(scan_id)
        path = scan_file(folder, scan_id)
        if path.exists():
            # An import that was killed between the file and the database is completed here.
            if stored.sha256:
                return stored.sha256
            digests = read_digests(path)
        else:
            if fingerprint(scan) != stored.fingerprint:
                raise ProjectError(
                    folder,
                    Trouble.DAMAGED,
                    "The file holds another scan than the one registered.",
                    "Open the file again; it will be added as a scan of its own.",
                )
            digests = _written(folder, scan_id, scan, stored.metadata, report, cancelled)
        scans.set_imported(scan_id, digests.sha256, digests.root)
        _keep_thumbnail(store, scan_id, scan)
        return digests.sha256
    finally:
        store.close()


def import_whole(
    store: Store,
    scan: Scan,
    author: str = "",
    report: Callable[[float], None] = lambda _fraction: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[ScanRecord, bool]:
    """Bring `scan` into the project with its pixels: wholly, or nothing of it.

    A scan that is registered first and imported later can be worked on meanwhile, but one whose
    import is cancelled stays behind without pixels. Of a folder of scans nobody waits for one.

    Returns
    -------
    ScanRecord
    bool
        True if it is new. A known scan without pixels gets them.

    Raises
    ------
    ImportCancelledError, ProjectError, ReadError
        As for :func:`import_pixels`.
    """
    from mirage_core.project.metadata import scan_to_json
    from mirage_core.project.scans import ScanTable

    scans = ScanTable(store)
    mark = fingerprint(scan)
    known = scans.known(scan, mark, author)
    if known is not None:
        if not known.imported:
            import_pixels(store.folder, known.id, scan, report, cancelled)
        return scans.get(known.id), False
    fresh_id = str(uuid.uuid4())
    digests = _written(store.folder, fresh_id, scan, scan_to_json(scan), report, cancelled)
    path = scan_file(store.folder, fresh_id)
    try:
        record = scans.add_stored(fresh_id, scan, mark, author, digests)
    except BaseException:
        # Whether it got into the database is asked, not guessed: no record may lose its pixels.
        with suppress(ProjectError):
            if not scans.holds(fresh_id):
                path.unlink(missing_ok=True)
        raise
    if record.id != fresh_id:
        path.unlink(missing_ok=True)
        return record, False
    _keep_thumbnail(store, record.id, scan)
    return record, True


def _written(
    folder: Path,
    scan_id: str,
    scan: Scan,
    metadata: str,
    report: Callable[[float], None],
    cancelled: Callable[[], bool],
) -> Digests:
    from mirage_core.project.pixels import write_scan

    try:
        return write_scan(scan_file(folder, scan_id), scan, metadata, report, cancelled)
    except ExportError as error:
        cause = error.__cause__ or error
        raise ProjectError(folder, trouble_of(cause)) from error


def _keep_thumbnail(store: Store, scan_id: str, scan: Scan) -> None:
    from mirage_core.project.thumbnails import ThumbnailTable, thumbnail_png

    # The scan is in the project whatever becomes of its picture, which is made later if not now.
    with suppress(ReadError, ProjectError):
        ThumbnailTable(store).keep(scan_id, thumbnail_png(scan))


def remove_leftovers(folder: Path) -> None:
    """Remove what imports that were killed left behind; running ones are left alone."""
    for left in (folder / SCANS).glob(".mirage-*"):
        with suppress(OSError):
            newest = max(path.stat().st_mtime for path in (left, *left.rglob("*")))
            if _time_of_files_in(folder / SCANS) - newest > _LEFTOVER_AGE_S:
                shutil.rmtree(left)


def _time_of_files_in(folder: Path) -> float:
    """Return the time that a file changed now gets; on a share it is of another clock than ours."""
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".now-") as file:
        return os.fstat(file.fileno()).st_mtime
