"""Classification models: an encoder, a norm, pooled tokens, one linear layer."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from mirage_core.model.blocks import LayerNorm
from mirage_core.model.encoder import Inputs, MirageEncoder
from mirage_core.model.spec import ModelSpec, Pool, VolumePool
from mirage_core.model.tokens import Tokens


def pooled(values: Tensor, n_global: int) -> tuple[Tensor, Tensor]:
    """Return the mean patch and the mean global token, each ``(B, D)``.

    An encoder without global tokens gives the mean patch twice.
    """
    patches = values[:, : values.shape[1] - n_global].mean(dim=1)
    if n_global == 0:
        return patches, patches
    return patches, values[:, values.shape[1] - n_global :].mean(dim=1)


class GatedAttention(nn.Module):
    """How much each B-scan of a volume counts (Ilse, Tomczak & Welling, ICML 2018).

    Parameters
    ----------
    width : int
        Of what is known of a B-scan.
    hidden : int
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.value = nn.Linear(width, hidden)
        self.gate = nn.Linear(width, hidden)
        self.score = nn.Linear(hidden, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Return weights ``(n,)`` of B-scans ``(n, W)``; their sum is 1."""
        hidden = torch.tanh(self.value(features)) * torch.sigmoid(self.gate(features))
        return torch.softmax(self.score(hidden)[:, 0], dim=0)


class ClassificationModel(nn.Module):
    """An encoder with a classification head, keys ``model.*``, ``norm.*``, ``head.*``.

    One that weighs the B-scans of a volume has keys ``attention.*`` too.

    Parameters
    ----------
    model : nn.Module
        The encoder: :class:`MirageEncoder`, or one with the same call.
    spec : ModelSpec
        With a classifier.
    """

    def __init__(self, model: nn.Module, spec: ModelSpec) -> None:
        super().__init__()
        classifier = spec.classifier
        if classifier is None:
            raise ValueError("a classification model needs a classifier; there is none")
        self.spec = spec
        self.pool = classifier.pool
        self.volume = classifier.volume
        self.multi_label = classifier.multi_label
        self.model = model
        self.norm = LayerNorm(spec.dim)
        self.width = spec.dim * (2 if self.pool is Pool.TOKEN_MIX else 1)
        self.head = nn.Linear(self.width, classifier.n_classes)
        if self.volume is VolumePool.ATTENTION:
            self.attention = GatedAttention(self.width, classifier.attention)

    def encode(self, inputs: Inputs) -> Tokens:
        """Return the encoder's tokens of images."""
        encode = self.model.encode if isinstance(self.model, MirageEncoder) else self.model
        return cast(Tokens, encode(inputs))

    def features_of(self, tokens: Tokens) -> Tensor:
        """Return what the head looks at ``(B, W)``, W being D or 2 D, of an encoder's tokens."""
        patches, global_token = pooled(self.norm(tokens.values), tokens.n_global)
        if self.pool is Pool.GLOBAL:
            return patches
        if self.pool is Pool.CLS:
            return global_token
        return torch.cat([patches, global_token], dim=1)

    def features(self, inputs: Inputs) -> Tensor:
        """Return what the head looks at ``(B, D)`` or ``(B, 2 D)``."""
        return self.features_of(self.encode(inputs))

    def weights(self, features: Tensor) -> Tensor:
        """Return how much each B-scan of a volume ``(n, W)`` counts ``(n,)``; their sum is 1."""
        if self.volume is VolumePool.ATTENTION:
            return cast(Tensor, self.attention(features))
        return features.new_full((len(features),), 1 / len(features))

    def of_volume(self, features: Tensor) -> Tensor:
        """Return logits ``(K,)`` of a volume of B-scans with `features` ``(n, W)``."""
        logits: Tensor = self.head(self.weights(features) @ features)
        return logits

    def probabilities(self, logits: Tensor) -> Tensor:
        """Return probabilities ``(..., K)`` of logits: of one class each, or of each class."""
        return torch.sigmoid(logits) if self.multi_label else torch.softmax(logits, dim=-1)

    def forward(self, inputs: Inputs) -> Tensor:
        """Return logits ``(B, K)``, of each image by itself."""
        return self.head(self.features(inputs))
