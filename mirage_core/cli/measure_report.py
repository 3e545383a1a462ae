"""Reports of `mirage measure`: one file per scan and grader in a folder."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from mirage_core.cli.console import CommandError

if TYPE_CHECKING:
    from mirage_core.annotate import Annotation
    from mirage_core.measure.tables import ScanFigures
    from mirage_core.scan import Scan


class ReportFormat(StrEnum):
    """What a report is written as."""

    PDF = "pdf"
    HTML = "html"


class Reports:
    """Writes reports into a folder, which is made when the first one is.

    Parameters
    ----------
    folder : Path
    kind : ReportFormat
    overwrite : bool
        Replace files that are there.

    Raises
    ------
    CommandError
        If matplotlib is not installed, before anything is measured.
    """

    def __init__(self, folder: Path, kind: ReportFormat, *, overwrite: bool = False) -> None:
        from importlib.util import find_spec

        if find_spec("matplotlib") is None:
            raise CommandError(
                "Reports are drawn by matplotlib, which is not installed.",
                "Install it (pip install matplotlib), or leave --report out.",
            )
        self._folder = folder
        self._kind = kind
        self._overwrite = overwrite
        self._written: set[str] = set()

    def write(
        self, name: str, grader: str, scan: Scan, annotation: Annotation, figures: ScanFigures
    ) -> Path:
        """Write the report of one scan and return its path; nothing of the patient is on it.

        Raises
        ------
        ExportError
        """
        from mirage_core.cli.measure_files import write_report
        from mirage_core.io.atomic import explain_os_error
        from mirage_core.io.export_request import safe_stem
        from mirage_core.measure.report import Heading

        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise explain_os_error(error, self._folder) from error
        stem = safe_stem(f"{name}-{grader}" if grader else name)
        # Two results may be of one scan.
        n, free = 1, stem
        while free in self._written:
            n += 1
            free = f"{stem}-{n}"
        self._written.add(free)
        path = self._folder / f"{free}.{self._kind.value}"
        heading = Heading(name, grader)
        write_report(path, scan, annotation, figures, heading, overwrite=self._overwrite)
        return path
