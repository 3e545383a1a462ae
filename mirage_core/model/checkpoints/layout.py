"""Whose weights a file holds, told from the names of its tensors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from torch import Tensor

from mirage_core.model.spec import LAYER_MAP

INPUTS = "input_adapters."
OUTPUTS = "output_adapters."
ENCODER = "model."
"""What the encoder's keys begin with in a classification model, and in every file of the hub."""

LAYER_MAP_ALIAS = "semseg"
"""What the published segmentation script calls the layer map among its *inputs*."""

_WRAPPERS = ("module.", ENCODER)


class Layout(StrEnum):
    """Kinds of checkpoints that are known here."""

    PRETRAINING = "MIRAGE pre-training"
    SEGMENTATION = "MIRAGE segmentation"
    CLASSIFICATION = "MIRAGE classification"
    ENCODER = "MIRAGE encoder"
    MULTIMAE = "MultiMAE"
    MAE = "ViT of a masked autoencoder"
    DINOV2 = "DINOv2"
    SAM = "SAM"
    UNKNOWN = "unknown"

    @property
    def is_mirage(self) -> bool:
        """Whether it is one of MIRAGE's own."""
        return self.name in ("PRETRAINING", "SEGMENTATION", "CLASSIFICATION", "ENCODER")


def recognise(state: Mapping[str, Tensor]) -> Layout:
    """Return whose weights `state` holds; keys may have the hub's prefix or not."""
    state = canonical(state)
    if f"{ENCODER}global_tokens" in state:
        return Layout.CLASSIFICATION
    if "global_tokens" in state and any(key.startswith(INPUTS) for key in state):
        if _takes_colour(state):
            return Layout.MULTIMAE
        if any(k.startswith(OUTPUTS) and k.endswith(".mask_token") for k in state):
            return Layout.PRETRAINING
        has_head = any(k.startswith(OUTPUTS) for k in state)
        return Layout.SEGMENTATION if has_head else Layout.ENCODER
    names = {key.removeprefix("image_encoder.") for key in state}
    if "blocks.0.attn.rel_pos_h" in names and "patch_embed.proj.weight" in names:
        return Layout.SAM
    if not {"cls_token", "patch_embed.proj.weight", "blocks.0.attn.qkv.weight"} <= names:
        return Layout.UNKNOWN
    return Layout.DINOV2 if "blocks.0.ls1.gamma" in names else Layout.MAE


def canonical(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return `state` under the keys of the models here.

    What wraps every key is taken off: ``module.`` of a parallel run, ``model.`` of the hub. A
    classification model keeps ``model.`` before its encoder's keys, or is given it. The layer
    map is called ``bscanlayermap`` among the inputs too.
    """
    names = {key: key for key in state}
    for wrapper in _WRAPPERS * 2:
        if all(name.startswith(wrapper) for name in names.values()):
            names = {key: name.removeprefix(wrapper) for key, name in names.items()}
    classifies = _has_adapters(names.values()) and "head.weight" in names.values()
    for key, name in names.items():
        bare = name.removeprefix(ENCODER)
        if classifies and not name.startswith(("norm.", "head.")):
            names[key] = ENCODER + _domain_renamed(bare)
        elif not classifies and _has_adapters(names.values()):
            names[key] = _domain_renamed(bare)
    if len(set(names.values())) < len(names):  # the same name with and without a prefix
        return dict(state)
    return {name: state[key] for key, name in names.items()}


def _has_adapters(names: Iterable[str]) -> bool:
    return any(name.startswith((INPUTS, ENCODER + INPUTS)) for name in names)


def _domain_renamed(name: str) -> str:
    parts = name.split(".")
    # output_adapters.semseg is the head, and keeps its name.
    for place, holder in ((1, "input_adapters"), (3, "task_embeddings")):
        if len(parts) > place and parts[place - 1] == holder and parts[place] == LAYER_MAP_ALIAS:
            parts[place] = LAYER_MAP.name
    return ".".join(parts)


def _takes_colour(state: Mapping[str, Tensor]) -> bool:
    """Return whether an image adapter takes three channels: MultiMAE's, trained on photographs."""
    return any(
        key.startswith(INPUTS)
        and key.endswith(".proj.weight")
        and key.replace(".proj.weight", ".class_emb.weight") not in state
        and tensor.ndim == 4
        and tensor.shape[1] == 3
        for key, tensor in state.items()
    )
