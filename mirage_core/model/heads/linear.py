"""The linear head: one 1 x 1 convolution on the token grid."""

from __future__ import annotations

from torch import Tensor, nn

from mirage_core.model.heads.base import SegmentationHead
from mirage_core.model.spec import HeadSpec
from mirage_core.model.tokens import Tokens


class LinearHead(SegmentationHead):
    """Logits on the token grid."""

    def __init__(self, spec: HeadSpec, dim: int) -> None:
        super().__init__(spec, dim)
        self.final_layer = nn.Conv2d(self.in_dim, spec.n_classes, kernel_size=1)

    def forward(self, tokens: Tokens) -> Tensor:
        """Return logits ``(B, K, gh, gw)``."""
        return self.final_layer(tokens.maps(self.spec.domains))
