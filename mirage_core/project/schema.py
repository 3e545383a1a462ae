"""Tables of ``project.db``; docs/project_format.md describes them for other programs."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

APPLICATION_ID = 0x4D495247
"""``PRAGMA application_id`` of a project: "MIRG"."""

metadata = MetaData()

settings = Table(
    "settings",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

patients = Table(
    "patients",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", Text, unique=True),
    Column("pseudonym", Text, nullable=False, unique=True),
)

scans = Table(
    "scans",
    metadata,
    Column("id", Text, primary_key=True),
    Column("patient", ForeignKey("patients.id"), nullable=False),
    Column("fingerprint", Text, nullable=False, unique=True),
    Column("sha256", Text),
    Column("root", Text),
    Column("source_format", Text, nullable=False),
    Column("metadata", Text, nullable=False),
    Column("added", Text, nullable=False),
)

scan_log = Table(
    "scan_log",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("scan", ForeignKey("scans.id"), nullable=False, index=True),
    Column("time", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("detail", Text, nullable=False),
)

annotation_rows = Table(
    "annotations",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("scan", ForeignKey("scans.id"), nullable=False),
    Column("annotator", Text, nullable=False),
    Column("surfaces", Text, nullable=False),
    Column("scheme", Text, nullable=False),
    Column("created", Text, nullable=False),
    Column("states", LargeBinary),
    Column("n_events", Integer, nullable=False),
    Column("changed", Text),
    UniqueConstraint("scan", "annotator"),
)

events = Table(
    "events",
    metadata,
    Column("annotation", ForeignKey("annotations.id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("tool", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("time", Text, nullable=False),
    Column("model_sha256", Text, nullable=False),
    Column("b_scans", Text, nullable=False),
    Column("crc32", Integer, nullable=False),
    Column("payload", LargeBinary),
    PrimaryKeyConstraint("annotation", "seq"),
)

leases = Table(
    "leases",
    metadata,
    Column("annotation", ForeignKey("annotations.id"), primary_key=True),
    Column("token", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started", Text, nullable=False),
    Column("opened", Text, nullable=False),
    Column("heartbeat", Text, nullable=False),
)

consensus = Table(
    "consensus",
    metadata,
    Column("scan", ForeignKey("scans.id"), primary_key=True),
    Column("annotation", ForeignKey("annotations.id"), nullable=False, unique=True),
)

remarks = Table(
    "remarks",
    metadata,
    Column("scan", ForeignKey("scans.id"), primary_key=True),
    Column("note", Text, nullable=False),
    Column("tags", Text, nullable=False),
)

thumbnails = Table(
    "thumbnails",
    metadata,
    Column("scan", ForeignKey("scans.id"), primary_key=True),
    Column("png", LargeBinary, nullable=False),
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("annotation", ForeignKey("annotations.id"), primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

project_log = Table(
    "project_log",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("time", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("detail", Text, nullable=False),
)

labels = Table(
    "labels",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("scan", ForeignKey("scans.id"), nullable=False, index=True),
    Column("annotator", Text, nullable=False),
    Column("b_scan", Integer),
    Column("labels", Text),
    Column("author", Text, nullable=False),
    Column("time", Text, nullable=False),
)

FIRST = (settings, patients, scans, scan_log, annotation_rows, events, leases)
"""The tables of version 1."""
SECOND = (consensus, remarks, thumbnails, snapshots, project_log)
"""The tables that version 2 added."""
THIRD = (labels,)
"""The table that version 3 added."""


def append_only(*tables: str) -> tuple[str, ...]:
    """Return the statements by which rows of `tables` can be added and never changed.

    What was recorded stays: not even a mistake in this program may rewrite the audit trail.
    """
    return tuple(
        f"CREATE TRIGGER {table}_keep_{verb.lower()} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for table in tables
        for verb in ("UPDATE", "DELETE")
    )
