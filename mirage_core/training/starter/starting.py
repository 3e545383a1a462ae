"""The starter model with an encoder that was pre-trained by masking."""

from __future__ import annotations

from pathlib import Path

import torch
from pydantic import ValidationError
from torch import Tensor

from mirage_core.model.build import build_model
from mirage_core.model.checkpoints.errors import CheckpointError
from mirage_core.model.checkpoints.pickled import read_pickled
from mirage_core.model.segmentation import MirageSegmentation
from mirage_core.model.spec import ModelSpec
from mirage_core.training.pretrain.config import parse_config
from mirage_core.training.starter.model import starter_spec

_HEAD = "output_adapters."
_HINT = "Choose last.pt or best.pt of `mirage pretrain --preset starter`."


def pretrained_model(path: Path, seed: int) -> MirageSegmentation:
    """Return a starter model with the stem and the encoder of a pre-training; its head is new.

    Parameters
    ----------
    path : Path
        ``last.pt`` or ``best.pt`` of a run with the preset ``starter``, or another one of the
        same encoder.
    seed : int
        Of the head, which is that of a model without pre-training.

    Raises
    ------
    CheckpointError
        If the file is no such checkpoint, or of another encoder.
    """
    content = read_pickled(path, mapped=False)
    try:
        config, state = parse_config(content["config"]), dict(content["model"])
    except (KeyError, TypeError, ValueError, ValidationError) as error:
        raise CheckpointError(path, "It is no checkpoint of a pre-training.", _HINT) from error
    spec = starter_spec()
    if not _same_encoder(config.model_spec(), spec):
        raise CheckpointError(path, "Its encoder is not the starter model's.", _HINT)
    torch.manual_seed(seed)
    model = build_model(spec)
    assert isinstance(model, MirageSegmentation)
    taken: dict[str, Tensor] = {
        name: state[name] if name in state and not name.startswith(_HEAD) else own
        for name, own in model.state_dict().items()
    }
    model.load_state_dict(taken)
    return model


def _same_encoder(a: ModelSpec, b: ModelSpec) -> bool:
    """Return whether two encoders have the same blocks and see the B-scan in the same way."""
    blocks = ("dim", "depth", "heads", "mlp_ratio", "n_global")
    bscan = b.domains[0]
    return bscan in a.domains and all(getattr(a, x) == getattr(b, x) for x in blocks)
