"""What a model's card says of the engine it makes. Imports no torch."""

from __future__ import annotations

from mirage_core.engines.base import EngineInfo, Mode
from mirage_core.model.spec import EncoderKind, ModelSpec
from mirage_core.model.store.card import ModelCard

VERSION = "1"
"""Of everything around the weights; part of every record, raised when results change."""


def engine_info(card: ModelCard) -> EngineInfo:
    """Return what the engine of the model with this card is and can do."""
    spec, scheme = card.spec, card.scheme
    domains = _domains(spec)
    return EngineInfo(
        name=card.id,
        version=VERSION,
        title=card.title,
        surfaces=scheme.surface_names if scheme is not None else (),
        mask_classes=scheme.mask_classes if scheme is not None else (),
        needs_weights=True,
        uses_slo="slo" in domains,
        sha256=card.weights_sha256 or "",
        tasks=_tasks(card),
        domains=domains,
        modes=tuple(Mode) if spec.head is not None else (),
    )


def _domains(spec: ModelSpec) -> tuple[str, ...]:
    if spec.head is not None:
        return spec.head.domains
    if spec.classifier is not None:
        if spec.classifier.domains:
            return spec.classifier.domains
        return ("bscan",) if any(d.name == "bscan" for d in spec.domains) else ("slo",)
    return tuple(d.name for d in spec.domains)


def _tasks(card: ModelCard) -> tuple[str, ...]:
    spec = card.spec
    tasks = []
    if spec.head is not None and card.scheme is not None and card.scheme.strata:
        tasks.append("segment")
    if spec.classifier is not None:
        tasks.append("classify")
    tasks.append("embed")
    if spec.encoder is EncoderKind.MIRAGE and spec.decoder is not None:
        tasks.append("reconstruct")
    return tuple(tasks)
