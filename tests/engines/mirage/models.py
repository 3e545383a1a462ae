"""Small models in a store, and an eye to run them on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from mirage_core.engines.base import EngineInput
from mirage_core.model.build import build_model
from mirage_core.model.checkpoints.native import save_native
from mirage_core.model.spec import (
    ClassifierSpec,
    DecoderSpec,
    DomainSpec,
    HeadKind,
    HeadSpec,
    ModelSpec,
    Normalisation,
    Pool,
    mirage_spec,
)
from mirage_core.model.store.card import ModelCard, Origin
from mirage_core.model.store.known_schemes import AROI
from mirage_core.scan import LinePosition

BSCAN = DomainSpec(name="bscan", patch=16, size=(128, 128))
SLO = DomainSpec(name="slo", patch=16, size=(128, 128))
LAYERS = DomainSpec(name="bscanlayermap", patch=4, size=(32, 32), n_classes=13)


def put(
    store: Path, id: str, spec: ModelSpec, chain: Normalisation, **more: Any
) -> torch.nn.Module:
    torch.manual_seed(3)
    model = build_model(spec).eval()
    with torch.no_grad():
        for p in model.parameters():
            p.add_(torch.randn_like(p) * 0.05)
    card = ModelCard(
        id=id,
        title=id.title(),
        spec=spec,
        normalisation=chain,
        origin=Origin(kind="trained"),
        **more,
    )
    save_native(model, card, store / id)
    return model


def segmenting(store: Path, id: str = "layers", domains: tuple[str, ...] = ("bscan",)) -> Any:
    inputs = tuple(d for d in (BSCAN, SLO) if d.name in domains)
    head = HeadSpec(
        kind=HeadKind.CONVNEXT, n_classes=AROI.n_classes, domains=domains, embed=256, depth=2
    )
    spec = mirage_spec("tiny", inputs, head=head)
    return put(store, id, spec, Normalisation.SEGMENTATION, scheme=AROI)


def reconstructing(store: Path, id: str = "imagines") -> Any:
    decoder = DecoderSpec(dim=32, depth=1, heads=2, domains=(BSCAN, SLO, LAYERS))
    spec = mirage_spec("tiny", (BSCAN, SLO, LAYERS), decoder=decoder)
    return put(store, id, spec, Normalisation.WRAPPER)


def classifying(store: Path, id: str = "tells") -> Any:
    classifier = ClassifierSpec(pool=Pool.GLOBAL, n_classes=3)
    spec = mirage_spec("tiny", (BSCAN,), classifier=classifier)
    labels = ("CNV", "DME", "NORMAL")
    return put(store, id, spec, Normalisation.CLASSIFICATION, class_labels=labels)


def source(n: int = 3, *, slo: bool = True, seed: int = 0) -> EngineInput:
    random = np.random.default_rng(seed)
    rows = np.arange(96)[:, None]
    band = 140 * np.exp(-(((rows - 45 - 8 * np.sin(np.arange(150) / 25)) / 12) ** 2))
    b_scans = np.clip(band + random.normal(25, 12, (n, 96, 150)), 0, 255).astype(np.uint8)
    image = random.integers(0, 255, (90, 120)).astype(np.uint8) if slo else None
    positions = tuple(LinePosition((20.0 + 10 * b, 30.0), (20.0 + 10 * b, 80.0)) for b in range(n))
    return EngineInput(b_scans, tuple(range(n)), slo=image, positions=positions if slo else ())
