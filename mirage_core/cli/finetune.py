"""`mirage finetune`: teach a model from a project's corrections or a training folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from mirage_core.cli.console import (
    CommandError,
    DebugFlag,
    JsonFlag,
    failures,
    stderr,
    stdout,
)
from mirage_core.cli.inputs import ClusterOption, must_exist
from mirage_core.cli.pretrain import stop_asked
from mirage_core.cli.progress import progress_bar
from mirage_core.cli.run_settings import run_settings

if TYPE_CHECKING:
    from mirage_core.training.finetune.config import FinetuneConfig
    from mirage_core.training.finetune.events import Event
    from mirage_core.training.finetune.labelled import TeachingData

_EXIT_STOPPED = 130
_STATES = ("edited", "approved")


def finetune(
    data: Annotated[
        Path, typer.Argument(help="A project, or a MIRAGE training folder with INFO.json.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the run.")],
    base: Annotated[str, typer.Option(help="Id of the model to begin with.")] = "starter",
    preset: Annotated[
        str, typer.Option(help="Settings to start from: few-shot (the default) or paper.")
    ] = "",
    config: Annotated[
        Path | None, typer.Option(help="JSON file of settings, instead of a preset.")
    ] = None,
    head: Annotated[
        str, typer.Option(help="keep, light, linear, convnext, segmenter, dpt or pyramid.")
    ] = "",
    train: Annotated[str, typer.Option(help="What learns: head, blocks, lora or all.")] = "",
    epochs: Annotated[int | None, typer.Option(min=1, help="Passes over the B-scans.")] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="B-scans of a step.")] = None,
    size: Annotated[int | None, typer.Option(min=32, help="Side of the network in px.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of all that is drawn.")] = None,
    measure: Annotated[str, typer.Option(help="auto, split, loo or none.")] = "",
    scans: Annotated[
        list[str] | None, typer.Option("--scan", help="Of a project: only this id or pseudonym.")
    ] = None,
    graders: Annotated[
        list[str] | None, typer.Option("--grader", help="Of a project: only this one's work.")
    ] = None,
    structures: Annotated[
        list[str] | None,
        typer.Option("--structure", help="Of a project: only this surface, or masks."),
    ] = None,
    states: Annotated[
        list[str] | None, typer.Option("--state", help="Of a project: edited, approved or both.")
    ] = None,
    title: Annotated[str, typer.Option(help="What to call the model.")] = "",
    keep: Annotated[
        bool, typer.Option("--store/--no-store", help="Put the model into the model store.")
    ] = True,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run in OUT, with its settings.")
    ] = False,
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")] = "auto",
    cluster: ClusterOption = "",
    as_json: JsonFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Teach a model from corrections; with --json every step is a line of JSON on stdout."""
    with failures(as_json, debug):
        given = {
            "head": head or None,
            "trained": train or None,
            "epochs": epochs,
            "batch": batch,
            "size": size,
            "seed": seed,
            "measure": measure or None,
        }
        settings = _settings(out, preset, config, resume).changed(
            **{name: value for name, value in given.items() if value is not None}
        )
        taught = _data(data, tuple(scans or ()), tuple(graders or ()), structures, states)
        from mirage_core.model.store.store import ModelStore
        from mirage_core.training.finetune.errors import TeachCancelledError
        from mirage_core.training.finetune.events import Listeners
        from mirage_core.training.finetune.run import teach

        store = ModelStore()
        model = store.get(base)
        with stop_asked() as cancelled, progress_bar("Teaching", 1.0, quiet=as_json) as report:
            listeners = Listeners(on_event=_teller(as_json), report=report, cancelled=cancelled)
            try:
                if cluster:
                    from mirage_core.cli.finetune_far import teach_far

                    told, gained = teach_far(
                        cluster, taught, base, settings, out, title, resume, device, keep, listeners
                    )
                    if not as_json:
                        _conclude(told.title, told.model if keep else "", out, gained)
                    return
                result = teach(
                    taught,
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
            gain = None if result.gain is None else result.gain.as_fields()
            _conclude(result.card.title, result.card.id if keep else "", out, gain)


def _settings(out: Path, preset: str, config: Path | None, resume: bool) -> FinetuneConfig:
    from mirage_core.training.finetune.config import CONFIG, PRESETS

    resumed = out / CONFIG if resume else None
    return run_settings(PRESETS, "few-shot", preset, config, resumed, "training")


def _data(
    path: Path,
    scans: tuple[str, ...],
    graders: tuple[str, ...],
    structures: list[str] | None,
    states: list[str] | None,
) -> TeachingData:
    must_exist(path)
    if (path / "project.db").exists():
        from mirage_core.project import Project
        from mirage_core.project.teaching import HUMAN, TeachingChoice, collect
        from mirage_core.scan import State

        unknown = [s for s in states or () if s not in _STATES]
        if unknown:
            raise CommandError(f"There is no state {unknown[0]!r}.", "There are edited, approved.")
        wanted = frozenset(State[s.upper()] for s in states) if states else HUMAN
        choice = TeachingChoice(scans, graders, wanted, tuple(structures or ()))
        with Project.open(path, read_only=True) as project:
            return collect(project, choice)
    from mirage_core.training.finetune.from_folder import is_training_folder, read_folder

    if not is_training_folder(path):
        from mirage_core.training.classify.from_folder import is_class_folder

        if is_class_folder(path):
            raise CommandError(
                f"{path} holds classes, not label maps.", "Use `mirage finetune-classes`."
            )
        raise CommandError(
            f"{path} is no project and no training folder.",
            "Give a project, or a folder with INFO.json and train/ below it.",
        )
    if scans or graders or structures or states:
        raise CommandError(
            "--scan, --grader, --structure and --state choose from a project.", "Leave them out."
        )
    return read_folder(path)


def _teller(as_json: bool) -> Callable[[Event], None]:
    def as_line(event: Event) -> None:
        print(json.dumps(event, allow_nan=False), flush=True)

    def in_words(event: Event) -> None:
        console = stderr()
        if event["kind"] == "note":
            console.print(f"[yellow]Note:[/] {escape(event['text'])}")
        elif event["kind"] == "check" and event["score"] is not None:
            best = ", the best so far" if event.get("best") else ""
            console.print(f"Step {event['step']}: held-out score {event['score']:.3f}{best}")

    return as_line if as_json else in_words


def _conclude(title: str, stored_as: str, out: Path, gained: dict[str, Any] | None) -> None:
    console = stdout()
    if gained is not None:
        _print_gain(gained)
        console.print(escape(gained["sentence"]))
    where = f"as {stored_as!r}" if stored_as else f"in {out / 'model'}"
    console.print(escape(f"The model {title!r} is {where}."))


def _print_gain(gained: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table("", "Before", "After", "95 %")
    for s in gained["structures"]:
        unit = " px" if s["kind"] == "surface" else ""
        name = f"{s['name']}, error" if s["kind"] == "surface" else f"{s['name']}, Dice"
        before, after = s["before"], s["after"]
        table.add_row(
            escape(name),
            _number(before["value"]) + unit,
            _number(after["value"]) + unit,
            f"{_number(after['low'])} to {_number(after['high'])}",
        )
    stdout().print(table)


def _number(value: Any) -> str:
    return "–" if value is None else f"{value:.3f}"
