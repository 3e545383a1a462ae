"""Transformer blocks: timm's, with the settings all MIRAGE models share."""

from __future__ import annotations

from functools import partial
from typing import cast

import torch
from timm.models.vision_transformer import Block
from torch import Tensor, nn

EPS = 1e-6
"""Of every layer normalisation."""

LayerNorm = partial(nn.LayerNorm, eps=EPS)


def transformer_blocks(
    depth: int, dim: int, heads: int, mlp_ratio: float = 4.0, drop_path: float = 0.0
) -> nn.ModuleList:
    """Return `depth` pre-norm blocks; stochastic depth rises linearly from 0 to `drop_path`."""
    rates = torch.linspace(0.0, drop_path, depth, device="cpu").tolist()
    return nn.ModuleList(
        [
            Block(
                dim,
                heads,
                mlp_ratio=mlp_ratio,
                qkv_bias=True,
                norm_layer=LayerNorm,  # type: ignore[arg-type]
                drop_path=rate,
            )
            for rate in rates
        ]
    )


def attention_mask(valid: Tensor | None, n_always: int) -> Tensor | None:
    """Return who may be attended to, bool ``(B, 1, 1, M + n_always)``; None when all may."""
    if valid is None:
        return None
    always = valid.new_ones((valid.shape[0], n_always))
    return torch.cat([valid, always], dim=1)[:, None, None, :]


def apply(block: nn.Module, x: Tensor, mask: Tensor | None) -> Tensor:
    """Return the output of a block of :func:`transformer_blocks`."""
    return cast(Tensor, block(x) if mask is None else block(x, attn_mask=mask))
