"""From the content of a published file to an encoder, with every key accounted for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isqrt
from typing import Any

import torch
from torch import Tensor

from mirage_core.model.spec import DomainSpec, EncoderKind, ModelSpec, published_heads
from mirage_core.model.timm_encoders.base import TimmEncoder
from mirage_core.model.timm_encoders.build import build_timm_encoder
from mirage_core.model.timm_encoders.families import family


@dataclass(frozen=True, slots=True)
class LoadedKeys:
    """What became of the keys of a file.

    Attributes
    ----------
    missing : tuple of str
        Keys of the encoder that the file does not hold, under timm's names; these weights are
        random.
    unexpected : tuple of str
        Keys of the file that nobody knows, under the file's names.
    dropped : tuple of str
        Keys of the file that are known, and of no use to an encoder: decoders, classifiers,
        mask tokens.
    """

    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


def load_timm_encoder(
    kind: EncoderKind | str,
    state_dict: Mapping[str, Any],
    *,
    variant: str = "",
    heads: int | None = None,
    domain: str = "bscan",
) -> tuple[TimmEncoder, LoadedKeys]:
    """Build the encoder that published weights belong to, and fill it.

    Parameters
    ----------
    kind : EncoderKind or str
        ``dinov2``, ``retfound`` or ``sam``.
    state_dict : mapping
        Content of the file: tensors by key, or these under ``model``.
    variant : str
        Worked out from keys and shapes if empty. MedSAM's cannot be told from SAM's: name
        ``samvit_base_patch16.medsam``.
    heads : int, optional
        Attention heads, which plain transformers do not store; by default that of the published
        models, whose heads are 64 wide. SAM's are read from the file.
    domain : str
        Which images the encoder is to see.

    Returns
    -------
    encoder : TimmEncoder
        In evaluation mode; float32. Its tensors share memory with `state_dict` where they can.
    keys : LoadedKeys
        To be shown: an encoder with missing keys is not the published one.

    Raises
    ------
    ValueError
        If these are not the weights of such an encoder, or a tensor has an impossible shape.
    """
    row = family(kind)
    nested = state_dict.get("model")
    file = nested if isinstance(nested, Mapping) else state_dict
    names = {key: row.timm_key(key) for key, value in file.items() if isinstance(value, Tensor)}
    state = row.adapt({new: file[key].float() for key, new in names.items() if new is not None})
    spec = _spec(EncoderKind(kind), state, variant, heads, domain)
    with torch.device("meta"):
        encoder = build_timm_encoder(spec)
    expected = {key: tuple(tensor.shape) for key, tensor in encoder.vit.state_dict().items()}
    keys = LoadedKeys(
        missing=tuple(key for key in expected if key not in state),
        unexpected=tuple(k for k, new in names.items() if new is not None and new not in expected),
        dropped=tuple(key for key, new in names.items() if new is None),
    )
    _check_shapes(state, expected)
    if keys.missing:
        encoder = build_timm_encoder(spec)
    encoder.vit.load_state_dict(
        {k: v for k, v in state.items() if k in expected}, strict=False, assign=not keys.missing
    )
    return encoder.eval(), keys


def _spec(
    kind: EncoderKind, state: Mapping[str, Tensor], variant: str, heads: int | None, domain: str
) -> ModelSpec:
    """Read the sizes off the shapes; `state` has timm's keys."""
    needed = ["patch_embed.proj.weight", "pos_embed"]
    needed += [f"blocks.0.mlp.{layer}.weight" for layer in ("fc1", "fc2")]
    if kind is not EncoderKind.SAM:
        needed.append("cls_token")
    if absent := [key for key in needed if key not in state]:
        raise ValueError(
            f"these are not the weights of a {kind.value} encoder: {', '.join(absent)} "
            "is not among them. Choose the kind that fits the file."
        )
    dim, channels, patch = state["patch_embed.proj.weight"].shape[:3]
    if channels != 3:
        raise ValueError(f"the file's patch projection takes {channels} channels, not 3")
    depth = 1 + max(int(m[1]) for key in state if (m := re.match(r"blocks\.(\d+)\.", key)))
    height, width = _grid(state["pos_embed"])
    if heads is None:
        relative = state.get("blocks.0.attn.rel_pos_h")
        heads = published_heads(dim) if relative is None else dim // relative.shape[1]
    n_global = sum(state[k].shape[1] for k in ("cls_token", "reg_token") if k in state)
    return ModelSpec(
        encoder=kind,
        variant=variant or family(kind).variant(state),
        dim=dim,
        depth=depth,
        heads=heads,
        mlp_ratio=state["blocks.0.mlp.fc1.weight"].shape[0] / dim,
        n_global=n_global,
        domains=(DomainSpec(name=domain, patch=patch, size=(height * patch, width * patch)),),
    )


def _grid(positions: Tensor) -> tuple[int, int]:
    """Return the grid of a table of positions, ``(1, gh, gw, D)`` or ``(1, [1 +] g * g, D)``."""
    if positions.ndim == 4:
        return positions.shape[1], positions.shape[2]
    n = positions.shape[1]
    side = isqrt(n)
    if side * side not in (n, n - 1):
        raise ValueError(f"a table of {n} positions is of no square grid, with or without a class")
    return side, side


def _check_shapes(state: Mapping[str, Tensor], expected: Mapping[str, tuple[int, ...]]) -> None:
    wrong = [
        f"{key} {tuple(state[key].shape)} instead of {shape}"
        for key, shape in expected.items()
        if key in state and tuple(state[key].shape) != shape
    ]
    if wrong:
        raise ValueError("the file's tensors do not fit the encoder: " + "; ".join(wrong))
