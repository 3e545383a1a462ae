"""`mirage measure`: the clinical figures of projects, results and scans, as one table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from mirage_core.cli.console import (
    EXIT_FAILED,
    CommandError,
    DebugFlag,
    JsonFlag,
    failures,
    print_json,
    stderr,
    stdout,
)
from mirage_core.cli.inputs import SpacingOption, parse_spacing
from mirage_core.cli.measure_report import ReportFormat, Reports
from mirage_core.cli.progress import progress_bar
from mirage_core.cli.words import GIVE_SPACING, counted, describe, sentence

if TYPE_CHECKING:
    from mirage_core.cli.measure_sources import Loaded, Work
    from mirage_core.measure.fovea import Fovea
    from mirage_core.measure.measured import Measured
    from mirage_core.measure.tables import ScanFigures

_TOO_LITTLE = "Too little of the region is known."


def measure(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...",
            help="Projects, results of `mirage segment`, scans with surfaces, or folders of them.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="CSV to write, a row per figure.")],
    scans: Annotated[
        Path | None,
        typer.Option(help="Scan or folder of scans that results were made from: places, SLO."),
    ] = None,
    spacing: SpacingOption = "",
    fovea: Annotated[
        str,
        typer.Option(
            metavar="B,X",
            help="B-scan and A-scan of the fovea, counted from 1; for one scan. Default: sought.",
        ),
    ] = "",
    keep_names: Annotated[
        bool,
        typer.Option(
            "--keep-names",
            help="Name scans by their files and folders, which may hold a patient's name.",
        ),
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Also write a report of one page A4 per scan into DIR."),
    ] = None,
    report_format: Annotated[
        ReportFormat, typer.Option("--report-format", help="Of the reports.")
    ] = ReportFormat.PDF,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files of these names.")
    ] = False,
    as_json: JsonFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Measure thickness, fluid, drusen and atrophy. A figure without ground is left empty."""
    with failures(as_json, debug):
        place = _place(fovea)
        spacing_mm = parse_spacing(spacing)
        from mirage_core.cli.measure_files import HEADER
        from mirage_core.cli.measure_sources import Wishes, scans_by_sha256, works_at
        from mirage_core.io.atomic import TARGET_EXISTS_HINT, ExportError
        from mirage_core.io.csv_table import write_csv

        if out.exists() and not overwrite:  # before the work, not after it
            raise ExportError(out, f"{out} exists already.", TARGET_EXISTS_HINT)
        reports = None if report is None else Reports(report, report_format, overwrite=overwrite)
        wishes = Wishes(spacing_mm, scans_by_sha256(scans), keep_names)
        done = _Done()
        with ExitStack() as stack:
            works = [work for path in paths for work in works_at(path, wishes, stack)]
            if place is not None and len(works) != 1:
                raise CommandError(
                    f"--fovea is for one scan; there are {len(works)}.", "Measure it alone."
                )
            words = f"Measuring {counted(len(works), 'scan')}"
            with progress_bar(words, len(works), quiet=as_json) as advance, suppress(_NothingError):
                rows = _rows(works, place, done, advance, reports)
                write_csv(out, HEADER, rows, overwrite=overwrite)
        _say(out, done, as_json=as_json)
        if done.errors:
            raise typer.Exit(EXIT_FAILED)


@dataclass
class _Done:
    """What has become of the scans so far."""

    measured: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, str]] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    reports: list[Path] = field(default_factory=list)


class _NothingError(Exception):
    """Nothing could be measured: no table is written."""


def _rows(
    works: Sequence[Work],
    fovea: Fovea | None,
    done: _Done,
    advance: Callable[[float], None],
    reports: Reports | None,
) -> Iterator[tuple[str, ...]]:
    """Yield the table's rows, one scan in memory at a time; keep account in `done`."""
    from mirage_core.cli.measure_files import figure_rows
    from mirage_core.cli.measure_sources import NoSurfacesError

    for i, work in enumerate(works):
        try:
            loaded = work.load()
            name, scan, annotation = loaded.name, loaded.scan, loaded.annotation
            figures = _measured(loaded, fovea or work.fovea)
            if reports is not None:
                done.reports.append(reports.write(name, work.grader, scan, annotation, figures))
        except Exception as error:
            if isinstance(error, NoSurfacesError) and work.found:
                done.without.append(str(work.path))
                continue
            described = describe(error)
            if described is None and len(works) == 1:
                raise
            described = described or {
                "what": f"Something unexpected went wrong ({type(error).__name__}).",
                "hint": "Measure it alone with --debug and report what it shows.",
            }
            done.errors.append({"path": str(work.path), **described})
            continue
        finally:
            advance(i + 1)
        yield from figure_rows(name, work.grader, figures)
        done.measured.append(_summary(name, work.grader, figures))
    if not done.measured:
        raise _NothingError


def _place(text: str) -> Fovea | None:
    """Return the fovea of ``"B,X"``, counted from 1; None for no text."""
    if not text.strip():
        return None
    from mirage_core.measure.fovea import Fovea

    try:
        b, x = (float(part) - 1 for part in text.split(","))
    except ValueError:
        raise CommandError(f"{text!r} is no place of a fovea.", "Write it like 25,256.") from None
    return Fovea(b, x)


def _measured(loaded: Loaded, fovea: Fovea | None) -> ScanFigures:
    from mirage_core.measure.tables import measure_scan

    n, _, width = loaded.scan.shape
    if fovea is not None and not (0 <= fovea.b <= n - 1 and 0 <= fovea.x <= width - 1):
        raise CommandError(
            "The fovea given lies outside the scan.",
            f"It has B-scans 1 to {n} and A-scans 1 to {width}.",
        )
    return measure_scan(loaded.scan, loaded.annotation, fovea, looked_for=loaded.looked_for)


def _summary(name: str, grader: str, figures: ScanFigures) -> dict[str, Any]:
    """Return what is said of one scan."""
    found = {
        (r.structure, r.region, r.figure): None if r.measured.reason else r.measured.value
        for r in figures.rows
    }
    return {
        "scan": name,
        "grader": grader,
        "cst_um": found.get(("ILM..BM", "central", "CST")),
        "volume_mm3": found.get(("ILM..BM", "6 mm", "volume")),
        "figures": len(figures.rows),
        "refused": sum(1 for r in figures.rows if r.measured.reason),
        "reasons": sorted({_reason(r.measured) for r in figures.rows if r.measured.reason}),
        "flags": [flag.text for flag in figures.flags],
    }


def _reason(measured: Measured) -> str:
    """Return why a figure is refused, the same for all that are known too little of."""
    return _TOO_LITTLE if measured.reason.startswith("Known on ") else measured.reason


def _say(out: Path, done: _Done, *, as_json: bool) -> None:
    measured, errors, without = done.measured, done.errors, done.without
    if as_json:
        print_json(
            {
                "file": str(out) if measured else None,
                "scans": measured,
                "errors": errors,
                "without_surfaces": without,
                "reports": [str(path) for path in done.reports],
            }
        )
        return
    if measured:
        from rich.table import Table

        table = Table("Scan", "Grader", "CST µm", "Volume 6 mm mm³", "Figures", "Refused")
        for one in measured:
            cst, volume = one["cst_um"], one["volume_mm3"]
            table.add_row(
                escape(one["scan"]),
                escape(one["grader"]),
                "–" if cst is None else f"{cst:.0f}",
                "–" if volume is None else f"{volume:.2f}",
                str(one["figures"]),
                str(one["refused"]),
            )
        stdout().print(table)
        stdout().print(escape(f"{out}: {counted(len(measured), 'scan')}"))
    if done.reports:
        words = counted(len(done.reports), "report")
        stdout().print(escape(f"{done.reports[0].parent}: {words}"))
    for text in dict.fromkeys(text for one in measured for text in one["reasons"]):
        n = sum(text in one["reasons"] for one in measured)
        stderr().print(f"[yellow]Left empty:[/] {escape(text)} ({counted(n, 'scan')})")
    from mirage_core.scan.spacing import ENTER_SPACING

    if any(ENTER_SPACING in text for one in measured for text in one["reasons"]):
        stderr().print(f"[yellow]Note:[/] {GIVE_SPACING}")
    if without:
        words = f"{counted(len(without), 'scan')} without surfaces left out; segment them first."
        stderr().print(f"[yellow]Note:[/] {words}")
    for error in errors:
        stderr().print(f"[bold red]Error:[/] {escape(sentence(error))}")
