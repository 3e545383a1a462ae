"""Our own format: a folder with ``weights.safetensors`` and ``card.json``."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from mirage_core.io.atomic import atomic_folder
from mirage_core.model.checkpoints.aliases import without_aliases
from mirage_core.model.checkpoints.archive import write_tensors
from mirage_core.model.checkpoints.errors import CheckpointError
from mirage_core.model.checkpoints.filling import Source, fill
from mirage_core.model.checkpoints.reading import read_state
from mirage_core.model.checkpoints.report import Report
from mirage_core.model.checkpoints.targets import InputSize, fitted
from mirage_core.model.spec import ModelSpec
from mirage_core.model.store.card import CARD_FILE, WEIGHTS_FILE, ModelCard, read_card
from mirage_core.model.store.copying import file_sha256

_Identity = tuple[str, int, int, int, int]

_verified: dict[_Identity, str] = {}
"""SHA-256 of files that were read whole once, by path, size, times and place on the disk."""
_lock = threading.Lock()


@dataclass(frozen=True, eq=False)
class LoadedNative:
    """A model of our own format.

    Attributes
    ----------
    model : nn.Module
        In evaluation mode, on the CPU. Its weights stay on the disk until they are used.
    report : Report
    card : ModelCard
    """

    model: nn.Module
    report: Report
    card: ModelCard


def write_weights(weights: nn.Module | Mapping[str, Tensor], path: Path) -> None:
    """Write weights as safetensors, each once; DPT's other names for some are left out.

    Raises
    ------
    ValueError
        If two names of one weight hold different values.
    OSError
    """
    state = weights.state_dict() if isinstance(weights, nn.Module) else weights
    tensors = {n: t.detach().cpu().contiguous() for n, t in without_aliases(state).items()}
    write_tensors(tensors, path, {"format": "pt"})


def save_native(
    weights: nn.Module | Mapping[str, Tensor],
    card: ModelCard,
    folder: Path,
    *,
    overwrite: bool = False,
) -> ModelCard:
    """Write a model with its card, wholly or not at all.

    Parameters
    ----------
    weights : nn.Module or mapping of str to tensor
        The model, or its state dict.
    card : ModelCard
        Of the model; checksum and size are filled in.
    folder : Path
        New or empty, or a model's, which is replaced with `overwrite`.

    Returns
    -------
    ModelCard
        As it was written.

    Raises
    ------
    ExportError
        If the folder holds something else, or the disk refuses.
    ValueError
        If two names of one weight hold different values.
    """
    with atomic_folder(folder, overwrite=overwrite, marker=CARD_FILE) as fresh:
        path = fresh / WEIGHTS_FILE
        write_weights(weights, path)
        stored = {"weights_sha256": file_sha256(path), "weights_bytes": path.stat().st_size}
        card = card.model_copy(update=stored)
        (fresh / CARD_FILE).write_bytes(card.as_json())
    return card


def load_native(
    folder: Path,
    *,
    spec: ModelSpec | None = None,
    domains: Sequence[str] | None = None,
    size: InputSize | None = None,
    strict: bool = True,
    fresh: tuple[str, ...] = (),
    mapped: bool = True,
) -> LoadedNative:
    """Load a model of our own format.

    Its checksum is compared with the card's; a file that has not changed since is not read
    again for that.

    Parameters
    ----------
    folder : Path
    spec, domains, size, strict, fresh, mapped
        See :func:`~mirage_core.model.checkpoints.loading.load_model`.

    Raises
    ------
    CheckpointError
        If the weights are not those of the card, damaged, or do not fit what is wanted.
    ModelStoreError
        If the card cannot be read.
    """
    card = read_card(Path(folder) / CARD_FILE)
    path = Path(folder) / WEIGHTS_FILE
    verify(path, card.weights_sha256)
    raw = read_state(path, mapped=mapped)
    try:
        wanted = fitted(spec or card.spec, domains=domains, size=size)
    except ValueError as error:
        raise CheckpointError(
            path, str(error), "Choose inputs and sizes that the model can take."
        ) from error
    source = Source(path, card.spec, raw.state, Report())
    model, report = fill(source, wanted, strict=strict, fresh=fresh)
    return LoadedNative(model, report, card)


def verify(path: Path, sha256: str | None) -> None:
    """Compare a file with its checksum, reading it only if it changed since the last time.

    Raises
    ------
    CheckpointError
        If they differ, or there is none to compare with.
    """
    hint = "Remove the model and import it again."
    if sha256 is None:
        raise CheckpointError(path, "The card of the model names no checksum.", hint)
    try:
        identity = _identity(path)
        with _lock:
            found = _verified.get(identity)
        if found is None:
            found = file_sha256(path)
            with _lock:
                _verified[identity] = found
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CheckpointError(path, f"The weights cannot be read: {reason}.", hint) from error
    if found != sha256:
        raise CheckpointError(
            path, "The weights are not those of their card: they were changed or damaged.", hint
        )


def _identity(path: Path) -> _Identity:
    about = path.stat()
    times = about.st_mtime_ns, about.st_ctime_ns
    return str(path.resolve()), about.st_size, *times, about.st_ino
