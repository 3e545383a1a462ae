"""Classification models: an encoder, a norm, pooled tokens, one linear layer."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from mirage_core.model.blocks import LayerNorm
from mirage_core.model.encoder import Inputs, MirageEncoder
from mirage_core.model.spec import ModelSpec, Pool
from mirage_core.model.tokens import Tokens


def pooled(values: Tensor, n_global: int) -> tuple[Tensor, Tensor]:
    """Return the mean patch and the mean global token, each ``(B, D)``.

    An encoder without global tokens gives the mean patch twice.
    """
    patches = values[:, : values.shape[1] - n_global].mean(dim=1)
    if n_global == 0:
        return patches, patches
    return patches, values[:, values.shape[1] - n_global :].mean(dim=1)


class ClassificationModel(nn.Module):
    """An encoder with a classification head, keys ``model.*``, ``norm.*``, ``head.*``.

    Parameters
    ----------
    model : nn.Module
        The encoder: :class:`MirageEncoder`, or one with the same call.
    spec : ModelSpec
        With a classifier.
    """

    def __init__(self, model: nn.Module, spec: ModelSpec) -> None:
        super().__init__()
        if spec.classifier is None:
            raise ValueError("a classification model needs a classifier; there is none")
        self.spec = spec
        self.pool = spec.classifier.pool
        self.model = model
        self.norm = LayerNorm(spec.dim)
        width = spec.dim * (2 if self.pool is Pool.TOKEN_MIX else 1)
        self.head = nn.Linear(width, spec.classifier.n_classes)

    def features(self, inputs: Inputs) -> Tensor:
        """Return what the head looks at ``(B, D)`` or ``(B, 2 D)``."""
        encode = self.model.encode if isinstance(self.model, MirageEncoder) else self.model
        tokens = cast(Tokens, encode(inputs))
        patches, global_token = pooled(self.norm(tokens.values), tokens.n_global)
        if self.pool is Pool.GLOBAL:
            return patches
        if self.pool is Pool.CLS:
            return global_token
        return torch.cat([patches, global_token], dim=1)

    def forward(self, inputs: Inputs) -> Tensor:
        """Return logits ``(B, K)``."""
        return self.head(self.features(inputs))
