"""Encoders of other models, by timm, behind MIRAGE's interface (see ``docs/encoders.md``).

One file per family: what its published files are called inside, and how timm builds it.
May be imported by `mirage_core.model` and what stands above it.
"""

from mirage_core.model.timm_encoders.base import TimmEncoder
from mirage_core.model.timm_encoders.build import build_timm_encoder
from mirage_core.model.timm_encoders.load import LoadedKeys, load_timm_encoder

__all__ = ["LoadedKeys", "TimmEncoder", "build_timm_encoder", "load_timm_encoder"]
