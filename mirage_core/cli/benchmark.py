"""`mirage benchmark`: how much work the program takes off a grader."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from mirage_core.cli.console import (
    CommandError,
    DebugFlag,
    JsonFlag,
    failures,
    print_json,
    stderr,
    stdout,
)
from mirage_core.cli.engine_choice import check_engine
from mirage_core.cli.progress import progress_bar

if TYPE_CHECKING:
    from mirage_core.annotate import Proposal
    from mirage_core.benchmark.aids import Aid
    from mirage_core.benchmark.effort import Report
    from mirage_core.benchmark.judging import Truth
    from mirage_core.scan import Scan

benchmark_app = typer.Typer(
    name="benchmark",
    help="How much work the program takes off a grader.",
    no_args_is_help=True,
)


@benchmark_app.callback()
def _benchmark() -> None:
    """Keep `grader` a command of its own."""


@benchmark_app.command("grader")
def grader(
    path: Annotated[
        Path | None,
        typer.Argument(help="A scan file with true surfaces; the built-in eye if none is given."),
    ] = None,
    truth: Annotated[
        list[str] | None,
        typer.Option(
            help="ARRAY=SURFACE or ARRAY=masks in a .npz, e.g. rpe=RPE; else the file's surfaces."
        ),
    ] = None,
    engine: Annotated[
        str, typer.Option(help="Engine that the grader begins with.", show_default="the default")
    ] = "",
    tolerance_px: Annotated[float, typer.Option(min=0.1, help="How far off is still right.")] = 2.0,
    columns: Annotated[
        float, typer.Option(min=0, max=1, help="Share of A-scans that may be further off.")
    ] = 0.02,
    dice: Annotated[
        float, typer.Option(min=0, max=1, help="Dice of a mask class that is right.")
    ] = 0.95,
    wobble: Annotated[
        int,
        typer.Option(min=1, help="A-scans over which curves are averaged before they are judged."),
    ] = 1,
    every: Annotated[int, typer.Option(min=1, help="Grade one of so many B-scans.")] = 1,
    as_json: JsonFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Let a simulated grader correct a scan, with and without each aid, and count."""
    with failures(as_json, debug):
        from mirage_core.benchmark.compare_aids import compare_aids
        from mirage_core.benchmark.judging import Tolerance
        from mirage_core.engines import default_engine

        name = engine or default_engine()
        check_engine(name, "segment")
        named = _pairs(truth or [])
        if path is None and named:
            raise CommandError("--truth names arrays of a file, and no file is given.")
        tolerance = Tolerance(tolerance_px, columns, wobble, dice)
        try:
            scan, proposal, true = _graded(path, named, name)
            with progress_bar(path.name if path else "Grading", 1.0, quiet=as_json) as advance:
                found = compare_aids(scan, proposal, true, tolerance, every=every, report=advance)
        except ValueError as error:
            raise CommandError(f"This cannot be graded: {error}.") from error
        b_scans = next(iter(found.values())).b_scans
        if as_json:
            print_json(
                {
                    "engine": name,
                    "b_scans": b_scans,
                    "surfaces": list(true.surfaces),
                    "classes": list(true.classes),
                    "aids": [_as_json(aids, report) for aids, report in found.items()],
                }
            )
            return
        stdout().print(_table(found))
        stderr().print(
            f"{b_scans} B-scans, {', '.join(true.names)}, beginning with {name}. Minutes are those "
            "of a model of a trained person who makes no mistake, not of a person."
        )


def _graded(
    path: Path | None, named: Mapping[str, str], engine: str
) -> tuple[Scan, Proposal, Truth]:
    """Return a scan, what an engine finds on it, and the truth."""
    from mirage_core.benchmark.truths import truth_of, truth_of_eye
    from mirage_core.io import open_scan
    from mirage_core.jobs.segment import segment_scan
    from mirage_core.simulate import demo_eye

    if path is None:
        eye = demo_eye()
        proposal = segment_scan(eye.scan, engine)
        return eye.scan, proposal, truth_of_eye(eye, proposal)
    scan = open_scan(path)
    true = truth_of(scan, path, named)
    return scan, segment_scan(scan, engine), true


def _as_json(aids: frozenset[Aid], report: Report) -> dict[str, object]:
    return {
        "with": sorted(aids),
        "per_b_scan": round(report.per_b_scan, 3),
        "interactions": dict(report.interactions),
        "minutes": round(report.seconds / 60, 2),
        "unmet": len(report.unmet),
    }


def _table(found: Mapping[frozenset[Aid], Report]) -> Table:
    from mirage_core.benchmark.effort import Act

    counted = {
        "Strokes": Act.STROKE,
        "Clicks": Act.CLICK,
        "Offers": Act.OFFER,
        "Answers": Act.ANSWER,
        "Tidied": Act.TIDY,
        "Undone": Act.UNDO,
    }
    table = Table("Aids", "Interactions a B-scan", *counted, "Minutes", "Not met")
    for aids, report in found.items():
        words = "none"
        if aids:
            words = "all of these" if len(aids) > 1 else next(iter(aids)).value
        counts = (str(report.interactions[act]) for act in counted.values())
        minutes, unmet = f"{report.seconds / 60:.1f}", str(len(report.unmet))
        table.add_row(words, f"{report.per_b_scan:.2f}", *counts, minutes, unmet)
    return table


def _pairs(truth: list[str]) -> dict[str, str]:
    pairs = {}
    for word in truth:
        key, equals, name = word.partition("=")
        if not (key and equals and name):
            raise CommandError(f"{word!r} is not ARRAY=SURFACE.", "For example rpe=RPE.")
        pairs[key] = name
    return pairs
