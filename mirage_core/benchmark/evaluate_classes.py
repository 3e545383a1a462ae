"""Scores of a table of class probabilities, with the truth in it or in a class folder."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mirage_core.benchmark.classification import ClassificationScores, classification_scores
from mirage_core.io.errors import ReadError, only_read_errors
from mirage_core.measure.confusion import Confusion

_KEY, _TRUTH = "image", "truth"
_NOT_CLASSES = frozenset({_KEY, _TRUTH, "sha256", "scan", "b_scan"})
_LEAST = 1e-12
"""Stands in for a probability of 0, whose logarithm is infinite."""


@dataclass(frozen=True)
class ClassEvaluation:
    """Scores of a classifier on a test set.

    Attributes
    ----------
    labels : tuple of str
        In the order of the table.
    n : int
    scores : ClassificationScores
    confusion : int64 array ``[true class, answer]``
    """

    labels: tuple[str, ...]
    n: int
    scores: ClassificationScores
    confusion: NDArray[np.int64]


def evaluate_classes(
    table: Path, truth: Path | None = None, *, split: str = "test"
) -> ClassEvaluation:
    """Score a CSV of probabilities, a column per class.

    Parameters
    ----------
    table : Path
        With a column ``truth``, or a column ``image``: ``<class>/<file>`` or ``<file>`` in
        `truth`. Every picture there needs one row.
    truth : Path, optional
        A class folder, ``<split>/<class>/<file>``.
    split : str

    Raises
    ------
    ReadError
        If the table cannot be read, a truth is missing or unknown, a picture has no row or
        several, or probabilities are no numbers from 0 to 1.
    """
    rows = _rows(table)
    labels = tuple(name for name in rows[0] if name not in _NOT_CLASSES)
    if len(labels) < 2:
        raise ReadError(
            table, "The table has no columns of class probabilities.", "Name a column per class."
        )
    true = _given(table, rows) if truth is None else _from_folder(table, rows, truth / split)
    unknown = sorted({name for name in true if name not in labels})
    if unknown:
        raise ReadError(
            table,
            f"The table has no column for the class {unknown[0]!r}.",
            f"Its classes are: {', '.join(labels)}.",
        )
    p = _probabilities(table, rows, labels)
    target = np.array([labels.index(name) for name in true])
    scores = classification_scores(np.log(np.maximum(p, _LEAST)), target)
    confusion = Confusion.of(p.argmax(axis=1), target, len(labels)).counts
    return ClassEvaluation(labels, len(rows), scores, confusion)


def _rows(table: Path) -> list[dict[str, str]]:
    with only_read_errors(table):
        text = table.read_text(encoding="utf-8-sig")
        rows = list(csv.DictReader(text.splitlines(), restval="", restkey="more than the header"))
    if not rows or any("more than the header" in row for row in rows):
        raise ReadError(
            table, "The table is empty, or its rows do not fit its header.", "Export it again."
        )
    return rows


def _given(table: Path, rows: list[dict[str, str]]) -> list[str]:
    if _TRUTH not in rows[0]:
        raise ReadError(
            table,
            "The table does not say what is true.",
            "Add a column truth, or name a class folder.",
        )
    return [row[_TRUTH] for row in rows]


def _from_folder(table: Path, rows: list[dict[str, str]], folder: Path) -> list[str]:
    if _KEY not in rows[0]:
        raise ReadError(
            table, "The table does not say which picture a row is of.", "Add a column image."
        )
    with only_read_errors(folder):
        files = [
            path
            for path in sorted(folder.glob("*/*"))
            if path.is_file() and not path.name.startswith(".")
        ]
    by_name: dict[str, list[Path]] = {}
    for path in files:
        for name in (path.name, f"{path.parent.name}/{path.name}"):
            by_name.setdefault(name, []).append(path)
    found = [_only(table, row[_KEY], by_name) for row in rows]
    if len(set(found)) < len(found) or len(found) < len(files):
        missing = len(set(files) - set(found))
        what = f"{missing} of {len(files)} pictures have no row in the table."
        if not missing:
            what = "Some pictures have several rows in the table."
        raise ReadError(table, what, "Predict every picture of the split once.")
    return [path.parent.name for path in found]


def _only(table: Path, name: str, by_name: Mapping[str, list[Path]]) -> Path:
    found = by_name.get(name.replace("\\", "/"), [])
    if len(found) == 1:
        return found[0]
    what = "is in several classes" if found else "is not in the folder"
    raise ReadError(
        table, f"A picture of the table {what}.", "Call pictures <class>/<file> in the table."
    )


def _probabilities(
    table: Path, rows: list[dict[str, str]], labels: tuple[str, ...]
) -> NDArray[np.float64]:
    try:
        p = np.array([[float(row[name]) for name in labels] for row in rows])
    except ValueError:
        p = np.full((1, 1), np.nan)
    if not (np.isfinite(p).all() and (p >= 0).all() and (p <= 1).all()):
        raise ReadError(
            table,
            "Some probabilities of the table are no numbers from 0 to 1.",
            "Export probabilities, with a point before the decimals.",
        )
    return p
