"""A CSV table, written wholly or not at all."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from mirage_core.io.atomic import atomic_file


def write_csv(
    path: Path,
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    overwrite: bool = False,
) -> None:
    """Write a table in UTF-8 with a line of `header`.

    Raises
    ------
    ExportError
        If `path` exists and `overwrite` is false, or the system refuses to write.
    """
    with (
        atomic_file(path, overwrite=overwrite) as fresh,
        fresh.open("w", encoding="utf-8", newline="") as file,
    ):
        table = csv.writer(file)
        table.writerow(header)
        table.writerows(rows)


def figure_cell(value: float) -> str:
    """Return a figure with all its digits; an undefined one (NaN) is an empty cell."""
    return "" if value != value else repr(value)
