"""Records and worklist rows made by hand, without a project."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from mirage_core.annotate import State
from mirage_core.project.records import AnnotationRecord, Remark, ScanRecord, WorklistRow
from mirage_core.scan import Laterality, Spacing


def record(
    scan_id: str = "1",
    pseudonym: str = "P0001",
    *,
    laterality: Laterality = Laterality.OD,
    acquired: date | None = date(2024, 5, 6),
    device: str = "Spectralis",
    n_b_scans: int = 5,
    imported: bool = True,
) -> ScanRecord:
    """Return a record of a scan."""
    eye = {"R": "OD · ", "L": "OS · "}.get(laterality.value, "")
    return ScanRecord(
        id=scan_id,
        fingerprint=f"mark of {scan_id}",
        sha256=f"pixels of {scan_id}" if imported else "",
        pseudonym=pseudonym,
        title=f"{device or 'OCT'} · {eye}volume {n_b_scans} × 496 × 768",
        shape=(n_b_scans, 496, 768),
        spacing=Spacing(),
        laterality=laterality,
        acquired=acquired,
        device=device,
        simulated=False,
        source_format="heidelberg-vol",
        added=datetime(2025, 1, 2, 3, 4, tzinfo=UTC),
    )


def row(
    scan: ScanRecord,
    states: Sequence[State] = (),
    *,
    annotator: str = "ada",
    note: str = "",
    tags: Sequence[str] = (),
    duplicate_of: ScanRecord | None = None,
) -> WorklistRow:
    """Return a line of the worklist; without `states` nobody has begun."""
    changed = datetime(2025, 2, 3, tzinfo=UTC)
    work = AnnotationRecord(1, scan.id, annotator, tuple(states), len(states), changed)
    return WorklistRow(
        scan, (work,) if states else (), Remark(note, tuple(tags)), True, duplicate_of
    )
