"""Copies and checksums of large files: bounded memory, with progress, cancelled between pieces."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import IO

from mirage_core.model.store.errors import CancelledError, ModelStoreError

Report = Callable[[float], None]
"""Called with the fraction done, 0..1."""
Cancelled = Callable[[], bool]
"""Asked between pieces; True means stop and raise :class:`CancelledError`."""

PIECE_BYTES = 4 * 1024**2


def silent(_fraction: float) -> None:
    """Report to no one."""


def never() -> bool:
    """Never cancel."""
    return False


def copy_hashed(
    source: IO[bytes],
    target: IO[bytes] | None,
    size: int,
    report: Report = silent,
    cancelled: Cancelled = never,
) -> str:
    """Read `size` bytes, write them to `target` if there is one, and return their SHA-256.

    Raises
    ------
    CancelledError
    ModelStoreError
        If `source` ends before.
    """
    digest = hashlib.sha256()
    done = 0
    while done < size:
        if cancelled():
            raise CancelledError
        piece = source.read(min(PIECE_BYTES, size - done))
        if not piece:
            raise ModelStoreError(
                "The file of weights ends too early.", "Copy it again from where it came."
            )
        digest.update(piece)
        if target is not None:
            target.write(piece)
        done += len(piece)
        report(done / size)
    return digest.hexdigest()


def file_sha256(path: Path, report: Report = silent, cancelled: Cancelled = never) -> str:
    """Return the SHA-256 of a file's bytes.

    Raises
    ------
    CancelledError, OSError
    """
    with path.open("rb") as file:
        return copy_hashed(file, None, path.stat().st_size, report, cancelled)
