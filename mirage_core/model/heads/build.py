"""From a head's specification to the head."""

from __future__ import annotations

from mirage_core.model.heads.base import SegmentationHead
from mirage_core.model.heads.convnext import ConvNextHead
from mirage_core.model.heads.dpt import DptHead
from mirage_core.model.heads.light import LightHead
from mirage_core.model.heads.linear import LinearHead
from mirage_core.model.heads.pyramid import PyramidHead
from mirage_core.model.heads.segmenter import SegmenterHead
from mirage_core.model.spec import HeadKind, HeadSpec

_HEADS: dict[HeadKind, type[SegmentationHead]] = {
    HeadKind.CONVNEXT: ConvNextHead,
    HeadKind.LINEAR: LinearHead,
    HeadKind.SEGMENTER: SegmenterHead,
    HeadKind.DPT: DptHead,
    HeadKind.PYRAMID: PyramidHead,
    HeadKind.LIGHT: LightHead,
}


def build_head(spec: HeadSpec, dim: int) -> SegmentationHead:
    """Return a new head for tokens of width `dim` per domain."""
    return _HEADS[spec.kind](spec, dim)
