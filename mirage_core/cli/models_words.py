"""Models in words: plain fields for JSON, tables for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.markup import escape
from rich.table import Table

from mirage_core.model.store.card import ModelCard
from mirage_core.model.store.store import StoredModel

_TASKS = {
    "encode": "features",
    "reconstruct": "reconstruction",
    "segment": "segmentation",
    "classify": "classification",
}


def model_fields(model: StoredModel) -> dict[str, Any]:
    """Return a model's card as plain fields, with its task, folder and whether it is fine-tuned."""
    card = model.card
    return {
        **card.model_dump(mode="json"),
        "task": card.spec.task,
        "size": card.spec.size_name,
        "fine_tuned": card.fine_tuned,
        "path": str(model.folder),
    }


def models_table(models: Sequence[StoredModel]) -> Table:
    """Return a table with a row per model."""
    table = Table("Id", "Title", "Task", "Size", "Terms", box=None, padding=(0, 2, 0, 0))
    for model in models:
        card = model.card
        table.add_row(
            card.id, escape(card.title), _task(card), _megabytes(card), escape(card.terms.title)
        )
    return table


def card_table(model: StoredModel, *, checked: bool) -> Table:
    """Return what `mirage models info` shows of a card."""
    card = model.card
    spec = card.spec
    rows = {
        "Model": card.title,
        "Id": card.id,
        "Task": _task(card),
        "Encoder": f"{spec.encoder.value} {spec.size_name}".strip()
        + f" ({spec.dim} wide, {spec.depth} blocks)",
        "Inputs": ", ".join(f"{d.name} {d.size[0]} × {d.size[1]} px" for d in spec.domains),
        "Classes": ", ".join(_classes(card)) or "none",
        "Grey values": card.normalisation.value,
        "Weights": f"{_megabytes(card)}, SHA-256 {card.weights_sha256}"
        + (" (checked)" if checked else ""),
        "From": _origin(card),
        "Fine-tuned from": card.parent_sha256 or "",
        "Trained on": _training(card),
        "Metrics": ", ".join(f"{k} {v:.4g}" for k, v in card.metrics.items() if v is not None),
        "Added": f"{card.created:%Y-%m-%d}",
        "Folder": str(model.folder),
        "Terms": card.terms.title,
        "": card.terms.summary,
        "Note": card.terms.notice,
    }
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="bold")
    table.add_column()
    for name, value in (*rows.items(), *(("Note", note) for note in notes(card))):
        if value:
            table.add_row(name, escape(value))
    return table


def notes(card: ModelCard) -> tuple[str, ...]:
    """Return what was assumed of a model and what it does not show."""
    remark = "" if card.scheme is None else card.scheme.remark
    if card.scheme is None and card.spec.head is not None:
        remark = (
            f"What the {card.spec.head.n_classes} classes of this model are is not known, so it "
            "gives no layers and no masks. Import its file again with an INFO.json to name them."
        )
    return (*card.origin.notes, *([remark] if remark else []))


def _task(card: ModelCard) -> str:
    return _TASKS[card.spec.task]


def _megabytes(card: ModelCard) -> str:
    return f"{card.weights_bytes / 1e6:.1f} MB"


def _classes(card: ModelCard) -> list[str]:
    if card.scheme is not None:
        return [c.label or f"class {c.index}" for c in card.scheme.classes]
    if card.class_labels:
        return list(card.class_labels)
    head = card.spec.head or card.spec.classifier
    return [f"{head.n_classes}, not named"] if head is not None else []


def _origin(card: ModelCard) -> str:
    origin = card.origin
    if origin.hub is not None:
        return f"{origin.hub.repo}, {origin.hub.file} at {origin.hub.revision[:12]}"
    words = {
        "file": "a file",
        "hub": "the hub",
        "trained": "training here",
        "shipped": "the program",
    }
    kind = f" ({origin.format})" if origin.format else ""
    return f"{words[origin.kind]}{kind}"


def _training(card: ModelCard) -> str:
    if card.training is None:
        return ""
    return "; ".join(
        f"{name}: {part.b_scans} B-scans of {len(part.patients)} patients"
        for name, part in card.training.split.items()
    )
