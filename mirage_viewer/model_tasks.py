"""What a worker process does for the models dialog: ask the hub, fetch, import, export, check.

The window hands these over by name; none of what they import is imported in its process.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mirage_core.model.store.card import ModelCard
    from mirage_core.model.store.consent import Consent
    from mirage_core.model.store.hub import Offer

Report = Callable[[float], None]
Cancelled = Callable[[], bool]

_FETCHED = 0.85


@dataclass(frozen=True, slots=True)
class Told:
    """What the user says of a file that does not say it itself.

    Attributes
    ----------
    heads, decoder_heads, segmenter_heads : int or None
        See :class:`mirage_core.jobs.import_model.Unsaid`.
    classes : Path or None
        The INFO.json with the names of the classes.
    instead_of : str
        Id of the model the file gave before this was known; it gives way.
    """

    heads: int | None = None
    decoder_heads: int | None = None
    segmenter_heads: int | None = None
    classes: Path | None = None
    instead_of: str = ""


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


def import_weights(
    path: Path, folder: Path, told: Told, report: Report, cancelled: Cancelled
) -> ModelCard:
    """Take a checkpoint or an exported model into the store in `folder`.

    Raises
    ------
    ModelStoreError, ExportError, ReadError
    """
    from mirage_core.io.label_info import read_label_info
    from mirage_core.jobs.import_model import Unsaid, import_model
    from mirage_core.model.store.store import ModelStore

    labels = read_label_info(told.classes) if told.classes is not None else None
    unsaid = Unsaid(told.heads, told.decoder_heads, told.segmenter_heads, labels=labels)
    if not told.instead_of:
        return import_model(path, None, folder, report, cancelled, unsaid=unsaid)
    # The store takes no file twice. The old model waits beside it until the new one is there.
    store = ModelStore(folder)
    with store.workspace() as aside:
        kept = aside / "before.mirage.zip"
        store.export(told.instead_of, kept)
        title = store.get(told.instead_of).card.title
        store.remove(told.instead_of)
        try:
            return import_model(path, title, folder, report, cancelled, unsaid=unsaid)
        except BaseException:
            store.import_file(kept)
            raise


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
