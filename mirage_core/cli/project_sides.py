"""The two sides of `mirage project compare` on a scan: a grader, a model's answer, a result."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mirage_core.cli.console import CommandError
from mirage_core.cli.project import VIEWER

if TYPE_CHECKING:
    from mirage_core.annotate import Annotation
    from mirage_core.project import Project, ScanRecord, WorklistRow
    from mirage_core.scan import Scan

MODEL = "model"
"""Stands for what a model drew in the other's work, before it was corrected."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: whose it is, and how it is had."""

    by_engine: bool
    load: Callable[[], Annotation]
    annotation_id: int = 0


def side_of(
    project: Project, row: WorklistRow, name: str, other: str, note: Callable[[str], None]
) -> Side:
    """Return one of the two on a scan."""
    # A grader who is called like that goes first.
    mine = next((a for a in row.annotations if a.annotator == name), None)
    if mine is not None:
        return Side(
            False,
            lambda: project.annotation(row.scan, mine.id, VIEWER, on_damage=note),
            mine.id,
        )
    if not is_engine(name):
        known = ", ".join(a.annotator for a in row.annotations) or "nobody"
        raise CommandError(f"{name} has not worked on this scan.", f"Who has: {known}.")
    if is_engine(other):
        raise CommandError("Neither of the two is a grader.", "Name one grader.")
    if name != MODEL:
        return Side(True, lambda: _result(Path(name), project.open_scan(row.scan)))
    corrected = next((a for a in row.annotations if a.annotator == other), None)
    if corrected is None:
        known = ", ".join(a.annotator for a in row.annotations) or "nobody"
        raise CommandError(f"{other} has not worked on this scan.", f"Who has: {known}.")
    of = corrected.id
    return Side(True, lambda: _answer(project, row.scan, of, note))


def _answer(
    project: Project, record: ScanRecord, annotation_id: int, note: Callable[[str], None]
) -> Annotation:
    from mirage_core.annotate.engine_answer import engine_answer

    return engine_answer(*project.moment(record, annotation_id, VIEWER, on_damage=note))


def is_engine(name: str) -> bool:
    """Return whether a side's name is no grader's: :data:`MODEL`, or the folder of a result."""
    from mirage_core.io.export_result import is_result

    if name == MODEL:
        return True
    with suppress(OSError, ValueError):
        return Path(name).is_dir() and is_result(Path(name))
    return False


def titles(graders: tuple[str, str]) -> tuple[str, str]:
    """Return what the two are called; a folder may be called like a patient."""
    from mirage_core.cli.measure_sources import engine_of

    def title(name: str) -> str:
        return engine_of(Path(name)) or "result" if name != MODEL and is_engine(name) else name

    return title(graders[0]), title(graders[1])


def _result(folder: Path, scan: Scan) -> Annotation:
    from mirage_core.annotate import Annotation
    from mirage_core.io.export_result import read_result

    result = read_result(folder)
    if result.masks.labels.shape != scan.shape:
        raise CommandError(
            f"{folder} is not a result of this scan: it has {result.masks.labels.shape[0]} "
            f"B-scans of another size, or another number of them.",
            "Name the result of this scan.",
        )
    why = _of_another(result.info.get("input"), scan)
    if why:
        raise CommandError(
            f"{folder} is not a result of this scan: {why}.", "Name the result of this scan."
        )
    return Annotation(result.surfaces, result.masks, result.confidence, result.states)


def _of_another(recorded: object, scan: Scan) -> str:
    """Return what a result says of its scan that this scan contradicts; empty for nothing."""
    from mirage_core.scan import Laterality

    if not isinstance(recorded, dict):
        return ""
    eyes = str(recorded.get("laterality", "")), scan.laterality.value
    if eyes[0] != eyes[1] and set(eyes) == {Laterality.OD.value, Laterality.OS.value}:
        return "it is of the other eye"
    orders = recorded.get("superior_to_inferior"), scan.geometry.superior_to_inferior
    if None not in orders and orders[0] is not orders[1]:
        return "its B-scans run the other way"
    return ""
