"""A model of the store as a checkpoint of the published scripts."""

from __future__ import annotations

from pathlib import Path

from mirage_core.model.checkpoints.native import load_native
from mirage_core.model.checkpoints.writing import save_published
from mirage_core.model.store.errors import ModelStoreError
from mirage_core.model.store.store import StoredModel


def publish(model: StoredModel, path: Path, *, overwrite: bool = False) -> None:
    """Write `model` as the published scripts do, with the grey values of its classes.

    Parameters
    ----------
    model : StoredModel
    path : Path
        ``.pth``.
    overwrite : bool

    Raises
    ------
    ModelStoreError
        If the published format cannot hold it.
    CheckpointError
        If its weights are damaged.
    ExportError
        If the disk refuses, or there is such a file.
    """
    scheme = model.card.scheme
    if scheme is not None and scheme.lesions_from is not None:
        raise _refused("the published heads have one softmax, this one has two")
    mapping = None if scheme is None else {c.value: c.index for c in scheme.classes}
    loaded = load_native(model.folder)
    try:
        save_published(loaded.model, path, mapping=mapping, overwrite=overwrite)
    except ValueError as error:
        raise _refused(str(error)) from None


def _refused(why: str) -> ModelStoreError:
    return ModelStoreError(
        f"This model cannot be written as a published checkpoint: {why}.",
        "Export it in the program's own format, which holds all of it.",
    )
