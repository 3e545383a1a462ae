"""The import task: what a worker does with a file of weights that is to join the store."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mirage_core.io.label_info import LabelInfo
from mirage_core.model.spec import ModelSpec
from mirage_core.model.store import archive
from mirage_core.model.store.card import HubOrigin, ModelCard, Origin, slug
from mirage_core.model.store.copying import Cancelled, Report, file_sha256, never, silent
from mirage_core.model.store.errors import CancelledError, ModelStoreError
from mirage_core.model.store.scheme import LayerScheme
from mirage_core.model.store.store import ModelStore
from mirage_core.model.store.terms import UNKNOWN, Terms

_CHECKED = 0.2
_CONVERTED = 0.7


@dataclass(frozen=True, slots=True)
class Unsaid:
    """What no shape in a checkpoint tells; published sizes need none of it.

    Attributes
    ----------
    heads, decoder_heads, segmenter_heads : int or None
        Attention heads of the encoder, of the decoders, of a Segmenter head.
    variant : str
        Of an encoder of timm's, where several have the same weights.
    labels : LabelInfo or None
        Names of the classes of its head.
    """

    heads: int | None = None
    decoder_heads: int | None = None
    segmenter_heads: int | None = None
    variant: str = ""
    labels: LabelInfo | None = None


def import_model(
    path: Path,
    title: str | None,
    store_folder: Path,
    report: Report = silent,
    cancelled: Cancelled = never,
    *,
    terms: Terms = UNKNOWN,
    hub: HubOrigin | None = None,
    sha256: str | None = None,
    unsaid: Unsaid | None = None,
) -> ModelCard:
    """Take a checkpoint or an exported model into a store.

    Parameters
    ----------
    path : Path
        A checkpoint of any known kind, or a file of :meth:`ModelStore.export`.
    title : str or None
        What to call it; None: what the exported model is called, else the file's name.
    store_folder : Path
    report, cancelled
        See :mod:`mirage_core.engines.base`.
    terms : Terms
        Those a checkpoint comes under; an exported model brings its own.
    hub : HubOrigin or None
        Where it was downloaded from.
    sha256 : str or None
        What that place says the file's SHA-256 is.
    unsaid : Unsaid or None
        What a checkpoint does not say and the user knows.

    Returns
    -------
    ModelCard
        As it is stored.

    Raises
    ------
    ModelStoreError
        If the file cannot be used, is not the one expected, is in the store already, or has
        other classes than `unsaid` names.
    ExportError
        If the store cannot be written.
    CancelledError
    """
    store = ModelStore(store_folder)
    if archive.is_archive(path):
        card = store.import_file(path, report, cancelled)
        return store.rename(card.id, title) if title else card
    found = _sha256(path, _part(report, 0, _CHECKED), cancelled)
    if sha256 not in (None, found):
        raise ModelStoreError(
            "The file is not the one that was downloaded: its SHA-256 differs.",
            "Download it again.",
            path,
        )
    store.refuse_repeat(found)
    from mirage_core.model.checkpoints.importing import import_file

    # On the store's drive, so that the converted file is moved and not copied.
    with store.workspace() as folder:
        weights = folder / "weights.safetensors"
        unsaid = unsaid or Unsaid()
        labels = unsaid.labels
        imported = import_file(
            path,
            weights,
            heads=unsaid.heads,
            decoder_heads=unsaid.decoder_heads,
            segmenter_heads=unsaid.segmenter_heads,
            variant=unsaid.variant,
            labels=None if labels is None else dict(enumerate(labels.labels)),
        )
        classes = imported.class_labels
        if labels is not None:
            _check_labels(labels, imported.spec, imported.scheme, path)
            if imported.spec.classifier is not None:
                classes = labels.labels
        if cancelled():
            raise CancelledError
        report(_CONVERTED)
        name = title or path.stem
        card = ModelCard(
            id=slug(name),
            title=name,
            spec=imported.spec,
            scheme=imported.scheme,
            class_labels=classes,
            normalisation=imported.normalisation,
            terms=terms,
            origin=Origin(
                kind="file" if hub is None else "hub",
                format=imported.format,
                sha256=found,
                hub=hub,
                notes=imported.report.sentences(),
            ),
        )
        return store.add(card, weights, _part(report, _CONVERTED, 1), cancelled, take=True)


def _sha256(path: Path, report: Report, cancelled: Cancelled) -> str:
    try:
        return file_sha256(path, report, cancelled)
    except OSError as error:
        raise ModelStoreError(
            f"The file of weights cannot be read: {error.strerror or type(error).__name__}.",
            "Check that it is there and may be read.",
            path,
        ) from error


def _check_labels(
    labels: LabelInfo, spec: ModelSpec, scheme: LayerScheme | None, path: Path
) -> None:
    head = spec.head or spec.classifier
    values = {} if scheme is None else {c.index: c.value for c in scheme.classes}
    told = values != {i: i for i in values}  # else the file may just not say its grey values
    if (
        head is None
        or head.n_classes != len(labels)
        or (told and tuple(values[i] for i in range(len(values))) != labels.values)
    ):
        raise ModelStoreError(
            "The list of classes is not that of this file: their numbers or grey values differ.",
            "Give the INFO.json the model was trained with, or none.",
            path,
        )


def _part(report: Report, start: float, stop: float) -> Report:
    return lambda fraction: report(start + fraction * (stop - start))
