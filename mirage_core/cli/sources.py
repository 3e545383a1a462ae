"""What `mirage export` can take annotations from, turned into export requests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mirage_core.annotate import Annotation
from mirage_core.cli.console import CommandError
from mirage_core.cli.inputs import must_exist
from mirage_core.io.digest import source_sha256
from mirage_core.io.export_request import ExportRequest
from mirage_core.scan import AXES, Provenance, Scan, Spacing, State

if TYPE_CHECKING:
    from mirage_core.project import Project, WorklistRow

_HUMAN = frozenset({State.APPROVED, State.EDITED})
_PREDICTED = frozenset({State.PREDICTED, *_HUMAN})


@dataclass(frozen=True)
class Choice:
    """What the user chose to export.

    Attributes
    ----------
    states : set of State or None
        None: what humans approved or edited; for a result folder what was predicted.
    scans : tuple of str
        Ids or pseudonyms of a project's scans; empty for all.
    annotator : str
    scan_file : Path or None
    name : str
    spacing_mm : (db, dz, dx) or None
    default_split : str
    splits : dict
        Split of each pseudonym that is not in the default one.
    """

    states: frozenset[State] | None = None
    scans: tuple[str, ...] = ()
    annotator: str = ""
    scan_file: Path | None = None
    name: str = ""
    spacing_mm: tuple[float | None, float | None, float | None] | None = None
    default_split: str = "train"
    splits: dict[str, str] = field(default_factory=dict)

    def request(
        self, scan: Scan, annotation: Annotation, name: str, default: frozenset[State]
    ) -> ExportRequest:
        """Return the request for one scan."""
        if self.spacing_mm is not None:
            scan = scan.with_spacing(scan.spacing.with_user(*self.spacing_mm))
        states = self.states if self.states is not None else default
        split = self.splits.get(name, self.default_split)
        return ExportRequest.by_states(scan, annotation, states, name, split)


@contextmanager
def collect(source: Path, choice: Choice) -> Iterator[list[ExportRequest]]:
    """Give the requests for what is at `source`; a project stays open meanwhile.

    Raises
    ------
    CommandError, ReadError, ProjectError
    """
    from mirage_core.io.export_result import is_result

    must_exist(source)
    if (source / "project.db").exists():
        from mirage_core.project import Project

        with Project.open(source, read_only=True) as project:
            requests = [_of_row(project, row, choice) for row in _rows(project, choice)]
            yield requests
    elif is_result(source):
        yield [_of_result(source, choice)]
    elif source.is_file():
        yield [_of_native(source, choice)]
    else:
        raise CommandError(
            f"{source} is no project folder and no result folder.",
            "Give a project, or a folder that `mirage segment` wrote with --scan-file SCAN.",
        )


def _rows(project: Project, choice: Choice) -> list[WorklistRow]:
    rows = [row for row in project.worklist() if row.annotations]
    if choice.scans:
        known = {key for row in rows for key in (row.scan.id, row.scan.pseudonym)}
        missing = [s for s in choice.scans if s not in known]
        if missing:
            raise CommandError(
                f"The project has no annotated scan {missing[0]!r}.",
                f"There are {', '.join(row.scan.pseudonym for row in rows) or 'none'}.",
            )
        rows = [r for r in rows if {r.scan.id, r.scan.pseudonym} & set(choice.scans)]
    if choice.annotator:
        rows = [r for r in rows if any(a.annotator == choice.annotator for a in r.annotations)]
        if not rows:
            raise CommandError(
                f"{choice.annotator} has not worked on these scans.", "Leave --annotator out."
            )
    if not rows:
        raise CommandError(
            "The project holds no annotations yet.", "Segment or annotate a scan in it first."
        )
    return rows


def _of_row(project: Project, row: WorklistRow, choice: Choice) -> ExportRequest:
    chosen = [a for a in row.annotations if choice.annotator in ("", a.annotator)]
    record = chosen[0]  # the worklist has the latest change first
    session = project.session(row.scan, record.annotator, annotation_id=record.id)
    return choice.request(session.scan, session.annotation, row.scan.pseudonym, _HUMAN)


def _of_result(folder: Path, choice: Choice) -> ExportRequest:
    from mirage_core.io import ReadOptions, open_scan
    from mirage_core.io.export_result import read_result

    if choice.scan_file is None:
        raise CommandError(
            "A result folder does not hold the scan it was made from.",
            "Name it with --scan-file SCAN.",
        )
    result = read_result(folder)
    scan = open_scan(choice.scan_file, ReadOptions())
    recorded = result.info.get("input", {})
    if recorded.get("sha256") != source_sha256(choice.scan_file):
        raise CommandError(
            f"{choice.scan_file} is not the scan this result was made from.",
            "Name the scan that was segmented, unchanged.",
        )
    if choice.spacing_mm is None:
        scan = scan.with_spacing(_with_user_spacing(scan, recorded))
    annotation = Annotation(result.surfaces, result.masks, result.confidence, result.states)
    # Not the folder's name: it is that of the scan's file, which may name the patient.
    name = choice.name or f"scan-{recorded['sha256'][:8]}"
    return choice.request(scan, annotation, name, _PREDICTED)


def _with_user_spacing(scan: Scan, recorded: dict[str, dict[str, dict[str, object]]]) -> Spacing:
    """Return the scan's spacing with what the user said when it was segmented."""
    said: list[float | None] = []
    for axis in AXES:
        length = recorded.get("spacing", {}).get(axis, {})
        mm = length.get("mm")
        user = length.get("source") == Provenance.USER.value
        said.append(float(mm) if user and isinstance(mm, int | float) else None)
    return scan.spacing.with_user(*said)


def _of_native(path: Path, choice: Choice) -> ExportRequest:
    from mirage_core.io.export_hdf5 import read_native

    content = read_native(path)
    annotation = Annotation(content.surfaces, content.masks, content.confidence, content.states)
    every = frozenset(State) - {State.UNSEEN}
    return choice.request(content.scan, annotation, choice.name or path.stem, every)
