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
    """

    id: int
    scan_id: str
    annotator: str
    states: tuple[State, ...]
    n_events: int
    changed: datetime | None

    def state_counts(self) -> dict[State, int]:
        """Return how many B-scans are in each state; states no B-scan is in are left out."""
        return dict(Counter(self.states))


@dataclass(frozen=True, slots=True)
class WorklistRow:
    """One line of the worklist: a scan and everyone's work on it, latest change first."""

    scan: ScanRecord
    annotations: tuple[AnnotationRecord, ...]


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
        ``laterality``, ``pseudonym`` for what happened to the scan itself.
    annotator : str
        Whose annotation it happened to; empty for the scan itself.
    tool, label, model_sha256 : str
        Of the edit done, undone or redone.
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
