"""The audit trail: who did what to a scan."""

from __future__ import annotations

from datetime import datetime
from itertools import accumulate
from typing import Any

from sqlalchemy import Row, select

from mirage_core.annotate import EventKind
from mirage_core.project import clock
from mirage_core.project.event_rows import b_scans_from_text
from mirage_core.project.labels import rows_of_scan, words_of
from mirage_core.project.records import AuditRow
from mirage_core.project.schema import annotation_rows, events, project_log, scan_log
from mirage_core.project.store import Store


def audit(store: Store, scan_id: str) -> tuple[AuditRow, ...]:
    """Return everything that happened to a scan and its annotations, oldest first.

    What happened to one annotation stays in the order it happened in, even where a computer's
    clock was set back meanwhile. Undo and redo carry tool, label and B-scans of the edit they
    took back or brought back.
    """
    c = events.c
    with store.read() as connection:
        of_scan = connection.execute(
            select(scan_log).where(scan_log.c.scan == scan_id).order_by(scan_log.c.id)
        ).all()
        owners = connection.execute(
            select(annotation_rows.c.id, annotation_rows.c.annotator).where(
                annotation_rows.c.scan == scan_id
            )
        ).all()
        of_labels = [_label_row(r) for r in rows_of_scan(connection, scan_id)]
        logs = [
            (
                owner.annotator,
                connection.execute(
                    select(c.kind, c.author, c.tool, c.label, c.time, c.model_sha256, c.b_scans)
                    .where(c.annotation == owner.id)
                    .order_by(c.seq)
                ).all(),
            )
            for owner in owners
        ]
    timed = _in_order(
        [AuditRow(clock.parse(r.time), r.author, r.what, "", "", r.detail, "", ()) for r in of_scan]
    )
    timed += _in_order(of_labels)
    for annotator, log in logs:
        rows: list[AuditRow] = []
        done: list[AuditRow] = []
        undone: list[AuditRow] = []
        for r in log:
            kind = EventKind(r.kind)
            if kind is EventKind.DO:
                about = AuditRow(
                    clock.parse(r.time),
                    r.author,
                    kind,
                    annotator,
                    r.tool,
                    r.label,
                    r.model_sha256,
                    b_scans_from_text(r.b_scans),
                )
                done.append(about)
                undone.clear()
                rows.append(about)
                continue
            source, sink = (done, undone) if kind is EventKind.UNDO else (undone, done)
            if not source:
                continue
            about = source.pop()
            sink.append(about)
            rows.append(
                AuditRow(
                    clock.parse(r.time),
                    r.author,
                    kind,
                    annotator,
                    about.tool,
                    about.label,
                    about.model_sha256,
                    about.b_scans,
                )
            )
        timed += _in_order(rows)
    return tuple(row for _, row in sorted(timed, key=lambda entry: entry[0]))


def audit_of_project(store: Store) -> tuple[AuditRow, ...]:
    """Return what happened to the project as a whole, oldest first."""
    with store.read() as connection:
        rows = connection.execute(select(project_log).order_by(project_log.c.id)).all()
    return tuple(
        AuditRow(clock.parse(r.time), r.author, r.what, "", "", r.detail, "", ()) for r in rows
    )


def _label_row(row: Row[Any]) -> AuditRow:
    words = words_of(row.labels)
    said = "taken back" if words is None else ", ".join(words) or "none of them"
    b_scans = () if row.b_scan is None else (row.b_scan,)
    time = clock.parse(row.time)
    return AuditRow(time, row.author, "label", row.annotator, "", said, "", b_scans)


def _in_order(rows: list[AuditRow]) -> list[tuple[datetime, AuditRow]]:
    """Return each row with a time to sort by that never goes back within `rows`."""
    return list(zip(accumulate((row.time for row in rows), max), rows, strict=True))
