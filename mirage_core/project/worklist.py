"""The rows of the worklist, put together from the tables; and which scans are in it twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set

from mirage_core.project.records import AnnotationRecord, Remark, ScanRecord, WorklistRow

_NOTHING = Remark()


def worklist_rows(
    records: Sequence[ScanRecord],
    annotations: Mapping[str, Sequence[AnnotationRecord]],
    remarks: Mapping[str, Remark],
    pictured: Set[str],
) -> tuple[WorklistRow, ...]:
    """Return a row for each of `records`, in their order.

    Parameters
    ----------
    records : sequence of ScanRecord
        In the order they were added.
    annotations, remarks : mapping
        By scan id.
    pictured : set of str
        Ids of the scans that have a thumbnail.
    """
    first = duplicates(records)
    return tuple(
        WorklistRow(
            scan,
            tuple(annotations.get(scan.id, ())),
            remarks.get(scan.id, _NOTHING),
            scan.id in pictured,
            first.get(scan.id),
        )
        for scan in records
    )


def duplicates(records: Iterable[ScanRecord]) -> dict[str, ScanRecord]:
    """Return, by the id of each later scan with the pixels of an earlier one, the earlier.

    Compared is the SHA-256 of the display pixels, with their shape. Scans whose pixels are not in
    the project have none. Exports with another grey scale are not found: their pixels differ.

    Parameters
    ----------
    records : iterable of ScanRecord
        In the order they were added.
    """
    first: dict[tuple[str, tuple[int, int, int]], ScanRecord] = {}
    found = {}
    for record in records:
        if record.imported:
            earlier = first.setdefault((record.sha256, record.shape), record)
            if earlier is not record:
                found[record.id] = earlier
    return found
