"""Segmentation heads: from tokens to class logits on a grid finer than the tokens'."""

from mirage_core.model.heads.base import SegmentationHead
from mirage_core.model.heads.build import build_head

__all__ = ["SegmentationHead", "build_head"]
