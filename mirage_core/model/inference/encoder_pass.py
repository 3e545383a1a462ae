"""One pass through a MIRAGE encoder with prepared linear layers, background merged or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from mirage_core.model.encoder import Inputs, MirageEncoder
from mirage_core.model.inference.linears import Linear, Maker
from mirage_core.model.inference.token_choice import Merging
from mirage_core.model.tokens import Tokens


@dataclass(frozen=True, eq=False)
class _Layers:
    norm1: nn.LayerNorm
    qkv: Linear
    proj: Linear
    norm2: nn.LayerNorm
    fc1: Linear
    fc2: Linear


class EncoderPass:
    """What `encoder` computes in evaluation, block by block, with its linear layers prepared.

    Parameters
    ----------
    encoder : MirageEncoder
        Not changed; its layers are looked at again only where they are not linear.
    make : Maker
    """

    def __init__(self, encoder: MirageEncoder, make: Maker) -> None:
        self._encoder = encoder
        self._layers = [_prepared(block, make) for block in encoder.encoder]

    def __call__(
        self, inputs: Inputs, merge: Merging | None = None, layers: Sequence[int] | None = None
    ) -> Tokens:
        """Return the tokens of `inputs`, as :meth:`MirageEncoder.encode` does.

        With `merge` the encoder is given the tokens of its groups, and all members of a group
        get the same token.
        """
        encoder = self._encoder
        x, pyramid = encoder.look(inputs)
        weight = None
        if merge is not None:
            x, weight = merge.merged(x), merge.weight(encoder.spec.n_global)
        x = torch.cat([x, encoder.global_tokens.expand(len(x), -1, -1)], dim=1)
        shape, x = x.shape, x.flatten(0, 1)
        wanted = set(layers or ())
        outputs: dict[int, Tensor] = {}
        for i, block in enumerate(self._layers):
            x += block.proj(self._attention(block.qkv(_normed(block.norm1, x)), shape, weight))
            x += block.fc2(block.fc1(_normed(block.norm2, x)))
            if i in wanted:
                outputs[i] = x.clone().view(shape)
        found = tuple(outputs[i] for i in layers or ())
        grids, n_global = encoder.grids(inputs), encoder.spec.n_global
        tokens = Tokens(x.view(shape), grids, n_global, found, pyramid=pyramid)
        return tokens if merge is None else merge.spread(tokens)

    def _attention(self, qkv: Tensor, shape: torch.Size, weight: Tensor | None) -> Tensor:
        n_samples, n_tokens, dim = shape
        heads = self._encoder.spec.heads
        split = qkv.view(n_samples, n_tokens, 3, heads, dim // heads).permute(2, 0, 3, 1, 4)
        q, k, v = split.unbind(0)
        attended = functional.scaled_dot_product_attention(q, k, v, attn_mask=weight)
        return attended.transpose(1, 2).reshape(n_samples * n_tokens, dim)


def _prepared(block: Any, make: Maker) -> _Layers:
    return _Layers(
        norm1=block.norm1,
        qkv=make(block.attn.qkv, False),
        proj=make(block.attn.proj, False),
        norm2=block.norm2,
        fc1=make(block.mlp.fc1, True),
        fc2=make(block.mlp.fc2, False),
    )


def _normed(norm: nn.LayerNorm, x: Tensor) -> Tensor:
    return functional.layer_norm(x, norm.normalized_shape, norm.weight, norm.bias, norm.eps)
