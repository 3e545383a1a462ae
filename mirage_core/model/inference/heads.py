"""Any segmentation head on a region of its grid."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from mirage_core.model.heads import SegmentationHead
from mirage_core.model.heads.convnext import ConvNextHead
from mirage_core.model.inference.convnext_region import ConvNextRegion
from mirage_core.model.inference.linears import Maker
from mirage_core.model.inference.region import Region
from mirage_core.model.spec import HeadKind
from mirage_core.model.tokens import Tokens

PLACES_PER_TOKEN: dict[HeadKind, tuple[int, int]] = {
    HeadKind.CONVNEXT: (4, 4),
    HeadKind.LINEAR: (1, 1),
    HeadKind.SEGMENTER: (1, 1),
    HeadKind.DPT: (16, 16),
    HeadKind.PYRAMID: (16, 8),
    HeadKind.LIGHT: (8, 8),
}
"""Logits down and along a token."""

RegionHead = Callable[[Tokens, Region], Tensor]
"""Logits ``(B, K, rows of the hull, w)``, right on the region itself only."""


def region_head(head: SegmentationHead, make: Maker, chunk: int) -> RegionHead:
    """Return `head` so that it computes what a region needs; ConvNeXt alone can leave out a part.

    Parameters
    ----------
    head : SegmentationHead
    make : Maker
    chunk : int
        Places at a time in a ConvNeXt head's point-wise layers.
    """
    if isinstance(head, ConvNextHead):
        return ConvNextRegion(head, make, chunk)

    def whole(tokens: Tokens, region: Region) -> Tensor:
        logits: Tensor = head(tokens)
        return logits[:, :, region.hull]

    return whole
