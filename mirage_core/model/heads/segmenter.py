"""The Segmenter head: class tokens attend to patches; logits are their dot products."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from mirage_core.model.blocks import LayerNorm, apply, transformer_blocks
from mirage_core.model.heads.base import SegmentationHead
from mirage_core.model.spec import HeadSpec
from mirage_core.model.tokens import Tokens


class SegmenterHead(SegmentationHead):
    """Mask transformer (Strudel et al., 2021)."""

    def __init__(self, spec: HeadSpec, dim: int) -> None:
        super().__init__(spec, dim)
        width = spec.embed
        self.proj_dec = nn.Linear(self.in_dim, width)
        self.cls_emb = nn.Parameter(torch.zeros(1, spec.n_classes, width))
        self.blocks = transformer_blocks(spec.depth, width, spec.heads)
        self.decoder_norm = LayerNorm(width)
        self.patch_proj = nn.Linear(width, width, bias=False)
        self.classes_proj = nn.Linear(width, width, bias=False)
        self.mask_norm = LayerNorm(spec.n_classes)
        if not self.cls_emb.is_meta:
            nn.init.trunc_normal_(self.cls_emb, std=0.02)

    def forward(self, tokens: Tokens) -> Tensor:
        """Return logits ``(B, K, gh, gw)``."""
        domains, n_classes = self.spec.domains, self.spec.n_classes
        x = self.proj_dec(torch.cat([tokens.of(d) for d in domains], dim=2))
        x = torch.cat([x, self.cls_emb.expand(len(x), -1, -1)], dim=1)
        for block in self.blocks:
            x = apply(block, x, None)
        x = self.decoder_norm(x)
        patches = functional.normalize(self.patch_proj(x[:, :-n_classes]), dim=2)
        classes = functional.normalize(self.classes_proj(x[:, -n_classes:]), dim=2)
        logits = self.mask_norm(patches @ classes.transpose(1, 2))
        return logits.transpose(1, 2).unflatten(2, tokens.grids[domains[0]])
