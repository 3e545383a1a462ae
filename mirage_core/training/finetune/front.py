"""A model cut in two: a frozen front, whose outputs can be kept, and a rest that is trained."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mirage_core.model.blocks import apply
from mirage_core.model.segmentation import MirageSegmentation, SegmentationModel
from mirage_core.model.tokens import Tokens
from mirage_core.training.finetune.config import FinetuneConfig
from mirage_core.training.finetune.errors import TeachError
from mirage_core.training.finetune.lora import add_lora

Features = Mapping[str, Tensor]
"""What a front leaves, by name, one sample."""

_GRID, _VALUES, _LAYER, _LEVEL = "grid", "values", "layer.", "pyramid."


class CutModel(nn.Module):
    """A segmentation model whose first part does not learn.

    Parameters
    ----------
    model : SegmentationModel
        Its parameters that learn are those that ask for a gradient.
    n_frozen : int or None
        Blocks of the encoder that belong to the front, whose inputs always do; None: no front.

    Attributes
    ----------
    has_front : bool
    """

    def __init__(self, model: SegmentationModel, n_frozen: int | None) -> None:
        super().__init__()
        self.model = model
        self.n_frozen = n_frozen

    @property
    def has_front(self) -> bool:
        """Whether anything can be kept from one step to the next."""
        return self.n_frozen is not None

    def learning(self) -> None:
        """Prepare to learn: what is random in training is so where something learns.

        Batch normalisations go by the statistics they have: a handful of B-scans makes poor ones,
        and what a front leaves must not change.
        """
        self.train()
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        if self.n_frozen is None:
            return
        if isinstance(self.model, MirageSegmentation):
            self.model.input_adapters.eval()
            for block in self.model.encoder[: self.n_frozen]:
                block.eval()
        else:
            self.model.backbone.eval()

    @torch.no_grad()
    def front(self, image: Tensor) -> dict[str, Tensor]:
        """Return what the rest needs of an image ``(B, 1, H, W)``."""
        model, n = self.model, self.n_frozen
        assert n is not None
        inputs = {model.head.spec.domains[0]: image}
        wanted = model.head.layers or ()
        if isinstance(model, MirageSegmentation):
            x, pyramid = model.look(inputs)
            x = torch.cat([x, model.global_tokens.expand(len(x), -1, -1)], dim=1)
            layers: dict[int, Tensor] = {}
            for i in range(n):
                x = apply(model.encoder[i], x, None)
                if i in wanted:
                    layers[i] = x
            grid = model.grids(inputs)[model.head.spec.domains[0]]
        else:
            tokens = model.tokens(inputs)
            x, pyramid = tokens.values, tokens.pyramid
            layers = dict(zip(wanted, tokens.layers, strict=True))
            grid = tokens.grids[model.head.spec.domains[0]]
        features = {_GRID: torch.tensor(grid), _VALUES: x}
        features |= {f"{_LAYER}{i}": t for i, t in layers.items()}
        return features | {f"{_LEVEL}{i}": t for i, t in enumerate(pyramid)}

    def rest(self, features: Features) -> Tensor:
        """Return the head's logits from what the front left of images."""
        model, n = self.model, self.n_frozen
        assert n is not None
        x, (rows, columns) = features[_VALUES], features[_GRID].tolist()
        layers = {
            int(name.removeprefix(_LAYER)): t
            for name, t in features.items()
            if name.startswith(_LAYER)
        }
        wanted = model.head.layers or ()
        if n < model.spec.depth:
            assert isinstance(model, MirageSegmentation)
            for i in range(n, model.spec.depth):
                x = apply(model.encoder[i], x, None)
                if i in wanted:
                    layers[i] = x
        levels = sorted(name for name in features if name.startswith(_LEVEL))
        tokens = Tokens(
            x,
            {model.head.spec.domains[0]: (int(rows), int(columns))},
            model.spec.n_global,
            tuple(layers[i] for i in wanted),
            pyramid=tuple(features[name] for name in levels),
        )
        logits: Tensor = model.head(tokens)
        return logits

    def forward(self, image: Tensor) -> Tensor:
        """Return the head's logits of images ``(B, 1, H, W)``, without a front."""
        return self.model.grid_logits({self.model.head.spec.domains[0]: image})


def cut(model: SegmentationModel, config: FinetuneConfig) -> CutModel:
    """Freeze of `model` what `config` does not train, and cut it there.

    Raises
    ------
    TeachError
        If this encoder cannot be trained in part.
    """
    model.requires_grad_(False)
    model.output_adapters.requires_grad_(True)
    depth = model.spec.depth
    match config.trained:
        case "head":
            return CutModel(model, depth)
        case "blocks":
            if not isinstance(model, MirageSegmentation):
                raise TeachError(
                    f"Single blocks of a {model.spec.encoder.value} encoder cannot be trained.",
                    "Train its head, LoRA or everything.",
                )
            first = max(depth - config.blocks, 0)
            for block in model.encoder[first:]:
                block.requires_grad_(True)
            return CutModel(model, first)
        case "lora":
            of_mirage = isinstance(model, MirageSegmentation)
            encoder = model.encoder if isinstance(model, MirageSegmentation) else model.backbone
            if not add_lora(encoder, config.lora_rank):
                raise TeachError(
                    f"LoRA finds no layers it knows in a {model.spec.encoder.value} encoder.",
                    "Train its head or everything.",
                )
            return CutModel(model, 0 if of_mirage else None)
    model.requires_grad_(True)
    for name, parameter in model.named_parameters():
        if name.endswith("pos_emb"):
            parameter.requires_grad_(False)
    return CutModel(model, None)
