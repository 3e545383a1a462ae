"""`mirage evaluate`: predictions against the truth, with the published protocol's scores."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
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
from mirage_core.cli.inputs import must_exist
from mirage_core.cli.progress import progress_bar

if TYPE_CHECKING:
    from mirage_core.benchmark.evaluate_classes import ClassEvaluation
    from mirage_core.benchmark.score_table import ScoreTable

_CSV = ".csv"


def evaluate(
    predictions: Annotated[
        Path, typer.Argument(help="A folder of label maps, or a CSV of class probabilities.")
    ],
    truth: Annotated[
        Path | None,
        typer.Argument(help="Training folder with INFO.json, or class folder; a CSV may hold it."),
    ] = None,
    split: Annotated[str, typer.Option(help="Part of the truth: test, val or train.")] = "test",
    convention: Annotated[
        str, typer.Option(help="Label maps: correct, published or published-diagonal.")
    ] = "correct",
    with_background: Annotated[
        bool, typer.Option("--with-background", help="Label maps: score the background too.")
    ] = False,
    spacing_mm: Annotated[
        str, typer.Option(metavar="DZ,DX", help="Label maps: pixel size, for HD95 in mm.")
    ] = "",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Label maps: CSV, a row a volume and class.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")] = False,
    as_json: JsonFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Score predictions against the truth."""
    with failures(as_json, debug):
        must_exist(predictions)
        if truth is not None:
            must_exist(truth)
        if predictions.suffix.lower() == _CSV:
            if out is not None or with_background or spacing_mm:
                raise CommandError(
                    "--out, --with-background and --spacing-mm are for label maps.",
                    "Leave them out.",
                )
            _classes(predictions, truth, split, as_json)
            return
        if truth is None:
            raise CommandError(
                "What is true is not given.", "Name the training folder with INFO.json too."
            )
        from mirage_core.benchmark.conventions import CONVENTIONS
        from mirage_core.benchmark.evaluate_folder import evaluate_folder

        if convention not in CONVENTIONS:
            raise CommandError(
                f"There is no convention {convention!r}.", f"There are: {', '.join(CONVENTIONS)}."
            )
        with progress_bar("Scoring", 1.0, quiet=as_json) as report:
            table = evaluate_folder(
                predictions,
                truth,
                split=split,
                convention=CONVENTIONS[convention],
                with_background=with_background,
                spacing_mm=_spacing(spacing_mm),
                report=report,
            )
        if out is not None:
            table.write_csv(out, overwrite=overwrite)
        _say_maps(table, as_json)


def _spacing(text: str) -> tuple[float, float] | None:
    if not text:
        return None
    try:
        dz, dx = (float(part) for part in text.split(","))
    except ValueError:
        dz = dx = float("nan")
    if not (0 < dz < math.inf and 0 < dx < math.inf):
        raise CommandError(f"{text!r} is no pixel size.", "Give two numbers in mm: 0.0039,0.0113.")
    return dz, dx


def _say_maps(table: ScoreTable, as_json: bool) -> None:
    means = {label: table.mean(label) for label in table.labels}
    if as_json:
        classes = {
            name: {"dice": _number(s.dice), "iou": _number(s.iou), "hd95": _number(s.hd95)}
            for name, s in {**means, "": table.mean()}.items()
        }
        mean = classes.pop("")
        print_json(
            {
                "volumes": len({row.volume for row in table.rows}),
                "convention": table.convention,
                "hd95_unit": table.hd95_unit,
                "classes": classes,
                "mean": mean,
            }
        )
        return
    shown = Table("Class", "Dice", "IoU", f"HD95 ({table.hd95_unit})", box=None)
    for name, s in {**means, "Mean": table.mean()}.items():
        shown.add_row(escape(name), _text(s.dice), _text(s.iou), _text(s.hd95, 2))
    stdout().print(shown)
    stderr().print(f"Convention: {table.convention}.")


def _classes(predictions: Path, truth: Path | None, split: str, as_json: bool) -> None:
    from mirage_core.benchmark.evaluate_classes import evaluate_classes

    found = evaluate_classes(predictions, truth, split=split)
    figures = _figures(found)
    if as_json:
        print_json(
            {
                "images": found.n,
                **{name: _number(value) for name, value in figures.items()},
                "labels": list(found.labels),
                "confusion": found.confusion.tolist(),
            }
        )
        return
    table = Table("", "", box=None, show_header=False)
    for name, value in figures.items():
        table.add_row(name.replace("_", " "), _text(value))
    console = stdout()
    console.print(table)
    counts = Table("truth \\ answer", *(escape(name) for name in found.labels), box=None)
    for name, row in zip(found.labels, found.confusion, strict=True):
        counts.add_row(escape(name), *(str(n) for n in row))
    console.print(counts)


def _figures(found: ClassEvaluation) -> dict[str, float]:
    s = found.scores
    return {
        "balanced_accuracy": s.balanced_accuracy,
        "auroc": s.auroc,
        "average_precision": s.average_precision,
        "f1": s.f1,
        "mcc": s.mcc,
        "loss": s.loss,
    }


def _number(value: float) -> Any:
    return value if math.isfinite(value) else None


def _text(value: float, digits: int = 3) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else "–"
