"""From an image or a label map to tokens."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mirage_core.model.positions import resize_table, sincos_table
from mirage_core.model.spec import DomainSpec
from mirage_core.model.stem import PATCH_STRIDE, STRIDE, ConvStem


class InputAdapter(nn.Module):
    """Cuts an input into patches, projects them and adds their positions."""

    resize_mode = "bicubic"

    def __init__(self, domain: DomainSpec, dim: int, channels: int) -> None:
        super().__init__()
        self.domain = domain
        self.proj = nn.Conv2d(channels, dim, kernel_size=domain.patch, stride=domain.patch)
        # A parameter, so that it stands in the state dict; never trained, always loaded.
        self.pos_emb = nn.Parameter(sincos_table(dim, domain.grid), requires_grad=False)

    def grid(self, x: Tensor) -> tuple[int, int]:
        """Return the tokens down and across that `x` gives.

        Raises
        ------
        ValueError
            If the patch side does not divide height and width.
        """
        height, width = x.shape[-2:]
        patch = self.domain.patch
        if height % patch or width % patch:
            raise ValueError(
                f"{self.domain.name} of {height} x {width} px cannot be cut into patches of "
                f"{patch} px; resize it to multiples of {patch}"
            )
        return height // patch, width // patch

    def project(self, x: Tensor) -> Tensor:
        """Return the projected patches ``(B, D, gh, gw)``."""
        return self.proj(x)

    def pyramid(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return what is seen on the way to the patches, from fine to coarse; here nothing."""
        return ()

    def look(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return tokens ``(B, gh * gw, D)``, row-major, and the pyramid."""
        grid = self.grid(x)
        seen = self.pyramid(x)
        table = resize_table(self.pos_emb, grid, self.resize_mode)
        tokens = (self.project(seen[-1] if seen else x) + table).flatten(2).transpose(1, 2)
        return tokens, seen

    def forward(self, x: Tensor) -> Tensor:
        """Return tokens ``(B, gh * gw, D)``, row-major."""
        return self.look(x)[0]


class ImageAdapter(InputAdapter):
    """For grey images, float ``(B, 1, H, W)``."""

    def __init__(self, domain: DomainSpec, dim: int) -> None:
        super().__init__(domain, dim, channels=1)


class StemAdapter(InputAdapter):
    """For grey images, float ``(B, 1, H, W)``, by way of a convolutional stem.

    Raises
    ------
    ValueError
        If the stem does not lead to patches of this side.
    """

    def __init__(self, domain: DomainSpec, dim: int) -> None:
        super().__init__(domain, dim, channels=1)
        reached = tuple(a * b for a, b in zip(STRIDE, PATCH_STRIDE, strict=True))
        if reached != (domain.patch, domain.patch):
            raise ValueError(f"a stem leads to patches of {reached[0]} px, not {domain.patch}")
        self.stem = ConvStem(domain.stem)
        self.proj = nn.Conv2d(domain.stem[-1], dim, kernel_size=PATCH_STRIDE, stride=PATCH_STRIDE)

    def pyramid(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the maps of the stem's levels."""
        return tuple(self.stem(x))


class LabelMapAdapter(InputAdapter):
    """For label maps, integers ``(B, H, W)``: every class has an embedding of its own."""

    resize_mode = "bilinear"

    def __init__(self, domain: DomainSpec, dim: int) -> None:
        super().__init__(domain, dim, channels=domain.class_dim)
        assert domain.n_classes is not None
        self.class_emb = nn.Embedding(domain.n_classes, domain.class_dim)

    def project(self, x: Tensor) -> Tensor:
        """Return the projected patches ``(B, D, gh, gw)``."""
        embedded = self.class_emb(x.to(torch.int64)).permute(0, 3, 1, 2)
        return self.proj(embedded)


def input_adapter(domain: DomainSpec, dim: int) -> InputAdapter:
    """Return the adapter of `domain` for tokens of width `dim`."""
    if domain.stem:
        return StemAdapter(domain, dim)
    kind = ImageAdapter if domain.n_classes is None else LabelMapAdapter
    return kind(domain, dim)
