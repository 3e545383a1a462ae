"""Put a trained starter model into the package: ``python -m mirage_core.training.starter.ship``.

Logits are divided by two temperatures (Guo et al., ICML 2017), one for layers and one for lesions,
folded into the weights: results stay what they are, and confidence says how often they are right.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import torch
import typer
from torch import nn

from mirage_core.model.checkpoints.native import load_native, save_native
from mirage_core.model.heads.pyramid import PyramidHead
from mirage_core.model.segmentation import MirageSegmentation
from mirage_core.model.store.card import WEIGHTS_FILE, Origin
from mirage_core.places import shipped_models_dir
from mirage_core.training.starter.model import starter_scheme

_NOTES = (
    "Trained by python -m mirage_core.training.starter on two CPU cores: on simulated eyes and on "
    "kermany_lesions (two patients of three), whose layers are what the graph search was sure of.",
)


def command(
    run: Annotated[Path, typer.Argument(help="Folder of the finished run.")],
    layers: Annotated[float, typer.Option(min=0.1, help="Temperature of layers.")] = 1.0,
    lesions: Annotated[float, typer.Option(min=0.1, help="Temperature of lesions.")] = 1.0,
    out: Annotated[Path | None, typer.Option(help="Folder of shipped models.")] = None,
) -> None:
    """Write the model of a run, its logits divided, to where the program looks for it."""
    folder = out if out is not None else shipped_models_dir()
    trained = load_native(run / "starter")
    assert isinstance(trained.model, MirageSegmentation)
    divide_logits(trained.model, (layers, lesions))
    card, training = trained.card, trained.card.training
    assert training is not None
    settings = {**training.settings, "layers_temperature": layers, "lesions_temperature": lesions}
    card = card.model_copy(
        update={
            # How its classes are read is the program's to say, not the run's.
            "scheme": starter_scheme(),
            "origin": Origin(kind="shipped", notes=_NOTES),
            "training": training.model_copy(update={"settings": settings}),
        }
    )
    save_native(trained.model, card, folder / card.id, overwrite=True)
    (folder / card.id / WEIGHTS_FILE).chmod(0o644)
    typer.echo(f"Written: {folder / card.id}")


@torch.no_grad()
def divide_logits(model: MirageSegmentation, temperatures: tuple[float, ...]) -> None:
    """Divide the logits of each part of a pyramid head by its temperature, in place."""
    head = model.head
    assert isinstance(head, PyramidHead)
    for output, temperature in zip(head.outputs, temperatures, strict=True):
        assert isinstance(output, nn.Sequential)
        last = output[-1]
        assert isinstance(last, nn.Conv2d)
        assert last.bias is not None
        last.weight /= temperature
        last.bias /= temperature


if __name__ == "__main__":
    typer.run(command)
