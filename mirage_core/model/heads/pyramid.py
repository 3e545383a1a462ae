"""The pyramid head: tokens are led back to fine detail, level by level of the encoder's stem."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from mirage_core.model.heads.base import SegmentationHead
from mirage_core.model.spec import HeadSpec
from mirage_core.model.stem import ResidualBlock
from mirage_core.model.tokens import Tokens


class PyramidHead(SegmentationHead):
    """Adds what the tokens know to the stem's maps from coarse to fine; outputs at the finest.

    Layers and lesions are told apart by outputs of their own, so that a layer goes on through
    the fluid in it. Needs an encoder whose input has a stem of the head's widths.
    """

    def __init__(self, spec: HeadSpec, dim: int) -> None:
        super().__init__(spec, dim)
        parts = spec.parts or (spec.n_classes,)
        if sum(parts) != spec.n_classes:
            raise ValueError(f"parts of {parts} classes are not {spec.n_classes} classes")
        if len(spec.domains) != 1:
            raise ValueError("a pyramid head looks at one input, the one with the stem")
        widths = spec.widths
        coarser = (*widths[1:], self.in_dim)
        self.merge = nn.ModuleList(
            [nn.Conv2d(c, w, kernel_size=1) for w, c in zip(widths, coarser, strict=True)]
        )
        self.blocks = nn.ModuleList([ResidualBlock(w) for w in widths])
        self.outputs = nn.ModuleList([_Output(widths[0], n) for n in parts])

    def forward(self, tokens: Tokens) -> Tensor:
        """Return logits ``(B, K, 16 gh, 8 gw)``, those of the parts one after the other.

        Raises
        ------
        ValueError
            If the encoder has no stem.
        """
        if len(tokens.pyramid) != len(self.blocks):
            raise ValueError("a pyramid head needs the maps of an encoder's stem")
        x = tokens.maps(self.spec.domains).contiguous(memory_format=torch.channels_last)
        for i in reversed(range(len(self.blocks))):
            level = tokens.pyramid[i]
            up = functional.interpolate(self.merge[i](x), level.shape[2:], mode="nearest")
            x = self.blocks[i](up + level)
        return torch.cat([output(x) for output in self.outputs], dim=1)


class _Output(nn.Sequential):
    """A 3 x 3 convolution and the logits of one part."""

    def __init__(self, channels: int, n_classes: int) -> None:
        super().__init__(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, n_classes, kernel_size=1),
        )
