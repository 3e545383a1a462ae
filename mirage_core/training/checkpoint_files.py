"""Files of checkpoints: written wholly or not at all, and checked when read.

The latest one of a training has the one before it beside it, should it turn out to be damaged.
All load with ``weights_only=True``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mirage_core.io.atomic import atomic_file
from mirage_core.model.checkpoints.archive import write_archive
from mirage_core.model.checkpoints.pickled import read_pickled, refuse_changed_bytes

LAST, BEFORE = "last.pt", "before.pt"
"""Names, in a folder, of the latest checkpoint and of the one before it."""


def write_last(folder: Path, content: dict[str, Any]) -> None:
    """Write the last checkpoint; what was the last becomes the one before.

    Raises
    ------
    ExportError
        If the disk refuses; the checkpoints are then as they were.
    """
    last = folder / LAST
    with atomic_file(last, overwrite=True) as fresh:
        write_archive(content, fresh)
        # Killed right here, the training goes on from the one before.
        if last.exists():
            os.replace(last, folder / BEFORE)


def write_checkpoint(path: Path, content: dict[str, Any]) -> None:
    """Write a checkpoint that has none before it.

    Raises
    ------
    ExportError
        If the disk refuses; what stood there is then as it was.
    """
    with atomic_file(path, overwrite=True) as fresh:
        write_archive(content, fresh)


def read_checkpoint(path: Path) -> Mapping[str, Any]:
    """Return what was written, every byte of it compared with its checksum.

    Raises
    ------
    CheckpointError
        If it is damaged, or no checkpoint.
    """
    refuse_changed_bytes(path)
    return read_pickled(path, mapped=False)
