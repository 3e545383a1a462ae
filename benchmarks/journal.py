"""A stroke made durable, against a bare SQLite insert of the same bytes.

Both write into databases with WAL and ``synchronous=FULL`` on the same disk, in turn, so that
the disk's mood is the same for both. ``python -m benchmarks.journal``
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

import numpy as np

from benchmarks.report import Result, emit
from mirage_core.annotate import Edit, Event, EventKind, Session, encode_edit
from mirage_core.project import Project, ProjectJournal
from mirage_core.scan import ArrayPixels, Scan

SHAPE = (97, 496, 768)
N_TIMED = 1000


def stroke(session: Session, rng: np.random.Generator) -> Edit:
    """Return a stroke of a usual size: 120 columns of a surface, or a 24 × 40 px brush blob."""
    draft = session.draft(int(rng.integers(SHAPE[0])))
    x = int(rng.integers(SHAPE[2] - 120))
    if rng.random() < 0.7:
        draft.curves[0, x : x + 120] = 200 + np.cumsum(rng.normal(0, 0.3, 120))
    else:
        z = int(rng.integers(SHAPE[1] - 24))
        draft.mask[z : z + 24, x : x + 40] = 1 + (draft.mask[z, x] + 1) % 5
    edit = session.commit(draft, "pen", "Pen on ILM")
    assert edit is not None
    return edit


def percentiles_ms(seconds: list[float]) -> tuple[float, float]:
    """Return median and 95th percentile in ms."""
    p50, p95 = np.percentile(np.array(seconds) * 1000, [50, 95])
    return float(p50), float(p95)


def compare_writes(folder: Path, edits: list[Edit]) -> None:
    scan = Scan(ArrayPixels(np.zeros(SHAPE, np.uint8)))
    ours: list[float] = []
    peer: list[float] = []
    with (
        Project.create(folder / "project") as project,
        closing(sqlite3.connect(folder / "bare.db", isolation_level=None)) as bare,
    ):
        bare.execute("PRAGMA journal_mode = WAL")
        bare.execute("PRAGMA synchronous = FULL")
        bare.execute("CREATE TABLE events (id INTEGER PRIMARY KEY, payload BLOB)")
        record = project.add_scan(scan)
        session = project.session(record, "bench", scan=scan)
        (row,) = project.worklist()
        project.close_session(session)
        journal = ProjectJournal(project, row.annotations[0].id)
        journal.follow(session.annotation)
        for edit in edits:
            event = Event(EventKind.DO, edit, "bench")
            began = time.perf_counter()
            journal.record([event])
            ours.append(time.perf_counter() - began)
            payload = encode_edit(edit)
            began = time.perf_counter()
            bare.execute("INSERT INTO events (payload) VALUES (?)", (payload,))
            peer.append(time.perf_counter() - began)
    (ours_p50, ours_p95), (peer_p50, peer_p95) = percentiles_ms(ours), percentiles_ms(peer)
    emit(
        Result(
            "A stroke made durable (wall, median / p95)",
            "p95 ≤ 16 ms",
            f"{ours_p50:.1f} / {ours_p95:.1f} ms",
            "bare sqlite3 insert, WAL, synchronous=FULL",
            f"{peer_p50:.1f} / {peer_p95:.1f} ms",
            peer_p95 / ours_p95,
            ours_p95 <= 16,
        )
    )


def main() -> None:
    rng = np.random.default_rng(0)
    memory = Session(Scan(ArrayPixels(np.zeros(SHAPE, np.uint8))))
    edits = [stroke(memory, rng) for _ in range(N_TIMED)]
    with tempfile.TemporaryDirectory() as folder:
        compare_writes(Path(folder), edits)


if __name__ == "__main__":
    main()
