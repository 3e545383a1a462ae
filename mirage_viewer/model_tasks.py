"""What a worker process does for the models dialog: ask the hub, fetch, import, export, check.

The window hands these over by name; none of what they import is imported in its process.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mirage_core.model.store.card import ModelCard
    from mirage_core.model.store.consent import Consent
    from mirage_core.model.store.hub import Offer

Report = Callable[[float], None]
Cancelled = Callable[[], bool]

_FETCHED = 0.85


def look_up_weights(
    name: str,
    report: Report,  # noqa: ARG001 - every task is called with both
    cancelled: Cancelled,  # noqa: ARG001
) -> Offer:
    """Ask the hub what `name` stands for and under which terms; fetch no weights.

    Raises
    ------
    HubError
    """
    from mirage_core.model.store.hub import look_up

    return look_up(name)


def download_weights(
    offer: Offer,
    consent: Consent,
    title: str,
    folder: Path,
    report: Report,
    cancelled: Cancelled,
) -> ModelCard:
    """Fetch what the hub offers and take it into the store in `folder`.

    Raises
    ------
    ModelStoreError, ExportError
    """
    from mirage_core.jobs.import_model import import_model
    from mirage_core.model.store.download import fetch
    from mirage_core.model.store.store import ModelStore

    store = ModelStore(folder)
    store.refuse_repeat(offer.sha256)
    weights = fetch(offer, consent, store.downloads, lambda f: report(f * _FETCHED), cancelled)
    card = import_model(
        weights,
        title or offer.title,
        folder,
        lambda f: report(_FETCHED + f * (1 - _FETCHED)),
        cancelled,
        terms=offer.terms,
        hub=offer.origin,
        sha256=offer.sha256,
    )
    weights.unlink(missing_ok=True)
    return card


def import_weights(path: Path, folder: Path, report: Report, cancelled: Cancelled) -> ModelCard:
    """Take a checkpoint or an exported model into the store in `folder`.

    Raises
    ------
    ModelStoreError, ExportError
    """
    from mirage_core.jobs.import_model import import_model

    return import_model(path, None, folder, report, cancelled)


def export_weights(
    id: str, target: Path, folder: Path, report: Report, cancelled: Cancelled
) -> str:
    """Write a model with its card to `target`, which the user chose; return the terms' notice.

    Raises
    ------
    ModelStoreError, ExportError
    """
    from mirage_core.model.store.store import ModelStore

    store = ModelStore(folder)
    return store.export(id, target, overwrite=True, report=report, cancelled=cancelled)


def verify_weights(id: str, folder: Path, report: Report, cancelled: Cancelled) -> ModelCard:
    """Recompute the SHA-256 of a model's weights.

    Raises
    ------
    ModelStoreError
        If it is not that of the card.
    """
    from mirage_core.model.store.store import ModelStore

    return ModelStore(folder).verify(id, report, cancelled)
