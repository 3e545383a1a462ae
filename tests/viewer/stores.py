"""Models for the window's tests: cards that are true, weights that are nothing but a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mirage_core.model.spec import (
    BSCAN,
    ClassifierSpec,
    DecoderSpec,
    HeadSpec,
    ModelSpec,
    Pool,
    mirage_spec,
)
from mirage_core.model.store.card import ModelCard, Normalisation, Origin
from mirage_core.model.store.known_schemes import scheme_for
from mirage_core.model.store.store import ModelStore
from mirage_core.model.store.terms import PUBLISHED
from tests.model.store.models import write_weights

AROI_VALUES = (0, 23, 46, 69, 92, 115, 138, 161)

SPECS: dict[str, tuple[ModelSpec, Normalisation]] = {
    "layers": (
        mirage_spec("tiny", (BSCAN,), head=HeadSpec(n_classes=8, embed=256, depth=1)),
        Normalisation.SEGMENTATION,
    ),
    "dreamer": (
        mirage_spec("tiny", decoder=DecoderSpec(dim=32, depth=1, heads=2)),
        Normalisation.WRAPPER,
    ),
    "stages": (
        mirage_spec("tiny", (BSCAN,), classifier=ClassifierSpec(pool=Pool.GLOBAL, n_classes=2)),
        Normalisation.CLASSIFICATION,
    ),
}
"""Models that segment, imagine and classify, by id."""


def card_of(kind: str, **fields: Any) -> ModelCard:
    """Return the card of a model of SPECS."""
    spec, normalisation = SPECS[kind]
    scheme = scheme_for({v: i for i, v in enumerate(AROI_VALUES)}) if spec.head else None
    return ModelCard(
        **{
            "id": kind,
            "title": f"Tiny {kind}",
            "spec": spec,
            "scheme": scheme,
            "class_labels": ("normal", "AMD") if spec.classifier is not None else (),
            "normalisation": normalisation,
            "terms": PUBLISHED,
            "origin": Origin(kind="file", format="test"),
            **fields,
        }
    )


def add_model(folder: Path, kind: str, seed: int = 0, **fields: Any) -> ModelCard:
    """Put a model of SPECS into the user's store; `folder` is for its file on the way there."""
    weights = write_weights(folder / f"{kind}.weights", seed)
    return ModelStore().add(card_of(kind, **fields), weights)
