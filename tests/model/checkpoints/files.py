"""Small models and files of them, made in the layouts of published files."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mirage_core.model.build import build_model
from mirage_core.model.spec import (
    ClassifierSpec,
    DecoderSpec,
    DomainSpec,
    HeadKind,
    HeadSpec,
    ModelSpec,
    Pool,
)

BSCAN = DomainSpec(name="bscan", size=(64, 64))
SLO = DomainSpec(name="slo", size=(64, 64))
LAYERS = DomainSpec(name="bscanlayermap", patch=8, size=(16, 16), n_classes=13, class_dim=4)
ALL = (BSCAN, SLO, LAYERS)

HEADS = {
    HeadKind.CONVNEXT: HeadSpec(kind=HeadKind.CONVNEXT, n_classes=3, embed=128, depth=1),
    HeadKind.LINEAR: HeadSpec(kind=HeadKind.LINEAR, n_classes=3),
    HeadKind.SEGMENTER: HeadSpec(kind=HeadKind.SEGMENTER, n_classes=3, embed=24, depth=1),
    HeadKind.DPT: HeadSpec(
        kind=HeadKind.DPT, n_classes=3, layers=(0, 0, 1, 1), widths=(4, 4, 8, 8), features=4
    ),
}


def spec(domains: tuple[DomainSpec, ...] = (BSCAN,), **more: Any) -> ModelSpec:
    return ModelSpec(**{"dim": 128, "depth": 2, "heads": 2, "domains": domains, **more})


def pretraining_spec(domains: tuple[DomainSpec, ...] = ALL) -> ModelSpec:
    return spec(domains, decoder=DecoderSpec(dim=32, depth=1, heads=8, domains=domains))


def segmentation_spec(kind: HeadKind = HeadKind.CONVNEXT) -> ModelSpec:
    return spec(head=HEADS[kind])


def classification_spec(pool: Pool = Pool.GLOBAL) -> ModelSpec:
    return spec(classifier=ClassifierSpec(pool=pool, n_classes=5))


def model(of: ModelSpec, seed: int = 0) -> nn.Module:
    """Return a model all of whose weights are random, tables of positions and biases too."""
    torch.manual_seed(seed)
    made = build_model(of).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.normal_(std=0.2)
    return made


def inputs(of: ModelSpec, seed: int = 1) -> dict[str, Tensor]:
    torch.manual_seed(seed)
    return {
        d.name: torch.rand(2, 1, *d.size)
        if d.n_classes is None
        else torch.randint(0, d.n_classes, (2, *d.size))
        for d in of.domains
    }


def state(of: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach() for name, tensor in of.state_dict().items()}


def write_pth(
    path: Path,
    weights: nn.Module | Mapping[str, Tensor],
    args: Mapping[str, Any] | None = None,
    **more: Any,
) -> Path:
    """Write ``{"model", "args"}`` as the published scripts do; without `args`, none."""
    tensors = state(weights) if isinstance(weights, nn.Module) else dict(weights)
    content: dict[str, Any] = {"model": tensors, **more}
    if args is not None:
        content["args"] = argparse.Namespace(**args)
    torch.save(content, path)
    return path


def same_outputs(a: nn.Module, b: nn.Module, images: Mapping[str, Tensor]) -> bool:
    """Return whether two models give the very same."""
    with torch.no_grad():
        found, wanted = a(images), b(images)
    if isinstance(found, dict):
        return all(torch.equal(found[name], wanted[name]) for name in wanted)
    found, wanted = (x if isinstance(x, Tensor) else x.values for x in (found, wanted))
    return torch.equal(found, wanted)
