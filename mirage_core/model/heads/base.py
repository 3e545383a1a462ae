"""What every segmentation head is."""

from __future__ import annotations

from torch import Tensor, nn

from mirage_core.model.spec import HeadSpec
from mirage_core.model.tokens import Tokens


class SegmentationHead(nn.Module):
    """Maps tokens to logits; resizing to the image is left to the model.

    Parameters
    ----------
    spec : HeadSpec
    dim : int
        Width of one domain's tokens.
    """

    layers: tuple[int, ...] | None = None
    """Encoder blocks whose outputs the head needs; None: the last one."""

    def __init__(self, spec: HeadSpec, dim: int) -> None:
        super().__init__()
        self.spec = spec
        self.in_dim = dim * len(spec.domains)

    def forward(self, tokens: Tokens) -> Tensor:
        """Return logits ``(B, K, h, w)``; a token covers ``h / gh`` of its rows."""
        raise NotImplementedError
