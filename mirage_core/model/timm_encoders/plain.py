"""The plain vision transformers of timm: class and register tokens first, a final norm."""

from __future__ import annotations

from typing import Any

import timm
import torch
from torch import Tensor

from mirage_core.model.spec import ModelSpec
from mirage_core.model.timm_encoders.base import TimmEncoder
from mirage_core.model.timm_encoders.variants import architecture


class PlainEncoder(TimmEncoder):
    """A ``VisionTransformer`` of timm.

    Parameters
    ----------
    spec : ModelSpec
    **options
        Further arguments of timm's model.

    Raises
    ------
    ValueError
        If timm's model has another number of class and register tokens than `spec` says.
    """

    def __init__(self, spec: ModelSpec, **options: Any) -> None:
        vit = timm.create_model(
            architecture(spec),
            pretrained=False,
            num_classes=0,
            img_size=spec.domains[0].size,
            patch_size=spec.domains[0].patch,
            embed_dim=spec.dim,
            depth=spec.depth,
            num_heads=spec.heads,
            mlp_ratio=spec.mlp_ratio,
            dynamic_img_size=True,
            **options,
        )
        if vit.num_prefix_tokens != spec.n_global:
            raise ValueError(
                f"{spec.variant} has {vit.num_prefix_tokens} class and register tokens; "
                f"the specification says {spec.n_global}"
            )
        super().__init__(spec, vit)

    def _encode(self, x: Tensor, wanted: tuple[int, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        n = self.spec.n_global
        if not wanted:
            values = self.vit.forward_features(x)
            return torch.cat([values[:, n:], values[:, :n]], dim=1), ()
        blocks = sorted(set(wanted))
        values, found = self.vit.forward_intermediates(
            x, indices=blocks, return_prefix_tokens=True, output_fmt="NLC"
        )
        outputs = {i: torch.cat(parts, dim=1) for i, parts in zip(blocks, found, strict=True)}
        last = torch.cat([values[:, n:], values[:, :n]], dim=1)
        return last, tuple(outputs[i] for i in wanted)
