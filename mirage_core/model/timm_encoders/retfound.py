"""RETFound, a ViT-L/16 by masked autoencoding: published keys to timm's, and the encoder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from torch import Tensor

from mirage_core.model.spec import ModelSpec
from mirage_core.model.timm_encoders.plain import PlainEncoder
from mirage_core.model.timm_encoders.variants import recipe
from mirage_core.model.tokens import Tokens

GLOBAL_POOL = "global_pool"
"""Recipe of fine-tuned weights: no final norm on tokens, ``fc_norm`` on their mean."""


class RetfoundEncoder(PlainEncoder):
    """RETFound, pre-trained (final norm on every token) or fine-tuned with global pooling.

    timm's own normalisation of this ViT is not RETFound's, which was trained with ImageNet's.
    """

    def __init__(self, spec: ModelSpec) -> None:
        pool = "avg" if recipe(spec) == GLOBAL_POOL else "token"
        super().__init__(spec, global_pool=pool)

    def pooled(self, tokens: Tokens) -> Tensor:
        """Return the class token, or the mean patch after ``fc_norm``: ``(B, D)``."""
        if recipe(self.spec) == GLOBAL_POOL:
            return cast(Tensor, self.vit.fc_norm(super().pooled(tokens)))
        return tokens.global_tokens[:, 0]


def timm_key(key: str) -> str | None:
    """Return timm's name of a published key, None for decoder, mask token and classifier."""
    return None if key.startswith(("decoder_", "mask_token", "head.")) else key


def variant(state: Mapping[str, Tensor]) -> str:
    """Return the variant these weights are of: pre-trained, or fine-tuned with ``fc_norm``."""
    pooled = "norm.weight" not in state and "fc_norm.weight" in state
    return "vit_large_patch16_224" + (f".{GLOBAL_POOL}" if pooled else "")
