"""One file that holds a model: a zip with its card and its weights, stored as they are."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from mirage_core.io.atomic import atomic_file
from mirage_core.model.store.card import (
    CARD_FILE,
    MAX_CARD_BYTES,
    WEIGHTS_FILE,
    ModelCard,
    parse_card,
)
from mirage_core.model.store.copying import Cancelled, Report, copy_hashed
from mirage_core.model.store.errors import ModelStoreError

SUFFIX = ".mirage.zip"
MAX_WEIGHTS_BYTES = 16 * 1024**3
"""Ten times MIRAGE-Large in float32; more is refused before anything is written."""

_ENCRYPTED = 0x1
_HINT = "Copy the file again from where it came."
_DATE = (1980, 1, 1, 0, 0, 0)


def is_archive(path: Path) -> bool:
    """Return whether `path` is a file of this kind; checkpoints of torch are zips as well."""
    try:
        with zipfile.ZipFile(path) as file:
            return {CARD_FILE, WEIGHTS_FILE} <= set(file.namelist())
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return False


def write(
    card: ModelCard,
    weights: Path,
    target: Path,
    overwrite: bool,
    report: Report,
    cancelled: Cancelled,
) -> None:
    """Write `card` and `weights` into `target`, wholly or not at all.

    Raises
    ------
    ModelStoreError
        If the weights are not those of the card.
    ExportError
        If `target` cannot be written.
    CancelledError
    """
    with atomic_file(target, overwrite=overwrite) as fresh, zipfile.ZipFile(fresh, "w") as file:
        file.writestr(zipfile.ZipInfo(CARD_FILE, _DATE), card.as_json())
        size = weights.stat().st_size
        with (
            weights.open("rb") as source,
            file.open(zipfile.ZipInfo(WEIGHTS_FILE, _DATE), "w", force_zip64=True) as entry,
        ):
            sha256 = copy_hashed(source, entry, size, report, cancelled)
        if sha256 != card.weights_sha256:
            raise ModelStoreError(
                f"The weights of {card.id!r} are not those of its card and were not exported.",
                "Remove the model and import it again.",
                weights,
            )


@contextmanager
def opened(path: Path) -> Iterator[tuple[ModelCard, IO[bytes]]]:
    """Give the card and the weights of a file of this kind, opened for reading.

    Nothing is unpacked by the names inside, and nothing is read beyond the sizes checked here.

    Raises
    ------
    ModelStoreError
        If it is no such file, or damaged.
    """
    with ExitStack() as stack:
        try:
            file = stack.enter_context(zipfile.ZipFile(path))
            card = _checked_card(file, path)
            weights = stack.enter_context(file.open(WEIGHTS_FILE))
        except ModelStoreError:
            raise
        except OSError as error:
            raise ModelStoreError(
                f"The exported model cannot be read: {error.strerror or type(error).__name__}.",
                "Check the file and its drive.",
                path,
            ) from error
        except Exception as error:  # the parser meets whatever bytes there are
            raise _refused(path, "is damaged or no exported model") from error
        try:
            yield card, weights
        except (zipfile.BadZipFile, EOFError) as error:
            raise _refused(path, "is damaged") from error


def _checked_card(file: zipfile.ZipFile, path: Path) -> ModelCard:
    entries = {e.filename: e for e in file.infolist()}
    if len(entries) != len(file.infolist()) or set(entries) != {CARD_FILE, WEIGHTS_FILE}:
        raise _refused(path, "holds something else than a card and weights")
    if any(
        e.flag_bits & _ENCRYPTED or e.compress_type != zipfile.ZIP_STORED for e in entries.values()
    ):
        raise _refused(path, "is packed in a way this program does not write")
    if entries[CARD_FILE].file_size > MAX_CARD_BYTES:
        raise _refused(path, "has a card too large to be one")
    card = parse_card(file.read(CARD_FILE), path)
    size = entries[WEIGHTS_FILE].file_size
    if size > MAX_WEIGHTS_BYTES:
        raise _refused(path, "holds more than any model this program knows")
    if card.weights_sha256 is None or size != card.weights_bytes:
        raise _refused(path, "holds weights of another size than its card says")
    return card


def _refused(path: Path, what: str) -> ModelStoreError:
    return ModelStoreError(f"This file {what}.", _HINT, path)
