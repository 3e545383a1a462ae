"""Where a lesson stands, on the disk: written wholly or not at all, and checked when read.

A lesson's folder holds ``last.pt`` and ``before.pt`` (the one before it), ``best.pt`` (what scored
best) and, once it is over, ``learnt.pt``. Only what learns is in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from mirage_core.io.atomic import remove_leftovers
from mirage_core.model.checkpoints.errors import CheckpointError
from mirage_core.training import checkpoint_files
from mirage_core.training.checkpoint_files import read_checkpoint, write_checkpoint, write_last

FORMAT = 1
LAST, BEFORE = checkpoint_files.LAST, checkpoint_files.BEFORE
BEST, LEARNT = "best.pt", "learnt.pt"

Weights = Mapping[str, Tensor]


@dataclass(frozen=True, eq=False)
class LessonState:
    """Everything a lesson needs to go on as if it had not been interrupted.

    Random numbers need no state: they follow from the seed and the step.

    Attributes
    ----------
    step : int
        Optimiser steps done.
    weights, mean : dict of str to tensor
        What learns, and its running mean (empty without one).
    optimizer, scaler : dict
    micro_batch : int
        After memory ran out, perhaps less than asked.
    checks : tuple of (float, float)
        Score and loss of every check so far.
    """

    step: int
    weights: Weights
    mean: Weights
    optimizer: dict[str, Any]
    scaler: dict[str, Any]
    micro_batch: int
    checks: tuple[tuple[float, float], ...] = field(default=())


def save_state(folder: Path, state: LessonState) -> None:
    """Write `state` as the last checkpoint; what was the last becomes the one before.

    Raises
    ------
    ExportError
        If the disk refuses; the checkpoints are then as they were.
    """
    content = {
        "format": FORMAT,
        "step": state.step,
        "weights": dict(state.weights),
        "mean": dict(state.mean),
        "optimizer": state.optimizer,
        "scaler": state.scaler,
        "micro_batch": state.micro_batch,
        "checks": [list(check) for check in state.checks],
    }
    write_last(folder, content)


def load_state(folder: Path) -> tuple[LessonState | None, list[str]]:
    """Return the latest checkpoint that is whole, None if there is none, and what was passed over.

    A lesson without a whole checkpoint begins again.
    """
    notes = []
    for name in (LAST, BEFORE):
        path = folder / name
        if not path.exists():
            continue
        try:
            content = _read(path)
            state = LessonState(
                step=int(content["step"]),
                weights=content["weights"],
                mean=content["mean"],
                optimizer=content["optimizer"],
                scaler=content["scaler"],
                micro_batch=int(content["micro_batch"]),
                checks=tuple((float(a), float(b)) for a, b in content["checks"]),
            )
        except (CheckpointError, KeyError, TypeError, ValueError):
            notes.append(f"The checkpoint {name} is damaged and was passed over.")
        else:
            return state, notes
    return None, notes


def save_weights(folder: Path, name: str, weights: Weights) -> None:
    """Write what learns alone.

    Raises
    ------
    ExportError
        If the disk refuses.
    """
    write_checkpoint(folder / name, {"format": FORMAT, "weights": dict(weights)})


def load_weights(folder: Path, name: str) -> Weights | None:
    """Return what :func:`save_weights` wrote; None where it is missing or damaged."""
    if not (folder / name).exists():
        return None
    try:
        weights: Weights = _read(folder / name)["weights"]
    except (CheckpointError, KeyError):
        return None
    return weights


def clear_leftovers(folder: Path) -> None:
    """Remove what a killed run left half written; only while no run writes there."""
    for name in (LAST, BEST, LEARNT):
        remove_leftovers(folder / name)


def _read(path: Path) -> Mapping[str, Any]:
    content = read_checkpoint(path)
    if content.get("format") != FORMAT:
        raise CheckpointError(path, "It is of another version of this program.", "Begin anew.")
    return content
