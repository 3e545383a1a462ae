"""A convolutional stem: what patches of 32 px blur together is seen first, ever more coarsely.

A patch token has no place for an edge of a layer to a fraction of a pixel. In front of the
patches the stem looks at the image in levels; it is coarser along the retina than across it from
the first level on, since layers run along it.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

LEVEL_STRIDES: tuple[tuple[int, int], ...] = ((2, 4), (2, 2), (2, 2), (2, 2))
"""Rows and columns of each level over those of the one before."""
STRIDE = (16, 32)
"""Of the last level over the image."""
PATCH_STRIDE = (2, 1)
"""From there to patches of 32 x 32 px."""
_BLOCKS = (1, 2, 2, 2)


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions with batch normalisation, residual (He et al., 2016)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(B, C, h, w)`` of `x`, of the same shape."""
        y = functional.relu(self.norm1(self.conv1(x)))
        return functional.relu(x + self.norm2(self.conv2(y)))


class ConvStem(nn.Module):
    """Levels of residual blocks.

    Parameters
    ----------
    widths : sequence of int
        Channels of each level, fine to coarse.
    """

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        if len(widths) != len(LEVEL_STRIDES):
            raise ValueError(f"a stem has {len(LEVEL_STRIDES)} levels, not {len(widths)}")
        levels = []
        before = 1
        for width, stride, n in zip(widths, LEVEL_STRIDES, _BLOCKS, strict=True):
            # Each output sees half as much again as its own share of the level before.
            kernel = (stride[0] * 3, stride[1] * 2) if before == 1 else (3, 3)
            padding = ((kernel[0] - 1) // 2, (kernel[1] - 1) // 2)
            down = nn.Conv2d(before, width, kernel, stride, padding, bias=False)
            blocks = [ResidualBlock(width) for _ in range(n)]
            levels.append(nn.Sequential(down, nn.BatchNorm2d(width), nn.ReLU(), *blocks))
            before = width
        self.levels = nn.ModuleList(levels)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the maps ``(B, C, h, w)`` of all levels of an image ``(B, 1, H, W)``."""
        x = (x - 0.5).contiguous(memory_format=torch.channels_last)
        maps = []
        for level in self.levels:
            x = level(x)
            maps.append(x)
        return maps
