"""The DPT head: four blocks of the encoder, fused from coarse to fine."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from mirage_core.model.heads.base import SegmentationHead
from mirage_core.model.spec import HeadSpec
from mirage_core.model.tokens import Tokens


class ResidualUnit(nn.Module):
    """``x + conv2(relu(conv1(relu(x))))``."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(features, features, kernel_size=3, padding=1)
        self.conv2 = nn.Conv2d(features, features, kernel_size=3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Return a map of the shape of `x`."""
        y = self.conv2(functional.relu(self.conv1(functional.relu(x))))
        return x + y


class Fusion(nn.Module):
    """Adds a finer map to a coarser one and doubles its size."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.out_conv = nn.Conv2d(features, features, kernel_size=1)
        self.resConfUnit1 = ResidualUnit(features)
        self.resConfUnit2 = ResidualUnit(features)

    def forward(self, x: Tensor, skip: Tensor | None = None) -> Tensor:
        """Return ``(B, F, 2 h, 2 w)``."""
        if skip is not None:
            if x.shape[2:] != skip.shape[2:]:
                # A grid with an odd side: its half, doubled, is one too many.
                x = functional.interpolate(
                    x, size=skip.shape[2:], mode="bilinear", align_corners=True
                )
            x = x + self.resConfUnit1(skip)
        x = functional.interpolate(
            self.resConfUnit2(x), scale_factor=2, mode="bilinear", align_corners=True
        )
        return self.out_conv(x)


class DptHead(SegmentationHead):
    """Dense prediction transformer head (Ranftl et al., 2021)."""

    def __init__(self, spec: HeadSpec, dim: int) -> None:
        super().__init__(spec, dim)
        self.layers = spec.layers
        features, widths = spec.features, spec.widths
        resizers: tuple[nn.Module | None, ...] = (
            nn.ConvTranspose2d(widths[0], widths[0], kernel_size=4, stride=4),
            nn.ConvTranspose2d(widths[1], widths[1], kernel_size=2, stride=2),
            None,
            nn.Conv2d(widths[3], widths[3], kernel_size=3, stride=2, padding=1),
        )
        maps = [
            nn.Sequential(nn.Conv2d(self.in_dim, width, kernel_size=1), *([] if r is None else [r]))
            for width, r in zip(widths, resizers, strict=True)
        ]
        scratch = nn.Module()
        narrow = [
            nn.Conv2d(width, features, kernel_size=3, padding=1, bias=False) for width in widths
        ]
        for j in range(4):
            scratch.add_module(f"layer{j + 1}_rn", narrow[j])
            scratch.add_module(f"refinenet{j + 1}", Fusion(features))
            self.add_module(f"act_{j + 1}_postprocess", maps[j])
        # The published state dict names these twice.
        scratch.layer_rn = nn.ModuleList(narrow)
        self.act_postprocess = nn.ModuleList(maps)
        self.scratch = scratch
        self.head = nn.Sequential(
            nn.Conv2d(features, features, kernel_size=3, padding=1, bias=False),
            nn.Identity(),
            nn.ReLU(),
            nn.Dropout(0.1),
            nn.Conv2d(features, spec.n_classes, kernel_size=1),
        )

    def forward(self, tokens: Tokens) -> Tensor:
        """Return logits ``(B, K, 16 gh, 16 gw)``."""
        maps = [
            getattr(self.scratch, f"layer{j + 1}_rn")(
                self.act_postprocess[j](tokens.maps(self.spec.domains, layer))
            )
            for j, layer in enumerate(tokens.layers)
        ]
        x = self.scratch.refinenet4(maps[3])  # type: ignore[operator]
        for j in (3, 2, 1):
            x = getattr(self.scratch, f"refinenet{j}")(x, maps[j - 1])
        return functional.interpolate(
            self.head(x), scale_factor=2, mode="bilinear", align_corners=True
        )
