"""`mirage benchmark`: how much work the program takes off a grader."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
    path: Annotated[Path, typer.Argument(help="A scan file with true surfaces.")],
    truth: Annotated[
        list[str] | None,
        typer.Option(help="ARRAY=SURFACE in a .npz, e.g. rpe=RPE; else the file's own surfaces."),
    ] = None,
    engine: Annotated[
        str, typer.Option(help="Engine that the grader begins with.", show_default="the default")
    ] = "",
    tolerance_px: Annotated[float, typer.Option(min=0.1, help="How far off is still right.")] = 2.0,
    columns: Annotated[
        float, typer.Option(min=0, max=1, help="Share of A-scans that may be further off.")
    ] = 0.02,
    wobble: Annotated[
        int,
        typer.Option(min=1, help="A-scans over which curves are averaged before they are judged."),
    ] = 1,
    as_json: JsonFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Let a simulated grader correct a scan, with and without each aid, and count."""
    with failures(as_json, debug):
        from mirage_core.benchmark.aids import AIDS, compare_aids, truth_of
        from mirage_core.benchmark.grader import Tolerance
        from mirage_core.engines import default_engine
        from mirage_core.io import open_scan
        from mirage_core.jobs.segment import segment_scan

        name = engine or default_engine()
        check_engine(name, "segment")
        scan = open_scan(path)
        try:
            true = truth_of(scan, path, _pairs(truth or []))
            with progress_bar(path.name, 1.0, quiet=as_json) as advance:
                found = compare_aids(
                    scan,
                    segment_scan(scan, name),
                    true,
                    Tolerance(tolerance_px, columns, wobble),
                    report=advance,
                )
        except ValueError as error:
            raise CommandError(f"This cannot be graded: {error}.") from error
        words = [" and ".join(sorted(aids)) or "none" for aids in AIDS]
        if as_json:
            print_json(
                {
                    "engine": name,
                    "b_scans": found[0].b_scans,
                    "surfaces": list(true),
                    "aids": [
                        {
                            "with": sorted(aids),
                            "per_b_scan": round(r.per_b_scan, 3),
                            "interactions": dict(r.interactions),
                            "minutes": round(r.seconds / 60, 2),
                            "unmet": len(r.unmet),
                        }
                        for aids, r in zip(AIDS, found, strict=True)
                    ],
                }
            )
            return
        counted = ("Strokes", "Clicks", "Undone", "Offers")
        table = Table("Aids", "Interactions a B-scan", *counted, "Minutes")
        for word, r in zip(words, found, strict=True):
            counts = (str(r.interactions[k]) for k in ("pen", "click", "undo", "offer"))
            table.add_row(word, f"{r.per_b_scan:.2f}", *counts, f"{r.seconds / 60:.1f}")
        stdout().print(table)
        stderr().print(
            f"{found[0].b_scans} B-scans, {', '.join(true)}, beginning with {name}. Minutes are "
            "those of the keystroke-level model, not of a person."
        )


def _pairs(truth: list[str]) -> dict[str, str]:
    pairs = {}
    for word in truth:
        key, equals, name = word.partition("=")
        if not (key and equals and name):
            raise CommandError(f"{word!r} is not ARRAY=SURFACE.", "For example rpe=RPE.")
        pairs[key] = name
    return pairs
