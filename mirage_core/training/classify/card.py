"""The card of a model that was taught to tell classes."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from mirage_core.model.spec import ModelSpec, Normalisation
from mirage_core.model.store.card import (
    ModelCard,
    Origin,
    TrainingPart,
    TrainingSummary,
    slug,
)
from mirage_core.training.classify.config import ClassifyConfig
from mirage_core.training.classify.examples import ClassData
from mirage_core.training.classify.report import ClassReport
from mirage_core.training.finetune.card import inherited


def class_card(
    base: ModelCard,
    spec: ModelSpec,
    chain: Normalisation,
    data: ClassData,
    config: ClassifyConfig,
    title: str,
    *,
    train: Iterable[int] = (),
    test: Iterable[int] = (),
    report: ClassReport | None = None,
    seconds: float = 0.0,
    notes: Iterable[str] = (),
) -> ModelCard:
    """Return the card of a model taught from `base`; nothing of a patient is in it.

    Parameters
    ----------
    base : ModelCard
    spec : ModelSpec
        With a classifier.
    chain : Normalisation
        How images are prepared.
    data : ClassData
    config : ClassifyConfig
    title : str
    train, test : iterables of int
        Examples by their numbers in the data.
    report : ClassReport or None
    seconds : float
    notes : iterable of str
        What is worth knowing of how it was measured.
    """
    split = {"train": _part(data, train), "test": _part(data, test)}
    plain = {k: v for k, v in config.model_dump().items() if isinstance(v, str | int | float)}
    said = "" if report is None else report.sentence
    return ModelCard(
        id=slug(title),
        title=title,
        spec=spec,
        class_labels=data.labels,
        normalisation=chain,
        parent_sha256=base.weights_sha256,
        terms=inherited(base.terms),
        origin=Origin(kind="trained", notes=tuple(n for n in (said, *notes) if n)),
        training=TrainingSummary(split=split, settings=plain, seconds=seconds),
        metrics=_metrics(report),
    )


def _part(data: ClassData, rows: Iterable[int]) -> TrainingPart:
    chosen = [data.examples[i] for i in sorted(set(rows))]
    names = {e.patient for e in chosen}
    return TrainingPart(
        scans=len({id(e.scan) for e in chosen}),
        b_scans=sum(len(e.b_scans) for e in chosen),
        patients=tuple(sorted(sha256(name.encode()).hexdigest() for name in names)),
    )


def _metrics(report: ClassReport | None) -> dict[str, float | None]:
    if report is None:
        return {}
    metrics = {
        "AUROC": report.auroc.value,
        "AUPRC": report.auprc.value,
        "balanced accuracy": report.balanced_accuracy.value,
        "calibration error": report.calibration_error,
    }
    for c in report.classes:
        metrics[f"{c.name} AUROC"] = c.auroc.value
        metrics[f"{c.name} AUPRC"] = c.auprc.value
    return metrics
