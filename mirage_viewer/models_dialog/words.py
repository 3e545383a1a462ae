"""Models in words for people: a line for the list, a table for the card. No Qt."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from mirage_core.model.store.terms import UNKNOWN
from mirage_viewer.library import nameless
from mirage_viewer.teaching.words import counted

if TYPE_CHECKING:
    from mirage_core.model.spec import ModelSpec
    from mirage_core.model.store.card import ModelCard, TrainingPart
    from mirage_core.model.store.hub import Offer
    from mirage_core.model.store.store import BrokenModel, StoredModel

_TASKS = {
    "segment": "segments",
    "classify": "classifies",
    "reconstruct": "imagines images",
    "embed": "features",
}
_DOMAINS = {"bscan": "B-scan", "slo": "SLO image", "bscanlayermap": "layer map"}
_KINDS = {
    "file": "a file",
    "hub": "the hub",
    "trained": "training on this computer",
    "shipped": "this program",
}
_ENCODERS = {"mirage": "MIRAGE", "dinov2": "DINOv2", "retfound": "RETFound", "sam": "SAM"}
_HEADS = {
    "convnext": "ConvNeXt",
    "linear": "linear",
    "segmenter": "Segmenter",
    "dpt": "DPT",
    "pyramid": "pyramid",
    "light": "light",
}
_SHORT_SHA = 12

FEATURES_ONLY = "features only"
NO_HEAD = (
    "it has no head and does not segment, classify or imagine by itself; fine-tuning starts from it"
)


def card_of(entry: StoredModel | BrokenModel) -> ModelCard | None:
    """Return the card of a model, None if it cannot be used."""
    return getattr(entry, "card", None)


def id_of(entry: StoredModel | BrokenModel) -> str:
    """Return the id of a model: the name of its folder."""
    return entry.folder.name


def came_with_the_program(entry: StoredModel | BrokenModel) -> bool:
    """Return whether a model is not the user's to rename or remove."""
    return bool(getattr(entry, "shipped", False))


def title_of(entry: StoredModel | BrokenModel) -> str:
    """Return what people call a model."""
    card = card_of(entry)
    return card.title if card is not None else id_of(entry)


def list_line(entry: StoredModel | BrokenModel) -> str:
    """Return what stands under a model's title in the list."""
    card = card_of(entry)
    if card is None:
        return "cannot be used"
    known = card.terms.id != UNKNOWN.id
    terms = card.terms.title.split(" (")[0] if known else "terms unknown"
    return " · ".join((tasks(card), megabytes(card.weights_bytes), terms))


def tasks(card: ModelCard) -> str:
    """Return what a model does."""
    from mirage_core.engines.mirage.info import engine_info

    can = [t for t in engine_info(card).tasks if t != "embed"]
    if can:
        return ", ".join(_TASKS[t] for t in can)
    return FEATURES_ONLY if card.spec.head is None else "classes not known"


def megabytes(n_bytes: int) -> str:
    """Return a size for people."""
    return f"{n_bytes / 1e6:.1f} MB" if n_bytes < 100e6 else f"{n_bytes / 1e6:.0f} MB"


def card_html(card: ModelCard, muted: str) -> str:
    """Return the card of a model; `muted` is the colour of the names of its entries."""
    rows = (
        ("Does", _does(card)),
        ("Architecture", _architecture(card.spec)),
        ("Looks at", ", ".join(_DOMAINS.get(d, d) for d in _inputs(card))),
        ("Classes", _classes(card)),
        ("Surfaces", ", ".join(card.scheme.surface_names) if card.scheme is not None else ""),
        ("Remark", card.scheme.remark if card.scheme is not None else ""),
        ("Source", _source(card)),
        ("Tuned from", _short(card.parent_sha256)),
        ("Trained on", _training(card)),
        ("Metrics", ", ".join(f"{k} {v:.3g}" for k, v in card.metrics.items() if v is not None)),
        ("Terms", _terms(card)),
        ("Weights", megabytes(card.weights_bytes)),
        ("SHA-256", _short(card.weights_sha256)),
        ("Added", f"{card.created.astimezone():%Y-%m-%d %H:%M}"),
        ("Id", card.id),
        ("Notes", " ".join(card.origin.notes)),
    )
    return _table(card.title, rows, muted)


def broken_html(entry: BrokenModel, muted: str) -> str:
    """Return what is known of a model that cannot be used."""
    rows = (
        ("Why", entry.reason),
        ("What to do", "Remove it and import it again."),
        ("Folder", str(entry.folder)),
    )
    return _table(f"{id_of(entry)} cannot be used", rows, muted)


def offer_line(offer: Offer) -> str:
    """Return what the hub offers, in a line."""
    return f"{offer.repo} · {offer.file} · {megabytes(offer.size_bytes)} · from {offer.endpoint}"


def _table(title: str, rows: tuple[tuple[str, str], ...], muted: str) -> str:
    lines = "".join(
        f"<tr><td width='112' style='padding:3px 10px 3px 0; color:{muted}'>{escape(name)}</td>"
        f"<td style='padding:3px 0'>{escape(value)}</td></tr>"
        for name, value in rows
        if value
    )
    return f"<h3 style='margin:2px 0 8px 0'>{escape(title)}</h3><table>{lines}</table>"


def _short(sha256: str | None) -> str:
    return f"{sha256[:_SHORT_SHA]}…" if sha256 else ""


def _does(card: ModelCard) -> str:
    if nameless(card):
        return (
            "It segments, but nobody has said what its classes are: it cannot be used for that. "
            "Remove it and import it again; you are then asked for their names."
        )
    if tasks(card) == FEATURES_ONLY:
        return f"{FEATURES_ONLY}: {NO_HEAD}"
    return tasks(card)


def _architecture(spec: ModelSpec) -> str:
    name = f"{_ENCODERS[spec.encoder.value]} {spec.size_name}".strip()
    parts = [f"{name}: {spec.dim} wide, {spec.depth} blocks, {spec.heads} attention heads"]
    if spec.head is not None:
        parts.append(f"{_HEADS[spec.head.kind.value]} head")
    if spec.decoder is not None:
        given = ", ".join(_DOMAINS.get(d.name, d.name) for d in spec.decoder.domains)
        parts.append(f"decoders for {given}")
    if spec.classifier is not None:
        parts.append(f"classification head ({spec.classifier.pool.value})")
    return "; ".join(parts)


def _inputs(card: ModelCard) -> tuple[str, ...]:
    from mirage_core.engines.mirage.info import engine_info

    return engine_info(card).domains


def _classes(card: ModelCard) -> str:
    if card.scheme is not None:
        return ", ".join(c.label or f"class {c.index}" for c in card.scheme.classes)
    if card.class_labels:
        return ", ".join(card.class_labels)
    head = card.spec.head or card.spec.classifier
    return f"{head.n_classes}, not named" if head is not None else ""


def _terms(card: ModelCard) -> str:
    terms = card.terms
    return terms.notice if terms.id == UNKNOWN.id else f"{terms.title}. {terms.notice}"


def _source(card: ModelCard) -> str:
    origin = card.origin
    if origin.hub is not None:
        return f"{origin.hub.repo}, {origin.hub.file} at {origin.hub.revision[:_SHORT_SHA]}"
    return f"{_KINDS[origin.kind]}{f' ({origin.format})' if origin.format else ''}"


def _training(card: ModelCard) -> str:
    if card.training is None:
        return ""
    return "; ".join(f"{name}: {_share(part)}" for name, part in card.training.split.items())


def _share(part: TrainingPart) -> str:
    b_scans, n = counted(part.b_scans, "B-scan"), len(part.patients)
    # Where nobody kept whose they were, nothing is said of patients: not that there were none.
    return f"{b_scans} of {counted(n, 'patient')}" if n else b_scans
