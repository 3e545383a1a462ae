"""What is written of figures, by `mirage measure` and by the window: long table and report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mirage_core.io.atomic import atomic_file
from mirage_core.io.csv_table import figure_cell

if TYPE_CHECKING:
    from mirage_core.annotate import Annotation
    from mirage_core.measure.report import Heading
    from mirage_core.measure.tables import ScanFigures
    from mirage_core.scan import Scan

HTML_SUFFIXES = (".html", ".htm")
HEADER = (
    "scan",
    "grader",
    "structure",
    "region",
    "figure",
    "unit",
    "value",
    "coverage",
    "approved",
    "surfaces",
    "spacing",
    "note",
)


def figure_rows(name: str, grader: str, figures: ScanFigures) -> list[tuple[str, ...]]:
    """Return the rows of one scan, in the order of :data:`HEADER`.

    Parameters
    ----------
    name : str
        Pseudonym of the scan.
    grader : str
        Whose work it is.
    figures : ScanFigures
    """
    return [
        (
            name,
            grader,
            row.structure,
            row.region,
            row.figure,
            row.measured.unit,
            figure_cell(row.measured.value),
            _share(row.measured.coverage),
            _share(row.measured.approved),
            " ".join(row.measured.basis.surfaces),
            row.measured.basis.spacing,
            row.measured.reason or row.measured.note,
        )
        for row in figures.rows
    ]


def write_report(
    path: Path,
    scan: Scan,
    annotation: Annotation,
    figures: ScanFigures,
    heading: Heading,
    *,
    overwrite: bool = False,
) -> None:
    """Write the report of one page, as HTML where `path` ends so, else as PDF.

    Raises
    ------
    ExportError
        If `path` exists and `overwrite` is false, or the system refuses to write.
    ImportError
        If matplotlib is not installed.
    """
    from mirage_core.measure.report import html_report, write_pdf

    with atomic_file(path, overwrite=overwrite) as fresh:
        if path.suffix.lower() in HTML_SUFFIXES:
            fresh.write_text(html_report(scan, annotation, figures, heading), encoding="utf-8")
        else:
            with fresh.open("wb") as file:
                write_pdf(file, scan, annotation, figures, heading)


def _share(share: float) -> str:
    return "" if share != share else f"{share:.4f}"
