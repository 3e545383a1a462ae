"""The columns of the worklist: what they are called, say, and are sorted by. No Qt."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from mirage_core.scan import Laterality
from mirage_viewer.worklist.lines import Line

UNKNOWN = "–"
EYES = {Laterality.OD: "OD", Laterality.OS: "OS", Laterality.UNKNOWN: UNKNOWN}


class Column(IntEnum):
    """The columns, left to right."""

    PICTURE = 0
    PSEUDONYM = 1
    EYE = 2
    ACQUIRED = 3
    DEVICE = 4
    B_SCANS = 5
    WORK = 6
    GRADERS = 7
    LABELS = 8
    TAGS = 9
    NOTE = 10


@dataclass(frozen=True, slots=True)
class _About:
    """What a column is.

    Attributes
    ----------
    title : str
    width : int
        px for ordinary text.
    text : callable
        What a line says in it.
    key : callable
        What to sort by; None stands at the end, whichever way it is sorted.
    """

    title: str
    width: int
    text: Callable[[Line], str]
    key: Callable[[Line], Any]


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Return what to sort `text` by so that numbers in it count as numbers: P2 before P10."""
    return tuple(
        (0, int(part), "") if part.isdecimal() else (1, 0, part)
        for part in re.split(r"(\d+)", text.casefold())
        if part
    )


ABOUT: dict[Column, _About] = {
    Column.PICTURE: _About("", 104, lambda _: "", lambda line: line.row.scan.added),
    Column.PSEUDONYM: _About(
        "Patient and scan",
        272,
        lambda line: line.row.scan.pseudonym,
        lambda line: natural(line.row.scan.pseudonym),
    ),
    Column.EYE: _About(
        "Eye",
        52,
        lambda line: EYES[line.row.scan.laterality],
        lambda line: _if_known(EYES[line.row.scan.laterality]),
    ),
    Column.ACQUIRED: _About(
        "Acquired",
        96,
        lambda line: line.row.scan.acquired.isoformat() if line.row.scan.acquired else UNKNOWN,
        lambda line: line.row.scan.acquired,
    ),
    Column.DEVICE: _About(
        "Device",
        122,
        lambda line: line.row.scan.device or UNKNOWN,
        lambda line: _if_known(line.row.scan.device),
    ),
    Column.B_SCANS: _About(
        "B-scans", 72, lambda line: str(line.row.scan.shape[0]), lambda line: line.row.scan.shape[0]
    ),
    Column.WORK: _About("Progress", 188, lambda line: line.words, lambda line: line.work.rank),
    Column.GRADERS: _About(
        "Graders",
        104,
        lambda line: ", ".join(line.graders),
        lambda line: _if_known(", ".join(line.graders)),
    ),
    Column.LABELS: _About(
        "Labels", 132, lambda line: line.label_words, lambda line: _if_known(line.label_words)
    ),
    Column.TAGS: _About(
        "Tags",
        168,
        lambda line: ", ".join(line.row.remark.tags),
        lambda line: _if_known(", ".join(line.row.remark.tags)),
    ),
    Column.NOTE: _About(
        "Note",
        120,
        lambda line: line.row.remark.note,
        lambda line: _if_known(line.row.remark.note),
    ),
}


def in_order(lines: Sequence[Line], column: Column, *, falling: bool = False) -> list[Line]:
    """Return `lines`, which are in the order they were added, sorted by one column.

    What is equal stays in that order; what is not known stands at the end either way.
    """
    key = ABOUT[column].key
    keyed = [(key(line), line) for line in lines]
    known = [pair for pair in keyed if pair[0] is not None]
    known.sort(key=lambda pair: pair[0], reverse=falling)
    return [line for _, line in known] + [line for k, line in keyed if k is None]


def _if_known(text: str) -> str | None:
    return None if text in ("", UNKNOWN) else text.casefold()
