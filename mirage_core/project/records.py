"""What a project tells about its scans: plain records, nothing of the patient in them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime

from mirage_core.annotate import EventKind, State
from mirage_core.scan import Laterality, Spacing


@dataclass(frozen=True, slots=True)
class ScanRecord:
    """One scan of a project.

    Attributes
    ----------
    id : str
        Random; names the file ``scans/<id>.h5``.
    fingerprint : str
        Hash by which the same source is recognised (:mod:`mirage_core.project.fingerprint`).
    sha256 : str
        SHA-256 of the display pixels ``uint8[b, z, x]`` in C order; empty until the import
        ended, and while the stored file is missing.
    pseudonym : str
        Name of the patient in this project; scans of one patient share it.
    title : str
        For people: device, eye, pattern, size.
    shape : (int, int, int)
        ``(b, z, x)``.
    spacing : Spacing
        As in the file, or as the user set it since.
    laterality, acquired, device, simulated
        As the file says.
    source_format : str
        Name of the reader.
    added : datetime
        UTC.
    """

    id: str
    fingerprint: str
    sha256: str
    pseudonym: str
    title: str
    shape: tuple[int, int, int]
    spacing: Spacing
    laterality: Laterality
    acquired: date | None
    device: str
    simulated: bool
    source_format: str
    added: datetime

    @property
    def imported(self) -> bool:
        """True when the pixels are in the project, so that the source is no longer needed."""
        return bool(self.sha256)


@dataclass(frozen=True, slots=True)
class AnnotationRecord:
    """One annotator's work on one scan.

    Attributes
    ----------
    id : int
    scan_id : str
    annotator : str
    states : tuple of State
        State of every B-scan as a whole, in order; empty before the first edit.
    n_events : int
        Edits, undos and redos recorded.
    changed : datetime or None
        UTC time of the last one.
    is_consensus : bool
        It is what the graders agreed on, nobody's own; known in the worklist only.
    """

    id: int
    scan_id: str
    annotator: str
    states: tuple[State, ...]
    n_events: int
    changed: datetime | None
    is_consensus: bool = False

    def state_counts(self) -> dict[State, int]:
        """Return how many B-scans are in each state; states no B-scan is in are left out."""
        return dict(Counter(self.states))


@dataclass(frozen=True, slots=True)
class Grader:
    """Someone with work in a project.

    Attributes
    ----------
    name : str
    n_scans : int
        Scans with at least one edit of theirs.
    b_scans : dict of State to int
        How many B-scans of these are in each state.
    changed : datetime or None
        UTC time of their last edit.
    """

    name: str
    n_scans: int
    b_scans: dict[State, int]
    changed: datetime | None


@dataclass(frozen=True, slots=True)
class Remark:
    """What graders noted on a scan: free text, and tags in the order of the alphabet."""

    note: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WorklistRow:
    """One line of the worklist.

    Attributes
    ----------
    scan : ScanRecord
    annotations : tuple of AnnotationRecord
        Everyone's work on it, latest change first.
    remark : Remark
    has_thumbnail : bool
        False until a picture of it was made; :meth:`Project.thumbnail` makes it then.
    duplicate_of : ScanRecord or None
        The scan that was first to have exactly these pixels: the same acquisition, exported by
        another program perhaps.
    """

    scan: ScanRecord
    annotations: tuple[AnnotationRecord, ...]
    remark: Remark = Remark()
    has_thumbnail: bool = False
    duplicate_of: ScanRecord | None = None


@dataclass(frozen=True, slots=True)
class UnfinishedSession:
    """Work that was open when its program ended without closing it.

    Every edit that was recorded is in the project. Continue with
    ``project.session(u.scan, annotation_id=u.annotation.id)``.
    """

    scan: ScanRecord
    annotation: AnnotationRecord
    host: str
    opened: datetime


@dataclass(frozen=True, slots=True)
class AuditRow:
    """Who did what, when, with which tool and model, on which B-scans.

    Attributes
    ----------
    time : datetime
        UTC.
    author : str
    what : str
        ``do``, ``undo``, ``redo`` for edits; ``added``, ``imported``, ``spacing``,
        ``laterality``, ``pseudonym``, ``note``, ``tags``, ``consensus`` (begun), ``annotator``
        (has a name now), ``fovea``, ``registration`` for what happened to the scan itself;
        ``label`` for what somebody labelled it as; ``blind``, ``labels`` (to choose from) for the
        project.
    annotator : str
        Whose annotation it happened to; empty for the scan itself.
    tool, label, model_sha256 : str
        Of the edit done, undone or redone. The label of anything else says its detail.
    b_scans : tuple of int
        B-scans it touched, ascending, counted from 0.
    """

    time: datetime
    author: str
    what: EventKind | str
    annotator: str
    tool: str
    label: str
    model_sha256: str
    b_scans: tuple[int, ...]
