"""Tables that leave a project: the agreement of two graders, and the audit trail, as CSV.

Long format, UTF-8, B-scans counted from 1, times in UTC. Of the patient there is the pseudonym.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from mirage_core.io.csv_table import figure_cell, write_csv
from mirage_core.measure.comparison import Comparison
from mirage_core.measure.figures import Figure, figures, of_thickness
from mirage_core.measure.thickness_agreement import ThicknessAgreement
from mirage_core.project import clock
from mirage_core.project.event_rows import b_scans_to_text
from mirage_core.project.records import AuditRow, ScanRecord

AGREEMENT_COLUMNS = (
    "pseudonym",
    "scan",
    "first",
    "second",
    "kind",
    "structure",
    "figure",
    "unit",
    "value",
    "b_scans",
    "note",
)
AUDIT_COLUMNS = (
    "time_utc",
    "author",
    "what",
    "pseudonym",
    "scan",
    "annotator",
    "b_scans",
    "tool",
    "label",
    "model_sha256",
)


def write_agreement(
    path: Path,
    record: ScanRecord,
    graders: tuple[str, str],
    comparison: Comparison,
    *,
    overwrite: bool = False,
) -> None:
    """Write the agreement of two graders of a scan, a row per figure.

    An undefined figure is an empty cell; where a spacing is unknown the note says so.

    Raises
    ------
    ExportError
        If `path` exists and `overwrite` is false, or the system refuses to write.
    """
    write_agreements(path, graders, [(record, comparison)], overwrite=overwrite)


def write_agreements(
    path: Path,
    graders: tuple[str, str],
    compared: Iterable[tuple[ScanRecord, Comparison]],
    between: Sequence[ThicknessAgreement] = (),
    *,
    overwrite: bool = False,
) -> None:
    """Write the agreement of two graders on several scans, a row per figure.

    Parameters
    ----------
    path : Path
    graders : (str, str)
    compared : iterable of (ScanRecord, Comparison)
    between : sequence of ThicknessAgreement
        Of all scans together; in their rows no scan is named.
    overwrite : bool

    Raises
    ------
    ExportError
        If `path` exists and `overwrite` is false, or the system refuses to write.
    """

    def rows() -> Iterator[tuple[str, ...]]:
        for record, comparison in compared:
            for f in figures(comparison):
                yield (record.pseudonym, record.id, *graders, *_cells(f))
        for layer in between:
            for f in of_thickness(layer):
                yield ("", "", *graders, *_cells(f))

    write_csv(path, AGREEMENT_COLUMNS, rows(), overwrite=overwrite)


def _cells(f: Figure) -> tuple[str, ...]:
    return (
        f.kind,
        f.structure,
        f.name,
        f.unit,
        figure_cell(f.value),
        b_scans_for_people(f.b_scans),
        f.note,
    )


def write_audit(
    path: Path,
    trail: Iterable[tuple[ScanRecord | None, Iterable[AuditRow]]],
    *,
    overwrite: bool = False,
) -> None:
    """Write audit trails, a row per event, in the order given.

    Parameters
    ----------
    path : Path
    trail : iterable of (ScanRecord or None, rows)
        What :meth:`Project.audit` says of each scan; None for
        :meth:`Project.audit_of_project`.
    overwrite : bool

    Raises
    ------
    ExportError
        If `path` exists and `overwrite` is false, or the system refuses to write.
    """
    write_csv(
        path,
        AUDIT_COLUMNS,
        (
            (
                clock.to_text(row.time),
                row.author,
                str(row.what),
                record.pseudonym if record is not None else "",
                record.id if record is not None else "",
                row.annotator,
                b_scans_for_people(row.b_scans),
                row.tool,
                row.label,
                row.model_sha256,
            )
            for record, rows in trail
            for row in rows
        ),
        overwrite=overwrite,
    )


def b_scans_for_people(b_scans: Iterable[int]) -> str:
    """Return ascending B-scans as ranges, counted from 1: ``"1-4,8"``."""
    return b_scans_to_text(b + 1 for b in b_scans)
