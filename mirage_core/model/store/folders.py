"""The folders of a store: which are models, a free name for a new one, and what a kill left."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Container
from itertools import count
from pathlib import Path

from mirage_core.io.atomic import explain_os_error

TEMPORARY = ".mirage-"
"""How names begin of what :mod:`mirage_core.io.atomic` is still writing, and of what is removed."""

_LEFT_OVER_S = 3600.0


def may_be_model(folder: Path) -> bool:
    """Return whether an entry of a store is a model's folder; an empty one is being filled."""
    if folder.name.startswith(".") or not folder.is_dir():
        return False
    try:
        return any(folder.iterdir())
    except OSError:
        return True  # listed as broken, with the reason


def reserve(store: Path, id: str, taken: Container[str] = ()) -> Path:
    """Make an empty folder named `id` in `store`, or with a number after it if that is taken.

    Names in `taken` count as such too.

    Raises
    ------
    ExportError
        If the store cannot be written.
    """
    numbers = count(1)
    while True:
        n = next(numbers)
        folder = store / (id if n == 1 else f"{id[:60]}-{n}")
        if folder.name in taken:
            continue
        try:
            store.mkdir(parents=True, exist_ok=True)
            folder.mkdir()
        except FileExistsError as error:
            if not store.is_dir():
                raise explain_os_error(error, folder) from error
        except OSError as error:
            raise explain_os_error(error, folder) from error
        else:
            return folder


def clear_leftovers(store: Path) -> None:
    """Remove what writes left whose process was killed; one at work is younger than that."""
    limit = time.time() - _LEFT_OVER_S
    with contextlib.suppress(OSError):
        for folder in store.glob(f"{TEMPORARY}*"):
            inside = [folder, *folder.rglob("*")]
            if max(p.stat().st_mtime for p in inside) < limit:
                shutil.rmtree(folder, ignore_errors=True)
        for folder in store.iterdir():  # reserved, and never filled
            if folder.is_dir() and folder.stat().st_mtime < limit and not any(folder.iterdir()):
                folder.rmdir()
