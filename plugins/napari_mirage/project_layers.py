"""A project folder as layers: the scan that was worked on last, with its masks. Only read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from napari_mirage.notify import notify

if TYPE_CHECKING:
    from mirage_core.project import Project, WorklistRow
    from napari_mirage.layers import LayerData

_DATABASE = "project.db"
_NEVER = datetime.min.replace(tzinfo=UTC)


def is_project(path: Path) -> bool:
    """Return whether `path` is a project folder; nothing of it is opened."""
    return (path / _DATABASE).is_file()


def read_project(path: str) -> list[LayerData]:
    """Return the layers of the scan that was edited last in the project at `path`.

    Its masks are those of the work that changed last. In a blind project that is the grader's
    own work, and no other is looked at. Nothing is written to the project.

    Raises
    ------
    mirage_core.project.ProjectError
        If the project cannot be opened.
    mirage_core.io.ReadError
        If it holds no scan whose pixels can be read.
    """
    from mirage_core.io import ReadError
    from mirage_core.project import Project

    folder, grader = Path(path), _grader()
    with Project.open(folder, read_only=True) as project:
        rows = project.worklist(grader)
        stored = [row for row in rows if row.scan.imported]
        if not stored:
            what = "The scans of this project are not copied into it yet."
            raise ReadError(
                folder,
                what if rows else "This project holds no scans yet.",
                "Open the project in the Worklist and bring scans in there.",
            )
        layers = _layers(project, max(stored, key=_changed), grader)
    if len(rows) > 1:
        notify(
            f"This project holds {len(rows)} scans; the one edited last is open. "
            "The Worklist lists them all (Plugins > MIRAGE > Worklist)."
        )
    return layers


def _changed(row: WorklistRow) -> tuple[datetime, datetime]:
    work = row.annotations[0].changed if row.annotations else None
    return work or _NEVER, row.scan.added


def _layers(project: Project, row: WorklistRow, grader: str) -> list[LayerData]:
    from napari_mirage.reader import layers_of

    record = row.scan
    scan = project.open_scan(record)
    where = {"project": str(project.folder), "scan": record.id}
    if not row.annotations:
        return layers_of(scan, None, where)
    work = row.annotations[0]
    annotation = project.annotation(record, work.id, grader, scan=scan, on_damage=notify)
    name = f"Masks · {record.pseudonym} · {work.annotator}"
    layers = layers_of(scan, annotation.masks, where, name)
    for _, options, kind in layers:
        if kind == "labels":
            options["metadata"]["annotator"] = work.annotator
    return layers


def _grader() -> str:
    """Return what the grader is called in the workbench, or would be if it were opened now."""
    from napari_mirage.preferences import starting_choices
    from napari_mirage.widgets import bench_at_work

    bench = bench_at_work()
    if bench is not None:
        return bench.desk.author
    # As the desk calls who has not given a name.
    return starting_choices()[1].grader or "grader"
