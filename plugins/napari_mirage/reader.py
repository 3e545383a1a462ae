"""Reader contribution: every scan file the core reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from napari_mirage.layers import LayerData, scan_layers


def get_reader(path: str | list[str]) -> Callable[[str], list[LayerData]] | None:
    """Return a reader for `path`, or None if it is not one scan the core can read."""
    from mirage_core.io import is_readable

    if not isinstance(path, str) or not is_readable(Path(path)):
        return None
    return read


def read(path: str) -> list[LayerData]:
    """Read the scan at `path` as layers.

    Raises
    ------
    mirage_core.io.ReadError
        If it cannot be read.
    """
    from mirage_core.io import open_scan

    return scan_layers(open_scan(Path(path)))
