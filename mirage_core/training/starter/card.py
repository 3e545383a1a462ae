"""The starter model's card: what it is, and on which terms it may be passed on."""

from __future__ import annotations

from mirage_core.model.spec import Normalisation
from mirage_core.model.store.card import ModelCard, Origin, TrainingSummary
from mirage_core.model.store.terms import Terms
from mirage_core.training.starter.model import starter_scheme, starter_spec

TERMS = Terms(
    id="starter",
    title="BSD-3-Clause, as the program",
    summary=(
        "Trained by this project on simulated eyes and on B-scans of Kermany et al. whose lesions "
        "were outlined and published under CC BY 4.0. You may use it, change it and pass it on."
    ),
    notice=(
        "Images: Kermany et al., Cell 2018, with outlines of lesions published under CC BY 4.0: "
        "name them when you pass the weights on."
    ),
)


def starter_card(training: TrainingSummary) -> ModelCard:
    """Return the card of a starter model that was trained so."""
    return ModelCard(
        id="starter",
        title="Starter model",
        spec=starter_spec(),
        scheme=starter_scheme(),
        normalisation=Normalisation.SEGMENTATION,
        terms=TERMS,
        origin=Origin(kind="trained"),
        training=training,
    )
