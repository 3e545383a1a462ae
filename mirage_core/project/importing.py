"""Copying a scan's pixels into the project; a task for a worker process."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from mirage_core.io.atomic import ExportError
from mirage_core.project.errors import ProjectError, Trouble, trouble_of
from mirage_core.project.fingerprint import fingerprint
from mirage_core.scan import Scan

SCANS = "scans"
_LEFTOVER_AGE_S = 600.0


def scan_file(folder: Path, scan_id: str) -> Path:
    """Return where a scan's pixels are kept."""
    return folder / SCANS / f"{scan_id}.h5"


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
    from mirage_core.project.pixels import read_digests, write_scan
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
            try:
                digests = write_scan(path, scan, stored.metadata, report, cancelled)
            except ExportError as error:
                cause = error.__cause__ or error
                raise ProjectError(folder, trouble_of(cause)) from error
        scans.set_imported(scan_id, digests.sha256, digests.root)
        return digests.sha256
    finally:
        store.close()


def remove_leftovers(folder: Path) -> None:
    """Remove what imports that were killed left behind; running ones are left alone."""
    for left in (folder / SCANS).glob(".mirage-*"):
        with suppress(OSError):
            newest = max(path.stat().st_mtime for path in (left, *left.rglob("*")))
            if time.time() - newest > _LEFTOVER_AGE_S:
                shutil.rmtree(left)
