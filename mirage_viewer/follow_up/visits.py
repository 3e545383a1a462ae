"""Visits: the scans of one eye in a project, and whose work on each is measured. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from mirage_core.scan import Laterality, State
from mirage_viewer.measuring.seen import sought_by
from mirage_viewer.worklist.lines import progress_words

if TYPE_CHECKING:
    from mirage_core.engines.base import EngineInfo
    from mirage_core.measure.followup import Visit
    from mirage_core.measure.fovea import Fovea
    from mirage_core.project import Project
    from mirage_core.project.records import AnnotationRecord, ScanRecord, WorklistRow
    from mirage_viewer.opening import OpenScan

_NOT_STORED = "its pixels are not in the project yet"
DEVICE = "the device"
_EYES = {Laterality.OD: "right eye", Laterality.OS: "left eye"}


@dataclass(frozen=True, slots=True)
class VisitLine:
    """One visit of the eye.

    Attributes
    ----------
    id : str
        Of the scan.
    day : date or None
        When it was taken, None where the file does not say.
    device, size : str
    state : str
        Whose work is measured, and how far it is.
    annotation_id : int or None
        None: what the device drew.
    stored : bool
        Its pixels are in the project, or in the window, so that it can be compared.
    whose : str
        Who drew what is measured: a grader, the consensus, or the device.
    laterality : Laterality
    """

    id: str
    day: date | None
    device: str
    size: str
    state: str
    annotation_id: int | None = None
    stored: bool = True
    whose: str = DEVICE
    laterality: Laterality = Laterality.UNKNOWN

    @property
    def day_words(self) -> str:
        """The day for people."""
        return self.day.isoformat() if self.day is not None else "no date"


def visits_of(project: Project, record: ScanRecord, viewer: str) -> tuple[VisitLine, ...]:
    """Return the visits of the eye of `record`, the earliest first; it is one of them.

    Those of the same pseudonym and eye; a scan whose eye is not known may be of either. A scan
    that is in the project twice counts once. For a background thread.

    Parameters
    ----------
    project : Project
    record : ScanRecord
    viewer : str
        Whose own work is measured where there is any, and who sees what a blind project shows.

    Raises
    ------
    ProjectError
    """
    rows = [r for r in project.worklist(viewer) if _same_eye(r.scan, record)]
    rows.sort(key=lambda row: (row.scan.acquired or row.scan.added.date(), row.scan.added))
    return tuple(_line(row, viewer, shown=row.scan.id == record.id) for row in _once(rows, record))


def load(
    project: Project,
    line: VisitLine,
    viewer: str,
    engines: Sequence[EngineInfo] = (),
    fovea_of: Callable[[Project, str], Fovea | None] | None = None,
) -> Visit:
    """Return the scan of a visit with what was drawn on it; for a background thread.

    Parameters
    ----------
    project, line, viewer
    engines : sequence of EngineInfo
        Those there are, for what they look for.
    fovea_of : callable, optional
        Returns where a person put the fovea of a scan; by default as the project has it.

    Raises
    ------
    ProjectError, ReadError
    """
    from mirage_core.annotate import Annotation
    from mirage_core.measure.followup import Visit

    record = project.scan(line.id)
    scan = project.open_scan(record)
    fovea = fovea_of(project, record.id) if fovea_of else project.foveas.get(record.id)
    if line.annotation_id is None:
        return Visit(scan, Annotation.for_scan(scan), fovea)
    annotation, done = project.moment(record, line.annotation_id, viewer, scan=scan)
    return Visit(scan, annotation, fovea, sought_by(done, scan.n_b_scans, engines))


def doubts_of(lines: tuple[VisitLine, VisitLine]) -> tuple[str, ...]:
    """Return what makes changes between two visits doubtful, by what is known of the visits."""
    first, later = lines
    out = []
    if first.day is None or later.day is None:
        out.append("The order of the visits is not known.")
    if first.whose != later.whose:
        out.append(
            f"Drawn by different hands ({first.whose} and {later.whose}): "
            "part of a change may be theirs."
        )
    return tuple(out)


def as_open(line: VisitLine, opened: OpenScan) -> VisitLine:
    """Return the visit that is open: of it the work in the window is measured."""
    states = opened.session.annotation.b_scan_states()
    drawn = all(s in (State.UNSEEN, State.VENDOR) for s in states)
    words = "as the device drew it" if drawn else progress_words(states)
    whose = "the consensus" if opened.consensus else opened.session.author
    return replace(line, state=f"in the window: {words}", whose=DEVICE if drawn else whose)


def eye_words(laterality: Laterality) -> str:
    """Return which eye it is, for people."""
    return _EYES.get(laterality, "eye not known")


def other_eye(one: VisitLine, other: VisitLine) -> bool:
    """Return whether two visits are known to be of different eyes."""
    return {one.laterality, other.laterality} == {Laterality.OD, Laterality.OS}


def _same_eye(one: ScanRecord, other: ScanRecord) -> bool:
    eyes = {one.laterality, other.laterality}
    same = len(eyes) == 1 or Laterality.UNKNOWN in eyes
    return one.pseudonym == other.pseudonym and same


def _once(rows: Sequence[WorklistRow], shown: ScanRecord) -> Iterable[WorklistRow]:
    """Leave out scans whose pixels are there already; the one shown stays."""
    seen = {(shown.sha256, shown.shape)} if shown.imported else set()
    for row in rows:
        mark = row.scan.sha256, row.scan.shape
        if row.scan.id == shown.id or not row.scan.imported or mark not in seen:
            seen.add(mark)
            yield row


def _line(row: WorklistRow, viewer: str, *, shown: bool) -> VisitLine:
    scan, chosen = row.scan, _chosen(row.annotations, viewer)
    stored = scan.imported or shown
    if not stored:
        state = _NOT_STORED
    elif chosen is None:
        state = "as the device drew it"
    else:
        state = f"{chosen.annotator}: {progress_words(chosen.states)}"
    n, _, width = scan.shape
    return VisitLine(
        scan.id,
        scan.acquired,
        scan.device or "device not known",
        f"{n} × {width}",
        state,
        chosen.id if chosen is not None else None,
        stored,
        _whose(chosen),
        scan.laterality,
    )


def _whose(chosen: AnnotationRecord | None) -> str:
    if chosen is None:
        return DEVICE
    return "the consensus" if chosen.is_consensus else chosen.annotator


def _chosen(annotations: Sequence[AnnotationRecord], viewer: str) -> AnnotationRecord | None:
    """Return the work that is measured: the viewer's own, the consensus, or the latest."""
    with_work = [a for a in annotations if a.n_events]
    own = (a for a in with_work if a.annotator == viewer and not a.is_consensus)
    agreed = (a for a in with_work if a.is_consensus)
    return next(own, None) or next(agreed, None) or next(iter(with_work), None)
