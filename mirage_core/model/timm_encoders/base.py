"""What all encoders of timm share: grey images in, tokens with the global ones last out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from mirage_core.model.encoder import Inputs
from mirage_core.model.spec import ModelSpec
from mirage_core.model.tokens import Tokens

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class TimmEncoder(nn.Module):
    """An encoder of timm for one domain of grey images.

    Images of any size are taken: they are resized bilinearly to the nearest multiple of the
    patch side, so that the tokens cover exactly the image, and the table of positions is
    resampled to their grid by timm (bicubic, antialiased). Grey is repeated to three channels
    and normalised inside.

    Parameters
    ----------
    spec : ModelSpec
        With one domain.
    vit : nn.Module
        timm's model without a classifier; keys begin with ``vit.``.
    mean, std : tuple of float
        Per channel, of values 0..1.
    """

    vit: Any
    """timm tells no types."""

    def __init__(
        self,
        spec: ModelSpec,
        vit: nn.Module,
        mean: tuple[float, ...] = IMAGENET_MEAN,
        std: tuple[float, ...] = IMAGENET_STD,
    ) -> None:
        super().__init__()
        self.spec = spec
        self.dim = spec.dim
        self.vit = vit
        self.mean = mean
        self.std = std

    def forward(self, inputs: Inputs, *, layers: Sequence[int] | None = None) -> Tokens:
        """Return the tokens of one image per sample.

        Parameters
        ----------
        inputs : mapping of str to float tensor ``(B, 1, H, W)``, 0..1
            The domain of the specification and no other.
        layers : sequence of int, optional
            Blocks, counted from 0, whose outputs are wanted too, before any final norm.

        Returns
        -------
        Tokens
            Class and register tokens are the global ones; SAM has none.

        Raises
        ------
        ValueError
            If there is another input than that domain, it is no grey image, or a block is
            asked for that there is not.
        """
        domain, image = self._only(inputs)
        wanted = tuple(layers or ())
        if stray := sorted({i for i in wanted if not 0 <= i < self.spec.depth}):
            raise ValueError(f"there are blocks 0 to {self.spec.depth - 1}, none called {stray}")
        values, outputs = self._encode(self._prepare(image), wanted)
        return Tokens(values, {domain: self._grid(image)}, self.spec.n_global, outputs)

    def pooled(self, tokens: Tokens) -> Tensor:
        """Return the one feature ``(B, D)`` the published model makes of an image's tokens."""
        return tokens.patches.mean(dim=1)

    @abstractmethod
    def _encode(self, x: Tensor, wanted: tuple[int, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return the last tokens ``(B, N + G, D)`` of `x` ``(B, 3, H, W)``, and wanted blocks'."""

    def _only(self, inputs: Inputs) -> tuple[str, Tensor]:
        domain = self.spec.domains[0].name
        if list(inputs) != [domain]:
            raise ValueError(
                f"this {self.spec.encoder.value} encoder takes {domain!r} alone; "
                f"got {', '.join(map(repr, inputs)) or 'nothing'}"
            )
        image = inputs[domain]
        if image.ndim != 4 or image.shape[1] != 1 or not image.is_floating_point():
            raise ValueError(
                f"{domain} must be grey, float (B, 1, H, W); got {image.dtype} {tuple(image.shape)}"
            )
        return domain, image

    def _grid(self, image: Tensor) -> tuple[int, int]:
        patch = self.spec.domains[0].patch
        height, width = (max(1, round(side / patch)) for side in image.shape[-2:])
        return height, width

    def _prepare(self, image: Tensor) -> Tensor:
        patch = self.spec.domains[0].patch
        height, width = (n * patch for n in self._grid(image))
        if image.shape[-2:] != (height, width):
            image = F.interpolate(image, (height, width), mode="bilinear", align_corners=False)
        # No buffers: a model built without memory and filled by assignment would lose them.
        mean, std = (
            torch.tensor(v, dtype=image.dtype, device=image.device)[:, None, None]
            for v in (self.mean, self.std)
        )
        return (image - mean) / std
