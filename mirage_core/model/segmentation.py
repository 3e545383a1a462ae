"""Segmentation models: an encoder with a head."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn
from torch.nn import functional

from mirage_core.model.encoder import Inputs, MirageEncoder
from mirage_core.model.heads import SegmentationHead, build_head
from mirage_core.model.spec import HeadSpec, ModelSpec
from mirage_core.model.tokens import Tokens

TASK = "semseg"
"""Name of the head in the published state dicts."""


def head_spec(spec: ModelSpec) -> HeadSpec:
    """Return the head's specification, or raise ValueError if there is none."""
    if spec.head is None:
        raise ValueError("a segmentation model needs a head; its specification has none")
    return spec.head


def resized(logits: Tensor, size: tuple[int, int]) -> Tensor:
    """Return `logits` ``(B, K, h, w)`` bilinearly resized to `size` (no aligned corners)."""
    if tuple(logits.shape[2:]) == tuple(size):
        return logits
    return functional.interpolate(logits, size=size, mode="bilinear", align_corners=False)


class MirageSegmentation(MirageEncoder):
    """The MIRAGE encoder with a segmentation head, under the published keys.

    Parameters
    ----------
    spec : ModelSpec
        With a head.
    drop_path : float
    """

    def __init__(self, spec: ModelSpec, drop_path: float = 0.0) -> None:
        super().__init__(spec, drop_path)
        self.output_adapters = nn.ModuleDict({TASK: build_head(head_spec(spec), spec.dim)})

    @property
    def head(self) -> SegmentationHead:
        """The head."""
        return cast(SegmentationHead, self.output_adapters[TASK])

    def tokens(self, inputs: Inputs) -> Tokens:
        """Return the tokens the head needs."""
        return self.encode(inputs, layers=self.head.layers)

    def grid_logits(self, inputs: Inputs) -> Tensor:
        """Return the head's logits ``(B, K, h, w)`` at its own resolution."""
        return self.head(self.tokens(inputs))

    def forward(self, inputs: Inputs) -> Tensor:  # type: ignore[override]
        """Return logits ``(B, K, H, W)`` at the size of the first domain the head looks at."""
        size = inputs[self.head.spec.domains[0]].shape[-2:]
        return resized(self.grid_logits(inputs), (size[0], size[1]))


class BackboneSegmentation(nn.Module):
    """Any other encoder with the same heads; its keys begin with ``backbone.``.

    Parameters
    ----------
    backbone : nn.Module
        Called as ``backbone(inputs, layers=...)``, it returns :class:`Tokens`.
    spec : ModelSpec
        With a head.
    """

    def __init__(self, backbone: nn.Module, spec: ModelSpec) -> None:
        super().__init__()
        self.spec = spec
        self.backbone = backbone
        self.output_adapters = nn.ModuleDict({TASK: build_head(head_spec(spec), spec.dim)})

    @property
    def head(self) -> SegmentationHead:
        """The head."""
        return cast(SegmentationHead, self.output_adapters[TASK])

    def tokens(self, inputs: Inputs) -> Tokens:
        """Return the tokens the head needs."""
        return cast(Tokens, self.backbone(inputs, layers=self.head.layers))

    def grid_logits(self, inputs: Inputs) -> Tensor:
        """Return the head's logits ``(B, K, h, w)`` at its own resolution."""
        return self.head(self.tokens(inputs))

    def forward(self, inputs: Inputs) -> Tensor:
        """Return logits ``(B, K, H, W)`` at the size of the first domain the head looks at."""
        size = inputs[self.head.spec.domains[0]].shape[-2:]
        return resized(self.grid_logits(inputs), (size[0], size[1]))


SegmentationModel = MirageSegmentation | BackboneSegmentation
