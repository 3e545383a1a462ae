"""Models written in the published formats, for the published scripts and the hub."""

from __future__ import annotations

import argparse
from collections import OrderedDict
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn

from mirage_core.io.atomic import atomic_file
from mirage_core.model.checkpoints.archive import write_archive, write_tensors
from mirage_core.model.checkpoints.layout import (
    ENCODER,
    INPUTS,
    LAYER_MAP_ALIAS,
)
from mirage_core.model.segmentation import TASK
from mirage_core.model.spec import (
    DOMAINS,
    LAYER_MAP,
    PUBLISHED_HEADS,
    ClassifierSpec,
    DecoderSpec,
    DomainSpec,
    EncoderKind,
    HeadKind,
    HeadSpec,
    ModelSpec,
    VolumePool,
)


class Published(StrEnum):
    """Formats of the published files."""

    PRETRAINING = "pre-training"
    SEGMENTATION = "segmentation"
    CLASSIFICATION = "classification"
    HUB = "hub"


_BY_TASK = {
    "reconstruct": Published.PRETRAINING,
    "segment": Published.SEGMENTATION,
    "classify": Published.CLASSIFICATION,
    "encode": Published.HUB,
}


_PRETRAINED = {"base": "pretrain_multimae_base", "large": "pretrain_multimae_large"}
"""What the published scripts call the sizes; they have no name for others."""


class _Specified(Protocol):
    spec: ModelSpec


def save_published(
    model: nn.Module,
    path: Path,
    kind: Published | str | None = None,
    *,
    epoch: int | str = 0,
    mapping: Mapping[int, int] | None = None,
    settings: Mapping[str, Any] | None = None,
    overwrite: bool = False,
) -> None:
    """Write a model of MIRAGE's as the published scripts do.

    What no shape tells (numbers of attention heads, blocks a DPT head looks at) is written
    under names of our own, which the published scripts do not look at.

    Parameters
    ----------
    model : nn.Module
    path : Path
        ``.pth``, or ``.safetensors`` for the hub.
    kind : Published, optional
        By default that of the model's task. The hub's takes the encoder of any model.
    epoch : int or str
        Of the training; "best" for the best.
    mapping : mapping of int to int, optional
        Of a segmentation head: grey value in masks to class; 0, 1, 2, ... by default.
    settings : mapping, optional
        More or other entries of ``args``.
    overwrite : bool

    Raises
    ------
    ValueError
        If the model cannot be written in this format.
    ExportError
        If the disk refuses.
    """
    spec = cast(_Specified, model).spec
    kind = _BY_TASK[spec.task] if kind is None else Published(kind)
    if spec.encoder is not EncoderKind.MIRAGE:
        raise ValueError(f"the published formats are MIRAGE's; this is {spec.encoder.value}")
    if any(domain.stem for domain in spec.domains):
        raise ValueError("the published formats know no convolutional stem in front of patches")
    if kind is not Published.HUB and spec.head and spec.head.kind not in PUBLISHED_HEADS:
        raise ValueError(f"the published formats know no {spec.head.kind.value} head")
    if kind is not Published.HUB and kind is not _BY_TASK[spec.task]:
        raise ValueError(f"a model that can {spec.task} is not written as {kind.value}")
    if kind is Published.CLASSIFICATION and spec.classifier:
        _check_classifier(spec.classifier)
    state = {name: tensor.detach().cpu() for name, tensor in model.state_dict().items()}
    if kind is Published.HUB:
        _save_hub(state, spec, path, overwrite)
        return
    args = _args(spec, mapping) | dict(settings or {})
    if kind is Published.SEGMENTATION:
        state = {_as_in_segmentation(name): tensor for name, tensor in state.items()}
    content: dict[str, Any] = {"model": OrderedDict(_compact(state))}
    if kind is not Published.PRETRAINING:
        content |= {"optimizer": {}, "epoch": epoch}
    if kind is Published.SEGMENTATION:
        content["scaler"] = {}
    content["args"] = argparse.Namespace(**args)
    if kind is Published.CLASSIFICATION:
        content["loss_scaler"] = None
    with atomic_file(path, overwrite=overwrite) as fresh:
        write_archive(content, fresh)


def _check_classifier(classifier: ClassifierSpec) -> None:
    """Raise ValueError where the published format would lose how a classifier is to be read."""
    if classifier.multi_label:
        raise ValueError("the published formats know one class at a time, not several labels")
    if classifier.volume is not VolumePool.NONE:
        raise ValueError("the published formats know classes of single images, not of volumes")


def _save_hub(state: Mapping[str, Tensor], spec: ModelSpec, path: Path, overwrite: bool) -> None:
    at = ENCODER if spec.classifier is not None else ""
    kept = tuple(f"{at}{part}" for part in ("global_tokens", INPUTS, "encoder."))
    tensors = {
        ENCODER + name.removeprefix(at): tensor.contiguous()
        for name, tensor in state.items()
        if name.startswith(kept)
    }
    notes = {"format": "pt", "encoder_num_heads": str(spec.heads)}
    with atomic_file(path, overwrite=overwrite) as fresh:
        write_tensors(tensors, fresh, notes)


def _compact(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors that bring nothing along but themselves, those named twice once."""
    made: dict[tuple[int, torch.Size], Tensor] = {}
    for tensor in state.values():
        alone = tensor.untyped_storage().nbytes() == tensor.numel() * tensor.element_size()
        plain = tensor if alone and tensor.is_contiguous() else tensor.contiguous().clone()
        made.setdefault((tensor.data_ptr(), tensor.shape), plain)
    return {name: made[tensor.data_ptr(), tensor.shape] for name, tensor in state.items()}


def _as_in_segmentation(name: str) -> str:
    ours, theirs = (f"{INPUTS}{domain}." for domain in (LAYER_MAP.name, LAYER_MAP_ALIAS))
    return theirs + name.removeprefix(ours) if name.startswith(ours) else name


def _args(spec: ModelSpec, mapping: Mapping[int, int] | None) -> dict[str, Any]:
    if spec.head is not None:
        return _segmentation_args(spec, spec.head, mapping)
    args = _pretraining_args(spec, spec.decoder or _absent_decoder(spec))
    if spec.classifier is not None:
        args |= _classification_args(spec.classifier)
    return args


def _absent_decoder(spec: ModelSpec) -> DecoderSpec:
    """Return the published decoders; their settings stand in every file of a classifier."""
    rows, columns = spec.domains[0].grid
    known = {
        d.name: d.model_copy(update={"size": (rows * d.patch, columns * d.patch)}) for d in DOMAINS
    }
    known |= {d.name: d for d in spec.domains if d.name in known}
    return DecoderSpec(domains=tuple(known.values()))


def _pretraining_args(spec: ModelSpec, decoder: DecoderSpec) -> dict[str, Any]:
    inputs = [d.name for d in spec.domains]
    outputs = [d.name for d in decoder.domains]
    every = {d.name: d for d in (*spec.domains, *decoder.domains)}.values()
    grids = {d.name: list(d.grid) for d in every}
    return {
        "model": _PRETRAINED.get(spec.size_name, _PRETRAINED["base"]),
        "in_domains": inputs,
        "out_domains": outputs,
        "all_domains": [d.name for d in every],
        "num_global_tokens": spec.n_global,
        "drop_path": 0.0,
        "decoder_dim": decoder.dim,
        "decoder_depth": decoder.depth,
        "decoder_num_heads": decoder.heads,
        "decoder_use_task_queries": True,
        "decoder_use_xattn": True,
        "input_size": {d.name: list(d.size) for d in every},
        "patch_size": {d.name: [d.patch, d.patch] for d in every},
        "grid_sizes": grids,
        "grid_size": grids,
        "num_encoded_tokens": 98,
        "epochs": 1600,
        "batch_size": 256,
        "alphas": 1.0,
        "encoder_num_heads": spec.heads,
    }


def _classification_args(classifier: ClassifierSpec) -> dict[str, Any]:
    return {"weights": "", "pool": classifier.pool.value, "num_classes": classifier.n_classes}


def _segmentation_args(
    spec: ModelSpec, head: HeadSpec, mapping: Mapping[int, int] | None
) -> dict[str, Any]:
    def name(domain: str) -> str:
        return LAYER_MAP_ALIAS if domain == LAYER_MAP.name else domain

    def by_name(value: Any) -> dict[str, Any]:
        return {name(d.name): value(d) for d in spec.domains}

    def size(domain: DomainSpec) -> tuple[int, int]:
        return domain.size

    inputs = [name(d.name) for d in spec.domains]
    mapping = dict(mapping or {i: i for i in range(head.n_classes)})
    args: dict[str, Any] = {
        "model": "multivit_base",
        "output_adapter": head.kind.value,
        "in_domains": inputs,
        "out_domains": [TASK],
        "all_domains": list(dict.fromkeys([*inputs, TASK])),
        "input_size": by_name(size),
        "patch_size": by_name(lambda d: (d.patch, d.patch)),
        "grid_sizes": by_name(lambda d: list(d.grid)),
        "num_classes": head.n_classes,
        "num_global_tokens": spec.n_global,
        "decoder_main_tasks": "-".join(name(d) for d in head.domains),
        "decoder_interpolate_mode": "bilinear",
        "freeze_encoder": True,
        "loss": "CEGDice",
        "drop_path_encoder": 0.1,
        "mapping": mapping,
        "inverse_mapping": {index: grey for grey, index in mapping.items()},
        "data_path": "",
        "weights": "",
        "dataset_name": "",
        "ignore_index": None,
        "minmax": False,
        "learnable_pos_emb": False,
        "encoder_num_heads": spec.heads,
    }
    if head.kind is HeadKind.SEGMENTER:
        args["head_num_heads"] = head.heads
    if head.kind is HeadKind.DPT:
        args["head_layers"] = [str(layer) for layer in head.layers]
    return args
