"""The card of a taught model: where it comes from, what it was taught with, what it gained."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from mirage_core.model.store.card import (
    ModelCard,
    Origin,
    TrainingPart,
    TrainingSummary,
    slug,
)
from mirage_core.model.store.scheme import LayerScheme
from mirage_core.model.store.terms import Terms
from mirage_core.training.finetune.config import FinetuneConfig
from mirage_core.training.finetune.gain import Gain
from mirage_core.training.finetune.labelled import TeachingData
from mirage_core.training.finetune.syllabus import Syllabus

_PRIVATE = (
    "Weights can give away something of the images they were taught with: ask your data protection "
    "officer before you pass them on."
)


def taught_card(
    base: ModelCard,
    plan: Syllabus,
    scheme: LayerScheme,
    data: TeachingData,
    config: FinetuneConfig,
    title: str,
    train: Iterable[int],
    test: Iterable[int],
    gained: Gain | None,
    seconds: float,
    notes: Iterable[str] = (),
) -> ModelCard:
    """Return the card of a model taught from `base`; nothing of a patient is in it.

    Parameters
    ----------
    base : ModelCard
    plan : Syllabus
    scheme : LayerScheme
        As its classes are to be read.
    data : TeachingData
    config : FinetuneConfig
    title : str
    train, test : iterables of int
        B-scans by their numbers in the data.
    gained : Gain or None
    seconds : float
    notes : iterable of str
        What is worth knowing of how it was measured.
    """
    split = {"train": _part(data, train), "test": _part(data, test)}
    plain = {k: v for k, v in config.model_dump().items() if isinstance(v, str | int | float)}
    remark = "" if gained is None else gained.sentence
    return ModelCard(
        id=slug(title),
        title=title,
        spec=plan.spec,
        scheme=scheme,
        normalisation=plan.normalisation,
        parent_sha256=base.weights_sha256,
        terms=inherited(base.terms),
        origin=Origin(kind="trained", notes=tuple(n for n in (remark, *notes) if n)),
        training=TrainingSummary(split=split, settings=plain, seconds=seconds),
        metrics=_metrics(gained),
    )


def inherited(terms: Terms) -> Terms:
    """Return the terms of weights that were worked out from others'."""
    if _PRIVATE in terms.notice:
        return terms
    return terms.model_copy(update={"notice": f"{terms.notice} {_PRIVATE}".strip()})


def _part(data: TeachingData, rows: Iterable[int]) -> TrainingPart:
    chosen = [data.b_scans[i] for i in sorted(set(rows))]
    names = {b.patient for b in chosen}
    return TrainingPart(
        scans=len({(b.patient, b.scan) for b in chosen}),
        b_scans=len(chosen),
        patients=tuple(sorted(sha256(name.encode()).hexdigest() for name in names)),
    )


def _metrics(gained: Gain | None) -> dict[str, float | None]:
    if gained is None:
        return {}
    metrics: dict[str, float | None] = {"error ratio": gained.ratio.value}
    for s in gained.structures:
        what = "error px" if s.kind == "surface" else "Dice"
        metrics[f"{s.name} {what}"] = s.after.value
        metrics[f"{s.name} {what} before"] = s.before.value
    return metrics
