"""The ConvNeXt head, the published default: four tokens' sides become sixteen positions."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from mirage_core.model.blocks import LayerNorm
from mirage_core.model.heads.base import SegmentationHead
from mirage_core.model.spec import HeadSpec
from mirage_core.model.tokens import Tokens

SIDE = 4
"""Positions along each side of a token."""


class ConvNextBlock(nn.Module):
    """Depth-wise 7 x 7, normalisation, two point-wise layers, residual (Liu et al., 2022).

    Without layer scale and stochastic depth.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(channels, channels, kernel_size=7, padding=3, groups=channels)
        self.norm = LayerNorm(channels)
        self.pwconv1 = nn.Linear(channels, 4 * channels)
        self.pwconv2 = nn.Linear(4 * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(B, C, h, w)`` of `x`, of the same shape."""
        y = self.dwconv(x).permute(0, 2, 3, 1)
        y = self.pwconv2(functional.gelu(self.pwconv1(self.norm(y))))
        return x + y.permute(0, 3, 1, 2)


class ConvNextHead(SegmentationHead):
    """Projects every token to 4 x 4 positions, then ConvNeXt blocks and a 1 x 1 convolution."""

    def __init__(self, spec: HeadSpec, dim: int) -> None:
        super().__init__(spec, dim)
        if spec.embed % SIDE**2:
            raise ValueError(f"a ConvNeXt head's width {spec.embed} is no multiple of {SIDE**2}")
        self.channels = spec.embed // SIDE**2
        self.proj_dec = nn.Linear(self.in_dim, spec.embed)
        self.blocks = nn.ModuleList([ConvNextBlock(self.channels) for _ in range(spec.depth)])
        self.final_layer = nn.Conv2d(self.channels, spec.n_classes, kernel_size=1)

    def spread(self, tokens: Tokens) -> Tensor:
        """Return the projected tokens as a map ``(B, C, 4 gh, 4 gw)``."""
        domains = self.spec.domains
        grid = tokens.grids[domains[0]]
        projected = self.proj_dec(torch.cat([tokens.of(d) for d in domains], dim=2))
        x = projected.unflatten(1, grid).unflatten(3, (SIDE, SIDE, self.channels))
        x = x.permute(0, 5, 1, 3, 2, 4)
        return x.reshape(len(x), self.channels, SIDE * grid[0], SIDE * grid[1])

    def forward(self, tokens: Tokens) -> Tensor:
        """Return logits ``(B, K, 4 gh, 4 gw)``."""
        x = self.spread(tokens)
        for block in self.blocks:
            x = block(x)
        return self.final_layer(x)
