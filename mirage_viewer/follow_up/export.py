"""The changes between visits as rows of a long table. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mirage_core.io.csv_table import figure_cell, write_csv
from mirage_core.scan import Laterality
from mirage_viewer.follow_up.comparison import well_known
from mirage_viewer.follow_up.getter import Getter
from mirage_viewer.follow_up.visits import VisitLine, doubts_of
from mirage_viewer.follow_up.words import how_words

if TYPE_CHECKING:
    from mirage_core.measure.followup import FollowUp

HEADER = (
    "pseudonym",
    "eye",
    "baseline_scan",
    "later_scan",
    "days",
    "structure",
    "region",
    "figure",
    "unit",
    "baseline",
    "later",
    "change",
    "baseline_approved",
    "later_approved",
    "baseline_work",
    "later_work",
    "registration",
    "note",
)
WARNING = "warning"


def write_changes(
    path: Path,
    get: Getter,
    first: VisitLine,
    later: Sequence[VisitLine],
    eye: tuple[str, Laterality],
) -> int:
    """Write the changes from a baseline to each later visit; for a background thread.

    Parameters
    ----------
    path : Path
        Replaced where it is there already.
    get : Getter
    first, later
        The baseline, and what is compared with it.
    eye : (str, Laterality)
        Pseudonym and side.

    Returns
    -------
    int
        How many later visits there were.

    Raises
    ------
    ExportError, ProjectError, ReadError, NotMeasuredError
    """
    from mirage_core.measure.followup import follow_up

    rows: list[tuple[str, ...]] = []
    baseline = get.visit(first)
    for line in later:
        visits = baseline, get.visit(line)
        known = well_known(visits, get.registration(first.id, line.id))
        found = follow_up(*visits, known)
        found = replace(found, warnings=(*doubts_of((first, line)), *found.warnings))
        rows += change_rows(*eye, (first, line), found)
    write_csv(path, HEADER, rows, overwrite=True)
    return len(later)


def change_rows(
    pseudonym: str, laterality: Laterality, lines: tuple[VisitLine, VisitLine], found: FollowUp
) -> list[tuple[str, ...]]:
    """Return a row for each warning, then one for each figure, in the order of :data:`HEADER`.

    Of the days there is their distance alone: dates of visits can tell who the patient is.
    """
    first, later = lines
    days = ""
    if first.day is not None and later.day is not None:
        days = str((later.day - first.day).days)
    head = (pseudonym, laterality.value, first.id, later.id, days)
    work = first.state, later.state
    how = how_words(found.registration)
    empty = ("",) * 8
    return [
        *((*head, WARNING, *empty, *work, how, words) for words in found.warnings),
        *(
            (
                *head,
                c.structure,
                c.region,
                c.figure,
                c.unit,
                figure_cell(c.first),
                figure_cell(c.second),
                figure_cell(c.change),
                figure_cell(c.first_approved),
                figure_cell(c.second_approved),
                *work,
                how,
                c.note,
            )
            for c in found.changes
        ),
    ]
