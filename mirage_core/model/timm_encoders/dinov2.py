"""DINOv2, with or without registers: published keys to timm's, and the encoder."""

from __future__ import annotations

from collections.abc import Mapping
from math import isqrt

from torch import Tensor

from mirage_core.model.timm_encoders.plain import PlainEncoder
from mirage_core.model.tokens import Tokens

_SIZES = {384: "small", 768: "base", 1024: "large", 1536: "giant"}


class Dinov2Encoder(PlainEncoder):
    """DINOv2; its final norm applies to every token, its feature is the class token."""

    def pooled(self, tokens: Tokens) -> Tensor:
        """Return the class token ``(B, D)``; the registers behind it hold nothing to read."""
        return tokens.global_tokens[:, 0]


def timm_key(key: str) -> str | None:
    """Return timm's name of a published key, None for what only pre-training needs."""
    if key == "mask_token" or key.startswith("head."):
        return None
    if key == "register_tokens":
        return "reg_token"
    return key.replace(".mlp.w12.", ".mlp.fc1.").replace(".mlp.w3.", ".mlp.fc2.")


def adapt(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Fold the class token's position into the class token, where timm has no place for it.

    timm's models with registers hold positions of patches only; published files one more.
    """
    adapted = dict(state)
    positions = state.get("pos_embed")
    if "reg_token" in state and positions is not None and "cls_token" in state:
        n = positions.shape[1]
        if isqrt(n) ** 2 != n:
            adapted["cls_token"] = state["cls_token"] + positions[:, :1]
            adapted["pos_embed"] = positions[:, 1:]
    return adapted


def variant(state: Mapping[str, Tensor]) -> str:
    """Return timm's name of the model these weights (under timm's keys) are of."""
    up, down = state["blocks.0.mlp.fc1.weight"], state["blocks.0.mlp.fc2.weight"]
    gated = up.shape[0] == 2 * down.shape[1]
    size = "giant" if gated else _SIZES.get(state["cls_token"].shape[2], "small")
    registers = "_reg4" if "reg_token" in state else ""
    return f"vit_{size}_patch14{registers}_dinov2"
