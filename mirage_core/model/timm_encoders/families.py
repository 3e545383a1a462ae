"""The table of families: how each is built, and how its published files are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor

from mirage_core.model.spec import EncoderKind, ModelSpec
from mirage_core.model.timm_encoders import dinov2, retfound, sam
from mirage_core.model.timm_encoders.base import TimmEncoder


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of encoder.

    Attributes
    ----------
    encoder
        Makes an encoder with random weights of a specification.
    timm_key
        timm's name of a key in a published file; None for what the encoder has no use for.
    variant
        From tensors under timm's names to the name of the variant.
    architectures, recipes
        Pattern of timm names, and what may follow the dot.
    adapt
        Changes tensors under timm's names so that they fit, where they would not.
    """

    encoder: Callable[[ModelSpec], TimmEncoder]
    timm_key: Callable[[str], str | None]
    variant: Callable[[Mapping[str, Tensor]], str]
    architectures: str
    recipes: tuple[str, ...] = ("",)
    adapt: Callable[[Mapping[str, Tensor]], dict[str, Tensor]] = dict


FAMILIES: dict[EncoderKind, Family] = {
    EncoderKind.DINOV2: Family(
        dinov2.Dinov2Encoder,
        dinov2.timm_key,
        dinov2.variant,
        "vit_*_patch14*_dinov2",
        adapt=dinov2.adapt,
    ),
    EncoderKind.RETFOUND: Family(
        retfound.RetfoundEncoder,
        retfound.timm_key,
        retfound.variant,
        "vit_large_patch16_224",
        ("", retfound.GLOBAL_POOL),
    ),
    EncoderKind.SAM: Family(
        sam.SamEncoder, sam.timm_key, sam.variant, "samvit_*_patch16", ("", sam.MEDSAM)
    ),
}


def family(kind: EncoderKind | str) -> Family:
    """Return the row of `kind`.

    Raises
    ------
    ValueError
        If that kind is not one of timm's.
    """
    found = FAMILIES.get(EncoderKind(kind))
    if found is None:
        known = ", ".join(k.value for k in FAMILIES)
        raise ValueError(f"{EncoderKind(kind).value} is no encoder of timm; those are: {known}")
    return found
