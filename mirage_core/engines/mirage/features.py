"""Features and classes of B-scans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mirage_core.engines.base import Classification, Embedding, EngineInput
from mirage_core.engines.mirage.inputs import Preparation
from mirage_core.engines.mirage.running import Run
from mirage_core.model.classification import ClassificationModel, pooled
from mirage_core.model.devices import arithmetic, to_device
from mirage_core.model.encoder import MirageEncoder
from mirage_core.model.segmentation import BackboneSegmentation
from mirage_core.model.spec import VolumePool
from mirage_core.model.store.card import ModelCard
from mirage_core.model.tokens import Tokens

F32 = NDArray[np.float32]


def embed(run: Run, source: EngineInput) -> Embedding:
    """Return tokens and pooled features of the wanted B-scans."""
    prepared = Preparation(run.card, source, _given(run, source))
    main = prepared.domains[0]
    model = run.model()

    @torch.inference_mode()
    def work(rows: Sequence[int], device: torch.device) -> tuple[Tokens, torch.Tensor]:
        inputs = {
            n: to_device(x, device)
            for n, x in prepared.inputs(rows, prepared.padding(rows)).items()
        }
        with arithmetic(device, fast=False):
            tokens = encode(model.module, inputs)
            patches, global_token = pooled(tokens.values, tokens.n_global)
        own = Tokens(tokens.of(main).float().cpu(), {main: tokens.grids[main]}, 0)
        return own, torch.cat([patches, global_token], dim=1).float().cpu()

    done = run.batches(source.wanted, work, model)
    tokens = [t for t, _ in done.results]
    width = 2 * run.card.spec.dim
    grid = tokens[0].grids[main] if tokens else (0, 0)
    return Embedding(
        tokens=_stack([t.values for t in tokens], (0, 0, run.card.spec.dim)),
        grid=grid,
        pooled=_stack([p for _, p in done.results], (0, width)),
        engine=run.info,
        run=run.run_info(done),
    )


def classify(run: Run, source: EngineInput) -> Classification:
    """Return class probabilities of the wanted B-scans, and of all of them together."""
    prepared = Preparation(run.card, source, run.info.domains)
    model = run.model()

    classifier = run.card.spec.classifier
    assert classifier is not None

    @torch.inference_mode()
    def work(rows: Sequence[int], device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
        inputs = {
            n: to_device(x, device)
            for n, x in prepared.inputs(rows, prepared.padding(rows)).items()
        }
        classifying = model.of(ClassificationModel)
        with arithmetic(device, fast=False):
            features = classifying.features(inputs)
            told = classifying.probabilities(classifying.head(features))
        return features.float().cpu(), told.float().cpu()

    done = run.batches(source.wanted, work, model)
    volume = weights = None
    if done.results and classifier.volume is not VolumePool.NONE:
        volume, weights = _of_volume(
            model.of(ClassificationModel), torch.cat([f for f, _ in done.results])
        )
    return Classification(
        _stack([p for _, p in done.results], (0, classifier.n_classes)),
        class_labels(run.card),
        run.info,
        run.run_info(done),
        classifier.multi_label,
        volume,
        weights,
    )


@torch.inference_mode()
def _of_volume(model: ClassificationModel, features: torch.Tensor) -> tuple[F32, F32]:
    """Return probabilities ``[k]`` of a volume of B-scans with `features`, and their weights."""
    device = model.head.weight.device
    moved = features.to(device)
    with arithmetic(device, fast=False):
        together = model.probabilities(model.of_volume(moved))
        return together.cpu().numpy(), model.weights(moved).cpu().numpy()


def class_labels(card: ModelCard) -> tuple[str, ...]:
    """Return the names of the classes that the model with this card tells."""
    assert card.spec.classifier is not None
    n_classes = card.spec.classifier.n_classes
    return card.class_labels or tuple(f"class {k}" for k in range(n_classes))


def encode(model: nn.Module, inputs: dict[str, torch.Tensor]) -> Tokens:
    """Return the tokens of any model's encoder."""
    if isinstance(model, ClassificationModel):
        return encode(model.model, inputs)
    if isinstance(model, BackboneSegmentation):
        return encode(model.backbone, inputs)
    return model.encode(inputs) if isinstance(model, MirageEncoder) else cast(Tokens, model(inputs))


def _given(run: Run, source: EngineInput) -> tuple[str, ...]:
    """Return the inputs the model knows and the scan has."""
    there = ("bscan",) if source.slo is None else ("bscan", "slo")
    known = tuple(d.name for d in run.card.spec.domains)
    return tuple(d for d in there if d in known) or known[:1]


def _stack(parts: list[torch.Tensor], empty: tuple[int, ...]) -> np.ndarray:
    if not parts:
        return np.zeros(empty, np.float32)
    return torch.cat(parts).numpy()
