"""The model that is taught to tell classes: any base's encoder, with a new head."""

from __future__ import annotations

import torch

from mirage_core.model.checkpoints.native import load_native
from mirage_core.model.checkpoints.targets import encoder_spec
from mirage_core.model.classification import ClassificationModel
from mirage_core.model.spec import ClassifierSpec, ModelSpec, Normalisation, VolumePool
from mirage_core.model.store.card import ModelCard
from mirage_core.model.store.store import StoredModel
from mirage_core.training.classify.config import ClassifyConfig
from mirage_core.training.classify.examples import ClassData
from mirage_core.training.finetune.errors import TeachError


def pupil_spec(base: ModelCard, data: ClassData, config: ClassifyConfig) -> ModelSpec:
    """Return the specification of the model to teach.

    Raises
    ------
    TeachError
        If the base model, or a scan, has no input that is asked for, or a size does not fit.
    """
    domains = _domains(base, data, config)
    classifier = ClassifierSpec(
        pool=config.pool,
        n_classes=len(data.labels),
        multi_label=data.multi_label,
        domains=domains,
        volume=config.volume if data.of_volumes else VolumePool.NONE,
    )
    try:
        return encoder_spec(base.spec, classifier=classifier, domains=domains, size=config.size)
    except ValueError as error:
        raise TeachError(str(error), "Choose another size, or another base model.") from None


def pupil_chain(base: ModelCard) -> Normalisation:
    """Return the preparation of images: the base's own where it was taught a task, as published."""
    taught = base.spec.head is not None or base.spec.classifier is not None
    return base.normalisation if taught else Normalisation.CLASSIFICATION


def load_pupil(base: StoredModel, spec: ModelSpec, seed: int) -> ClassificationModel:
    """Return the model to teach, its head drawn from the seed; on the CPU, in evaluation.

    Raises
    ------
    CheckpointError
        If the base model's weights are damaged.
    """
    bare = spec.model_copy(update={"classifier": None})
    encoder = load_native(base.folder, spec=bare, mapped=False).model
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return ClassificationModel(encoder, spec).eval()


def _domains(base: ModelCard, data: ClassData, config: ClassifyConfig) -> tuple[str, ...]:
    known = {d.name for d in base.spec.domains}
    every_has_slo = all(e.scan.slo is not None for e in data.examples)
    match config.domains:
        case "auto":
            wanted = ("bscan", "slo") if "slo" in known and every_has_slo else ("bscan",)
            wanted = wanted if "bscan" in known else ("slo",)
        case "both":
            wanted = ("bscan", "slo")
        case one:
            wanted = (one,)
    for name, words in (("bscan", "B-scans"), ("slo", "SLO images")):
        if name in wanted and name not in known:
            raise TeachError(
                f"The model {base.title!r} does not look at {words}.",
                "Choose another base model, or what it looks at.",
            )
    if "slo" in wanted and not every_has_slo:
        n = sum(e.scan.slo is None for e in data.examples)
        raise TeachError(
            f"{n} of {len(data)} labelled scans have no SLO image.",
            "Teach with B-scans alone, or leave these out.",
        )
    return wanted
