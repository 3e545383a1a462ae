"""Names of variants: timm's name of the architecture, then what its weights need, if anything."""

from __future__ import annotations

from mirage_core.model.spec import ModelSpec


def architecture(spec: ModelSpec) -> str:
    """Return timm's name, ``samvit_base_patch16`` of ``samvit_base_patch16.medsam``."""
    return spec.variant.partition(".")[0]


def recipe(spec: ModelSpec) -> str:
    """Return what the weights need, ``medsam`` of ``samvit_base_patch16.medsam``, or ""."""
    return spec.variant.partition(".")[2]
