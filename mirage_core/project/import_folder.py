"""Every scan under a folder brought into a project; a task for a worker process or a thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mirage_core.io import ReadOptions, find_scans, open_scan
from mirage_core.io.errors import ReadError
from mirage_core.project.errors import ImportCancelledError, ProjectError
from mirage_core.project.folder_import import FailedScan, FolderImport, FoundTwice, ImportProgress
from mirage_core.project.importing import import_whole, remove_leftovers
from mirage_core.project.worklist import duplicates

if TYPE_CHECKING:
    from mirage_core.project.records import ScanRecord
    from mirage_core.project.store import Store


def import_folder(
    project: Path,
    folder: Path,
    author: str = "",
    options: ReadOptions | None = None,
    report: Callable[[ImportProgress], None] = lambda _progress: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> FolderImport:
    """Find every scan under `folder` and bring it into a project; see :func:`import_scans`.

    Raises
    ------
    ReadError
        If `folder` is not there or may not be read.
    ProjectError
        If the project cannot be opened, or only for reading.
    """
    sources = find_scans(folder)
    begun = time.monotonic()

    def tell(fraction: float) -> None:
        left_s = (time.monotonic() - begun) * (1 - fraction) / fraction if fraction else None
        report(ImportProgress.at(fraction, len(sources), left_s))

    return import_scans(project, sources, author, options, tell, cancelled)


def import_scans(
    project: Path,
    sources: Sequence[Path],
    author: str = "",
    options: ReadOptions | None = None,
    report: Callable[[float], None] = lambda _fraction: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> FolderImport:
    """Bring the scans at `sources` into a project, pixels and thumbnails included.

    For :func:`mirage_core.jobs.submit`; arguments and result are picklable. A source that cannot
    be read does not stop the others. Cancelling stops within a B-scan: what is in stays, and
    nothing is left of the scan in hand.

    Parameters
    ----------
    project : Path
        Folder of the project.
    sources : sequence of Path
        Files and folders of images, one scan each, as
        :func:`~mirage_core.io.find_scans` lists them.
    author : str
        Who imports, for the log.
    options : ReadOptions, optional
        What the files do not say; for every one the same.
    report, cancelled
        See :mod:`mirage_core.engines.base`.

    Raises
    ------
    ProjectError
        If the project cannot be opened, or only for reading.
    """
    with _writable(project) as store:
        run = _Run(store, author, options)
        for i, source in enumerate(sources):
            if not run.take(source, _share(report, i, len(sources)), cancelled):
                return run.result(len(sources) - i)
            report((i + 1) / len(sources))
        return run.result()


def _share(report: Callable[[float], None], done: int, total: int) -> Callable[[float], None]:
    """Return what is told of one scan, made into what is told of all."""
    return lambda part: report((done + part) / total)


@contextmanager
def _writable(project: Path) -> Iterator[Store]:
    from mirage_core.project.store import open_store

    store = open_store(project)
    try:
        with store.write():
            pass  # before hundreds of files are read
        remove_leftovers(project)
        yield store
    finally:
        store.close()


@dataclass
class _Run:
    """One import of many scans, and what has come of it so far."""

    store: Store
    author: str
    options: ReadOptions | None
    new: dict[str, ScanRecord] = field(default_factory=dict)
    known: dict[str, ScanRecord] = field(default_factory=dict)
    n_copies: int = 0
    failed: list[FailedScan] = field(default_factory=list)
    stopped: str = ""

    def take(
        self, source: Path, report: Callable[[float], None], cancelled: Callable[[], bool]
    ) -> bool:
        """Bring in one scan; return whether to go on with the next."""
        if cancelled():
            return False
        try:
            scan = open_scan(source, self.options)
            record, fresh = import_whole(self.store, scan, self.author, report, cancelled)
        except ImportCancelledError:
            return False
        except ProjectError as error:
            # Of the project, not of this scan: the next would meet the same.
            self.stopped = str(error)
            return False
        except ReadError as error:
            self.failed.append(FailedScan(error.path, error.what, error.hint))
        except Exception as error:
            # What a reader let through may hold anything; only its kind is told.
            what = f"Something unexpected went wrong ({type(error).__name__})."
            hint = "Open this scan by itself, and report what happens."
            self.failed.append(FailedScan(source, what, hint))
        else:
            if record.id in self.new or record.id in self.known:
                self.n_copies += 1
            else:
                (self.new if fresh else self.known)[record.id] = record
        return True

    def result(self, n_left: int = 0) -> FolderImport:
        """Return what came of it; `n_left` scans were not looked at."""
        from mirage_core.project.scans import ScanTable

        first = duplicates(ScanTable(self.store).all())
        new = tuple(self.new.values())
        return FolderImport(
            new,
            tuple(self.known.values()),
            tuple(FoundTwice(scan, first[scan.id]) for scan in new if scan.id in first),
            tuple(self.failed),
            self.n_copies,
            n_left,
            self.stopped,
        )
