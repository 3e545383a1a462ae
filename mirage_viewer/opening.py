"""From a path to an open session: read, register in the project, continue the work.

Every function here may take long and runs in the background. No Qt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mirage_core.annotate import Edit, Session, ToolRunner
from mirage_core.scan import Scan

if TYPE_CHECKING:
    from mirage_core.project import Project, ScanBusyError
    from mirage_core.project.records import ScanRecord, UnfinishedSession

SpacingMm = tuple[float | None, float | None, float | None]


@dataclass(eq=False)
class OpenScan:
    """A scan that is open, and where its work is kept.

    Attributes
    ----------
    session : Session
    path : Path or None
        Where it was read from; for the list of recent files only.
    project : Project or None
        None while the scan is only shown (it is being registered, or there is no project).
    record : ScanRecord or None
    damage : str
        A sentence when stored edits could not be read.
    busy : ScanBusyError or None
        Who else has the work open for writing, so that it can only be looked at here.
    consensus : bool
        The work is what the graders agreed on, nobody's own.
    editable : bool
        False until its place in the project is made, or it is known that there is none; and
        in a project that can only be read.
    """

    session: Session
    path: Path | None = None
    project: Project | None = None
    record: ScanRecord | None = None
    damage: str = ""
    busy: ScanBusyError | None = None
    consensus: bool = False
    editable: bool = False
    runner: ToolRunner = field(init=False)

    def __post_init__(self) -> None:
        self.runner = ToolRunner(self.session)

    @property
    def scan(self) -> Scan:
        """The scan with the spacing as it is known now."""
        return self.session.scan

    @property
    def read_only(self) -> bool:
        """True if nothing can be kept: its project can only be read."""
        return self.project is not None and self.project.read_only

    @property
    def begins_at(self) -> int:
        """The B-scan to show first: the one corrected last, the middle one if none was."""
        edits = reversed(self.session.history.done)
        middle = self.scan.n_b_scans // 2
        return next((edit.b_scans[0] for edit in edits if len(edit.b_scans) == 1), middle)

    @property
    def name(self) -> str:
        """A name for files: the pseudonym in the project."""
        return self.record.pseudonym if self.record is not None else "scan"


def read_scan(path: Path, spacing_mm: SpacingMm | None = None) -> OpenScan:
    """Read the scan at `path`, to be shown while its place in the project is made.

    Raises
    ------
    ReadError
    """
    from mirage_core.io import ReadOptions, open_scan

    scan = open_scan(path, ReadOptions(spacing_mm=spacing_mm))
    scan.b_scan(0)  # a file that cannot be decoded fails here, not in the canvas
    return OpenScan(Session(scan), path)


def simulate_scan() -> OpenScan:
    """Return the built-in eye, to be shown while its place in the project is made."""
    from mirage_core.simulate import demo_eye

    return OpenScan(Session(demo_eye().scan))


def register(
    shown: OpenScan, project: Project, author: str, spacing_mm: SpacingMm | None = None
) -> OpenScan:
    """Give a scan its place in `project` and return it with all earlier work on it.

    Raises
    ------
    ProjectError
    """
    record = project.add_scan(shown.scan, author)
    if spacing_mm is not None and not project.read_only:
        record = project.set_spacing(record, *spacing_mm, author=author)
    scan = shown.scan.with_spacing(record.spacing)
    return _session(project, record, author, scan=scan, path=shown.path)


def from_project(project: Project, scan_id: str, author: str) -> OpenScan:
    """Open a scan whose pixels are in the project.

    Raises
    ------
    ProjectError
    """
    return _session(project, project.scan(scan_id), author)


def continue_unfinished(project: Project, left: UnfinishedSession, author: str) -> OpenScan:
    """Open the work that a crash interrupted.

    Raises
    ------
    ProjectError
    """
    return _session(project, left.scan, author, annotation_id=left.annotation.id)


def for_writing(
    looked_at: OpenScan, project: Project, author: str, *, take_over: bool = False
) -> OpenScan:
    """Open what could only be looked at so far; the work on it is read anew.

    Raises
    ------
    ProjectError
    """
    assert looked_at.record is not None
    assert looked_at.busy is not None
    return _session(
        project,
        project.scan(looked_at.record.id),
        author,
        looked_at.scan,
        looked_at.path,
        looked_at.busy.annotation_id,
        take_over=take_over,
    )


def consensus_of(shown: OpenScan, project: Project, author: str) -> OpenScan:
    """Open the consensus on a scan, begun where there is none, for `author` to adjudicate.

    Raises
    ------
    ProjectError
        Among others, if the project is blind.
    """
    assert shown.record is not None
    record = project.scan(shown.record.id)
    consensus_id = project.graders.begin_consensus(record.id, author, lambda: shown.scan)
    return _session(project, record, author, shown.scan, shown.path, consensus_id)


def own_work(shown: OpenScan, project: Project, author: str) -> OpenScan:
    """Open `author`'s own work on a scan of which other work is shown.

    Raises
    ------
    ProjectError
    """
    assert shown.record is not None
    return _session(project, project.scan(shown.record.id), author, shown.scan, shown.path)


def _session(
    project: Project,
    record: ScanRecord,
    author: str,
    scan: Scan | None = None,
    path: Path | None = None,
    annotation_id: int | None = None,
    *,
    take_over: bool = False,
) -> OpenScan:
    """Open the work on a scan; where another program has it, as far as it is saved, to look at."""
    from mirage_core.project import ScanBusyError

    damage: list[str] = []
    busy = None
    try:
        session = project.session(
            record,
            author,
            scan=scan,
            annotation_id=annotation_id,
            take_over=take_over,
            on_damage=damage.append,
        )
    except ScanBusyError as error:
        busy = error
        project = project.reader(busy.what, busy.hint)
        session = project.session(
            record,
            author,
            scan=scan,
            annotation_id=busy.annotation_id,
            on_damage=damage.append,
        )
    opened_id = busy.annotation_id if busy is not None else annotation_id
    consensus = opened_id is not None and opened_id == project.graders.consensus_id(record.id)
    return OpenScan(session, path, project, record, " ".join(damage), busy, consensus)


def import_into_project(
    opened: OpenScan, report: Callable[[float], None], cancelled: Callable[[], bool]
) -> ScanRecord | None:
    """Copy the pixels into the project, unless they are there or it is read-only.

    Raises
    ------
    ProjectError
    """
    from mirage_core.project.errors import ImportCancelledError

    project, record = opened.project, opened.record
    if project is None or record is None or record.imported or project.read_only:
        return record
    try:
        return project.import_pixels(record, opened.scan, report, cancelled)
    except ImportCancelledError:
        return record


def copy_work(opened: OpenScan, edits: Sequence[Edit], folder: Path, author: str) -> int:
    """Write a scan with `edits`, its history in effect, into a project in `folder`.

    Returns the number of edits written. Their authors and times stay as they are. Those that
    cannot be read any more are one edit there.

    Raises
    ------
    ProjectError
        If the folder cannot be written to, or holds other work on this scan already.
    """
    from mirage_core.annotate.copying import copy_edits
    from mirage_core.project import Project, ProjectError, Trouble

    with Project.open_or_create(folder) as project:
        if project.read_only:
            raise ProjectError(folder, Trouble.READ_ONLY)
        record = project.add_scan(opened.scan, author)
        copy = project.session(record, author, scan=opened.scan)
        if copy.history.done:
            raise ProjectError(
                folder,
                Trouble.BUSY,
                "This project holds work on the same scan already.",
                "Choose an empty folder for the copy.",
            )
        copy_edits(opened.session, edits, copy)
        if copy.unsaved:
            raise ProjectError(folder, Trouble.UNREACHABLE, copy.save_problem, "Nothing is lost.")
        if not record.imported:
            project.import_pixels(record, opened.scan)
        return len(copy.history.done)
