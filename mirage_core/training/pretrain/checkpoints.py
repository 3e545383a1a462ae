"""Where a run stands, on the disk: written wholly or not at all, and checked when read.

A folder holds ``last.pt``, ``before.pt`` (the one before it) and ``best.pt`` (weights alone, of
the checkpointed epoch with the lowest loss).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from torch import Tensor

from mirage_core.io.atomic import remove_leftovers
from mirage_core.model.checkpoints.errors import CheckpointError
from mirage_core.training import checkpoint_files
from mirage_core.training.checkpoint_files import read_checkpoint, write_checkpoint, write_last
from mirage_core.training.pretrain.config import PretrainConfig, parse_config
from mirage_core.training.pretrain.errors import PretrainError

FORMAT = 1
LAST, BEFORE = checkpoint_files.LAST, checkpoint_files.BEFORE
BEST = "best.pt"


@dataclass(frozen=True, eq=False)
class RunState:
    """Everything a run needs to go on as if it had not been interrupted.

    Random numbers need no state: they follow from the seed and the step.

    Attributes
    ----------
    step : int
        Optimiser steps done.
    model, optimizer, scaler : dict
        State dicts.
    config : PretrainConfig
    data : str
        Fingerprint of the samples.
    sums : dict of str to float
        What the steps of an unfinished epoch add up to.
    best_loss : float or None
        Of ``best.pt``.
    """

    step: int
    model: Mapping[str, Tensor]
    optimizer: dict[str, Any]
    scaler: dict[str, Any]
    config: PretrainConfig
    data: str
    sums: dict[str, float] = field(default_factory=dict)
    best_loss: float | None = None


def save_last(folder: Path, state: RunState) -> None:
    """Write `state` as the last checkpoint; what was the last becomes the one before.

    Raises
    ------
    ExportError
        If the disk refuses; the checkpoints are then as they were.
    """
    content = {
        "format": FORMAT,
        "step": state.step,
        "model": dict(state.model),
        "optimizer": state.optimizer,
        "scaler": state.scaler,
        "config": state.config.model_dump_json(),
        "args": model_args(state.config),
        "data": state.data,
        "sums": state.sums,
        "best_loss": state.best_loss,
    }
    write_last(folder, content)


def save_best(folder: Path, model: Mapping[str, Tensor], config: PretrainConfig) -> None:
    """Write the weights alone as the best checkpoint."""
    content = {
        "format": FORMAT,
        "model": dict(model),
        "config": config.model_dump_json(),
        "args": model_args(config),
    }
    write_checkpoint(folder / BEST, content)


def model_args(config: PretrainConfig) -> dict[str, Any]:
    """Return what no shape of a tensor tells, under the names of the published checkpoints."""
    spec = config.model_spec()
    return {
        "in_domains": list(config.domains),
        "encoder_num_heads": spec.heads,
        "decoder_dim": config.decoder_dim,
        "decoder_num_heads": config.decoder_heads,
    }


def has_run(folder: Path) -> bool:
    """Return whether `folder` holds a run that has got as far as a checkpoint."""
    return any((folder / name).exists() for name in (LAST, BEFORE))


def load_latest(folder: Path) -> tuple[RunState, list[str]]:
    """Return the latest checkpoint that is whole, and sentences about those passed over.

    Raises
    ------
    PretrainError
        If there is none.
    """
    notes: list[str] = []
    for name in (LAST, BEFORE):
        path = folder / name
        if not path.exists():
            if name == LAST and (folder / BEFORE).exists():
                notes.append(f"{LAST} is missing; the run goes on from {BEFORE}.")
            continue
        try:
            return _load(path), notes
        except CheckpointError as error:
            what = error.what.rstrip(".")
            notes.append(f"{name} cannot be used ({what}); looking for the one before it.")
    if notes:
        raise PretrainError(
            f"No checkpoint in {folder} can be used: {' '.join(notes)}",
            f"Start anew in another folder, from {BEST} if that is whole (--start).",
        )
    raise PretrainError(f"There is no checkpoint in {folder}.", "Start the run without --resume.")


def clear_leftovers(folder: Path) -> None:
    """Remove what a killed run left half written; only while no run writes there."""
    for name in (LAST, BEST):
        remove_leftovers(folder / name)


def _load(path: Path) -> RunState:
    content = read_checkpoint(path)
    try:
        if content["format"] != FORMAT:
            raise _unusable(
                path, f"It has format {content['format']}; this program knows {FORMAT}."
            )
        return RunState(
            step=int(content["step"]),
            model=content["model"],
            optimizer=content["optimizer"],
            scaler=content["scaler"],
            config=parse_config(content["config"]),
            data=str(content["data"]),
            sums=dict(content["sums"]),
            best_loss=content["best_loss"],
        )
    except (KeyError, TypeError, ValueError, ValidationError) as error:
        raise _unusable(path, "It is no checkpoint of a pre-training.") from error


def _unusable(path: Path, what: str) -> CheckpointError:
    return CheckpointError(path, what, "Use another checkpoint.")
