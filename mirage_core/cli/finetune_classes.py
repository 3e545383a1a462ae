"""`mirage finetune-classes`: teach a model to tell classes, from a class folder or a project."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from mirage_core.cli.console import (
    CommandError,
    DebugFlag,
    JsonFlag,
    failures,
    stderr,
    stdout,
)
from mirage_core.cli.inputs import must_exist
from mirage_core.cli.pretrain import stop_asked
from mirage_core.cli.progress import progress_bar
from mirage_core.cli.run_settings import run_settings

if TYPE_CHECKING:
    from mirage_core.training.classify.config import ClassifyConfig
    from mirage_core.training.classify.examples import ClassData
    from mirage_core.training.classify.report import ClassReport, Figure
    from mirage_core.training.classify.run import ClassResult
    from mirage_core.training.finetune.events import Event

_EXIT_STOPPED = 130
_LEVELS = ("b-scan", "scan")


def finetune_classes(
    data: Annotated[
        Path, typer.Argument(help="A folder {train,val,test}/<class>/, or a labelled project.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the run.")],
    base: Annotated[str, typer.Option(help="Id of the model whose encoder is used.")] = "starter",
    preset: Annotated[
        str, typer.Option(help="Settings to start from: probe (the default), paper or whole.")
    ] = "",
    config: Annotated[
        Path | None, typer.Option(help="JSON file of settings, instead of a preset.")
    ] = None,
    pool: Annotated[
        str, typer.Option(help="What the head looks at: global, cls or token_mix.")
    ] = "",
    domains: Annotated[str, typer.Option(help="auto, bscan, slo or both.")] = "",
    volume: Annotated[
        str, typer.Option(help="What makes a volume of its B-scans: mean or attention.")
    ] = "",
    epochs: Annotated[int | None, typer.Option(min=1, help="Of gradient steps.")] = None,
    size: Annotated[int | None, typer.Option(min=32, help="Side of the network in px.")] = None,
    folds: Annotated[int | None, typer.Option(min=2, help="To measure in, by patient.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of all that is drawn.")] = None,
    measure: Annotated[str, typer.Option(help="auto, folds, split or none.")] = "",
    level: Annotated[
        str, typer.Option(help="Of a project: labels of each b-scan, or of the scan.")
    ] = "",
    scans: Annotated[
        list[str] | None, typer.Option("--scan", help="Of a project: only this id or pseudonym.")
    ] = None,
    graders: Annotated[
        list[str] | None, typer.Option("--grader", help="Of a project: only this one's labels.")
    ] = None,
    title: Annotated[str, typer.Option(help="What to call the model.")] = "",
    keep: Annotated[
        bool, typer.Option("--store/--no-store", help="Put the model into the model store.")
    ] = True,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run in OUT, with its settings.")
    ] = False,
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")] = "auto",
    as_json: JsonFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Teach a model to tell classes; with --json every step is a line of JSON on stdout."""
    with failures(as_json, debug):
        given = {
            "pool": pool or None,
            "domains": domains or None,
            "volume": volume or None,
            "epochs": epochs,
            "size": size,
            "folds": folds,
            "seed": seed,
            "measure": measure or None,
        }
        settings = _settings(out, preset, config, resume).changed(
            **{name: value for name, value in given.items() if value is not None}
        )
        labelled = _data(data, level, tuple(scans or ()), tuple(graders or ()))
        from mirage_core.model.store.store import ModelStore
        from mirage_core.training.classify.run import teach_classes
        from mirage_core.training.finetune.errors import TeachCancelledError
        from mirage_core.training.finetune.events import Listeners

        store = ModelStore()
        model = store.get(base)
        with stop_asked() as cancelled, progress_bar("Teaching", 1.0, quiet=as_json) as report:
            listeners = Listeners(on_event=_teller(as_json), report=report, cancelled=cancelled)
            try:
                result = teach_classes(
                    labelled,
                    model,
                    settings,
                    out,
                    title=title,
                    store=store if keep else None,
                    resume=resume,
                    device=device,
                    listeners=listeners,
                )
            except TeachCancelledError:
                stderr().print(escape(f"Stopped; --resume goes on with {out}"))
                raise typer.Exit(_EXIT_STOPPED) from None
        if not as_json:
            _conclude(result, keep)


def _settings(out: Path, preset: str, config: Path | None, resume: bool) -> ClassifyConfig:
    from mirage_core.training.classify.config import PRESETS
    from mirage_core.training.classify.record import CONFIG

    resumed = out / CONFIG if resume else None
    return run_settings(PRESETS, "probe", preset, config, resumed, "training")


def _data(path: Path, level: str, scans: tuple[str, ...], graders: tuple[str, ...]) -> ClassData:
    must_exist(path)
    if (path / "project.db").exists():
        from mirage_core.project import Project
        from mirage_core.project.class_teaching import ClassChoice, collect_classes

        if level and level not in _LEVELS:
            raise CommandError(f"There is no level {level!r}.", f"There are: {', '.join(_LEVELS)}.")
        choice = ClassChoice("scan" if level == "scan" else "b_scan", scans, graders)
        with Project.open(path, read_only=True) as project:
            return collect_classes(project, choice)
    from mirage_core.training.classify.from_folder import is_class_folder, read_class_folder

    if not is_class_folder(path):
        from mirage_core.training.finetune.from_folder import is_training_folder

        if is_training_folder(path):
            raise CommandError(f"{path} holds label maps, not classes.", "Use `mirage finetune`.")
        raise CommandError(
            f"{path} is no project and no class folder.",
            "Give a project with labels, or a folder with train/<class>/ below it.",
        )
    if level or scans or graders:
        raise CommandError("--level, --scan and --grader choose from a project.", "Leave them out.")
    return read_class_folder(path)


def _teller(as_json: bool) -> Callable[[Event], None]:
    def as_line(event: Event) -> None:
        print(json.dumps(event, allow_nan=False), flush=True)

    def in_words(event: Event) -> None:
        if event["kind"] == "note":
            stderr().print(f"[yellow]Note:[/] {escape(event['text'])}")

    return as_line if as_json else in_words


def _conclude(result: ClassResult, kept: bool) -> None:
    console = stdout()
    if result.report is not None:
        _print_report(result.report)
        console.print(escape(result.report.sentence))
    where = f"as {result.card.id!r}" if kept else f"in {result.folder / 'model'}"
    console.print(escape(f"The model {result.card.title!r} is {where}."))


def _print_report(report: ClassReport) -> None:
    table = Table("Class", "n", "AUROC", "AUPRC", "Sensitivity", "Specificity")
    for c in report.classes:
        table.add_row(
            escape(c.name),
            str(c.n),
            _figure(c.auroc),
            _figure(c.auprc),
            _number(c.sensitivity),
            _number(c.specificity),
        )
    table.add_row("mean", str(report.n), _figure(report.auroc), _figure(report.auprc), "", "")
    console = stdout()
    console.print(table)
    if report.confusion:
        names = [escape(c.name) for c in report.classes]
        counts = Table("truth \\ answer", *names)
        for name, row in zip(names, report.confusion, strict=True):
            counts.add_row(name, *(str(n) for n in row))
        console.print(counts)
    console.print(
        f"Balanced accuracy {_figure(report.balanced_accuracy)}, calibration error "
        f"{_number(report.calibration_error)}."
    )


def _figure(figure: Figure) -> str:
    if figure.low is None or figure.high is None:
        return _number(figure.value)
    return f"{_number(figure.value)} ({figure.low:.3f} to {figure.high:.3f})"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
