"""`mirage pretrain`: masked multimodal pre-training, on one device or under torchrun."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

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
from mirage_core.cli.run_settings import run_settings

if TYPE_CHECKING:
    from mirage_core.training.pretrain.config import PretrainConfig
    from mirage_core.training.pretrain.data import Triples
    from mirage_core.training.pretrain.metrics import EpochMetrics
    from mirage_core.training.pretrain.run import PretrainResult

_EXIT_STOPPED = 130


def pretrain(
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder of the run: checkpoints and metrics.")
    ],
    data: Annotated[
        Path | None,
        typer.Argument(help="Folder with bscan/, slo/ and bscanlayermap/ of PNG or NPY files."),
    ] = None,
    simulated: Annotated[
        int, typer.Option(min=0, help="Instead of DATA: learn from so many simulated eyes.")
    ] = 0,
    preset: Annotated[
        str, typer.Option(help="Configuration to start from: paper (the default), tiny or starter.")
    ] = "",
    config: Annotated[
        Path | None, typer.Option(help="JSON file of settings, instead of a preset.")
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(help="Weights of MAE, MultiMAE or MIRAGE the encoder starts with."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run in OUT, with its settings.")
    ] = False,
    size: Annotated[str, typer.Option(help="Size of the encoder, e.g. base or large.")] = "",
    epochs: Annotated[int | None, typer.Option(min=1, help="Epochs of the whole run.")] = None,
    warmup_epochs: Annotated[
        int | None, typer.Option(min=0, help="How many of them warm up.")
    ] = None,
    batch: Annotated[
        int | None, typer.Option(min=1, help="Samples of a step, over all devices.")
    ] = None,
    micro_batch: Annotated[
        int | None, typer.Option(min=1, help="Samples a device holds at a time.")
    ] = None,
    precision: Annotated[str, typer.Option(help="auto, fp32, bf16 or fp16.")] = "",
    workers: Annotated[
        int | None, typer.Option(min=0, help="Processes per device that read samples.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of everything drawn at random.")] = None,
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")] = "auto",
    as_json: JsonFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Pre-train MIRAGE by masking, in OUT/{last,before,best}.pt and metrics.jsonl."""
    # Under torchrun only the first process speaks; each of them tells its own failure.
    first = os.environ.get("RANK", "0") == "0"
    with failures(as_json and first, debug):
        given = {
            "size": size or None,
            "epochs": epochs,
            "warmup_epochs": warmup_epochs,
            "batch": batch,
            "micro_batch": micro_batch,
            "precision": precision or None,
            "workers": workers,
            "seed": seed,
        }
        settings = _settings(out, preset, config, resume).changed(
            **{name: value for name, value in given.items() if value is not None}
        )
        if start is not None:
            must_exist(start)
        triples = _triples(data, simulated, settings)
        from mirage_core.training.pretrain.run import Listeners, pretrain

        quiet = as_json or not first
        with (
            stop_asked() as cancelled,
            progress_bar("Pre-training", 1.0, quiet=quiet) as report,
        ):
            listeners = Listeners(
                report=report,
                on_epoch=lambda m: None if quiet else _tell(m, settings.epochs),
                on_note=lambda n: (
                    None if quiet else stderr().print(f"[yellow]Note:[/] {escape(n)}")
                ),
                cancelled=cancelled,
            )
            result = pretrain(
                settings,
                triples,
                out,
                start=start,
                resume=resume,
                device=device,
                listeners=listeners,
            )
        if first:
            _conclude(result, as_json)
        if not result.finished:
            raise typer.Exit(_EXIT_STOPPED)


def _settings(out: Path, preset: str, config: Path | None, resume: bool) -> PretrainConfig:
    from mirage_core.training.pretrain.config import CONFIG, PRESETS

    resumed = out / CONFIG if resume else None
    return run_settings(PRESETS, "paper", preset, config, resumed, "pre-training")


def _triples(data: Path | None, simulated: int, settings: PretrainConfig) -> Triples:
    if (data is None) == (simulated == 0):
        raise CommandError(
            "Say what to learn from: a folder of samples, or --simulated and a number of eyes.",
            "Give one of them.",
        )
    if data is not None:
        must_exist(data)
        from mirage_core.training.pretrain.data import FolderTriples

        return FolderTriples(data, settings.domain_specs())
    from mirage_core.training.pretrain.simulated import simulated_triples

    px = max(domain.size[0] for domain in settings.domain_specs())
    return simulated_triples(simulated, settings.domains, px=px, seed=settings.seed)


@contextmanager
def stop_asked() -> Iterator[Callable[[], bool]]:
    """Turn Ctrl-C and SIGTERM into a wish to stop after the step, with a checkpoint.

    A second Ctrl-C stops at once; not under torchrun, which sends every signal twice.
    """
    asked: list[int] = []
    alone = int(os.environ.get("WORLD_SIZE", "1")) == 1

    def ask(number: int, _frame: FrameType | None) -> None:
        if asked and alone and number == signal.SIGINT:
            raise KeyboardInterrupt
        asked.append(number)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tell(metrics: EpochMetrics, epochs: int) -> None:
    parts = ", ".join(f"{name} {loss:.4f}" for name, loss in metrics.losses.items())
    speed = f"{metrics.samples_per_s:.0f} samples/s"
    stderr().print(f"Epoch {metrics.epoch} of {epochs}: loss {metrics.loss:.4f} ({parts}), {speed}")


def _conclude(result: PretrainResult, as_json: bool) -> None:
    if as_json:
        print_json(_fields(result))
        return
    loss = f", loss {result.last['loss']:.4f}" if result.last else ""
    console = stdout()
    if result.finished:
        console.print(escape(f"{result.epochs} epochs done{loss}: {result.folder}"))
    else:
        console.print(
            escape(
                f"Stopped after step {result.step} of {result.n_steps}{loss}; "
                f"--resume goes on with {result.folder}"
            )
        )


def _fields(result: PretrainResult) -> dict[str, Any]:
    return {
        "folder": str(result.folder),
        "finished": result.finished,
        "step": result.step,
        "steps": result.n_steps,
        "epochs": result.epochs,
        "last": result.last,
        "device": result.device,
        "processes": result.processes,
        "notes": list(result.notes),
    }
