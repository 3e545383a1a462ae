"""Train the starter model: ``python -m mirage_core.training.starter OUT --data DATA``.

DATA holds the real B-scans (``kermany_lesions``); without it only simulated eyes are used. No
other real scans are: weights that come with the program may only be made of what its terms allow.
OUT gets the model (``starter``) and, while it runs, ``state.pt``: the same command goes on from
there. With ``--start`` the encoder begins with weights of ``mirage pretrain --preset starter``.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from mirage_core.model.checkpoints.native import save_native
from mirage_core.model.store.card import TrainingPart, TrainingSummary
from mirage_core.training.starter.card import starter_card
from mirage_core.training.starter.lifting import lifted
from mirage_core.training.starter.samples import Samples
from mirage_core.training.starter.sources import PER_EYE, real_samples, simulated
from mirage_core.training.starter.starting import pretrained_model
from mirage_core.training.starter.trainer import Settings, Share, train

_LESIONS, _LIFTED = 2, 1
"""B-scans of a batch with outlined lesions, and of those with fluid put into them."""
_LIFTED_EACH = 4
_PSEUDO = 0.5
"""Layers that an engine found count half as much as true ones."""


def command(
    out: Annotated[Path, typer.Argument(help="Folder of the run and of the model.")],
    data: Annotated[Path | None, typer.Option(help="Folder of the real B-scans.")] = None,
    eyes: Annotated[int, typer.Option(help="Simulated eyes.")] = 400,
    steps: Annotated[int, typer.Option(help="Steps of eight B-scans.")] = Settings().steps,
    seed: Annotated[int, typer.Option(help="Of everything that is drawn.")] = 0,
    start: Annotated[
        Path | None,
        typer.Option(help="last.pt or best.pt of `mirage pretrain --preset starter`."),
    ] = None,
) -> None:
    """Train the starter model and write it with its card."""
    settings = Settings(steps=steps, seed=seed)
    model = None if start is None else pretrained_model(start, seed)
    out.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    typer.echo(f"Simulating {eyes} eyes …")
    first = seed * 1_000_000
    shares, split = _shares(simulated(range(first, first + eyes)), data, settings)
    model = train(shares, settings, typer.echo, start=model, state=out / "state.pt")
    training = TrainingSummary(
        split={"train": split},
        settings={**asdict(settings), "simulated_eyes": eyes, "pretrained": start is not None},
        seconds=time.monotonic() - began,
    )
    card = starter_card(training)
    save_native(model, card, out / "starter", overwrite=True)
    typer.echo(f"Written: {out / 'starter'}")


def _shares(
    eyes: Samples, data: Path | None, settings: Settings
) -> tuple[list[Share], TrainingPart]:
    """Return what the batches are made of, and how much of it there is."""
    if data is None:
        part = TrainingPart(scans=len(eyes) // PER_EYE, b_scans=len(eyes))
        return [Share(eyes, settings.batch)], part
    lesions = real_samples(data)
    fluid = lifted(lesions, np.random.default_rng(settings.seed), _LIFTED_EACH)
    shares = [
        Share(eyes, settings.batch - _LESIONS - _LIFTED),
        Share(lesions, _LESIONS, _PSEUDO),
        Share(fluid, _LIFTED, _PSEUDO),
    ]
    b_scans = sum(len(s.samples) for s in shares)
    scans = len(eyes) // PER_EYE + len(lesions)
    return shares, TrainingPart(scans=scans, b_scans=b_scans)


if __name__ == "__main__":
    typer.run(command)
