"""The light head, for CPUs: what the ConvNeXt head does with a fortieth of its arithmetic."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from mirage_core.model.blocks import LayerNorm
from mirage_core.model.heads.base import SegmentationHead
from mirage_core.model.spec import HeadSpec
from mirage_core.model.tokens import Tokens

SIDE = 4
"""Positions along each side of a token; the logits have twice as many."""


class LightHead(SegmentationHead):
    """Normalises tokens, spreads each over 4 x 4 positions, blocks, doubles the grid, logits.

    Without the normalisation the few tokens of an encoder that are a hundred times as large as
    the others would decide how fast everything is learnt.
    """

    def __init__(self, spec: HeadSpec, dim: int) -> None:
        super().__init__(spec, dim)
        if spec.embed % SIDE**2:
            raise ValueError(f"a light head's width {spec.embed} is no multiple of {SIDE**2}")
        self.channels = spec.embed // SIDE**2
        self.norm = LayerNorm(self.in_dim)
        self.proj_dec = nn.Linear(self.in_dim, spec.embed)
        self.blocks = nn.ModuleList([_Block(self.channels) for _ in range(spec.depth)])
        fine = max(self.channels // 2, 8)
        self.narrow = nn.Conv2d(self.channels, fine, kernel_size=1)
        self.refine = _Block(fine)
        self.final_layer = nn.Conv2d(fine, spec.n_classes, kernel_size=1)

    def forward(self, tokens: Tokens) -> Tensor:
        """Return logits ``(B, K, 8 gh, 8 gw)``."""
        domains = self.spec.domains
        grid = tokens.grids[domains[0]]
        projected = self.proj_dec(self.norm(torch.cat([tokens.of(d) for d in domains], dim=2)))
        x = projected.unflatten(1, grid).unflatten(3, (SIDE, SIDE, self.channels))
        x = x.permute(0, 5, 1, 3, 2, 4)
        x = x.reshape(len(x), self.channels, SIDE * grid[0], SIDE * grid[1])
        for block in self.blocks:
            x = block(x)
        x = functional.interpolate(
            self.narrow(x), scale_factor=2, mode="bilinear", align_corners=False
        )
        return self.final_layer(self.refine(x))


class _Block(nn.Module):
    """Depth-wise 5 x 5, normalisation, two point-wise layers of twice the width, residual."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(channels, channels, kernel_size=5, padding=2, groups=channels)
        self.norm = LayerNorm(channels)
        self.pwconv1 = nn.Linear(channels, 2 * channels)
        self.pwconv2 = nn.Linear(2 * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(B, C, h, w)`` of `x`, of the same shape."""
        y = self.norm(self.dwconv(x).permute(0, 2, 3, 1))
        y = self.pwconv2(functional.gelu(self.pwconv1(y)))
        return x + y.permute(0, 3, 1, 2)
