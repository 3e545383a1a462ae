"""100 scans in the worklist, 5,000 edits on one of them: opening, undo, and memory.

The peer of opening is the same without the snapshot, which replays every edit. Undo is that of
a session just opened, which has to read what each edit changed; of two passes over copies of the
project the better time of each edit counts, because other programs of the machine come between.
Memory is the peak of a process that opens the project, undoes everything and redoes it, with a
budget that not a fifth of the edits fit into; it needs Linux. ``python -m benchmarks.long_history``
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import numpy as np

from benchmarks.long_work import GRADER, build
from benchmarks.report import Result, emit
from mirage_core.annotate import Session
from mirage_core.project import Project

N_SCANS, N_EDITS, N_FEW = 100, 5000, 500
REPEATS = 5
PASSES = 2
BUDGET_BYTES = 16 * 2**20

PEAK = """
import sys
from benchmarks.peak import peak_bytes
from mirage_core.project import Project
folder, scan_id, grader, budget = sys.argv[1:]
with Project.open(folder) as project:
    session = project.session(project.scan(scan_id), grader, history_bytes=int(budget))
    while session.undo():
        pass
    while session.redo():
        pass
print(peak_bytes())
"""


def open_all(folder: Path, scan_id: str) -> tuple[Project, Session]:
    """Open the project, list its scans, and open the work on one of them."""
    project = Project.open(folder)
    (row,) = (row for row in project.worklist() if row.scan.id == scan_id)
    return project, project.session(row.scan, GRADER)


def opening_s(folder: Path, scan_id: str, *, replayed: bool) -> float:
    """Return how long opening takes, the median of some; `replayed` without a snapshot."""
    times = []
    for _ in range(REPEATS):
        if replayed:
            without_snapshot(folder)
        began = time.perf_counter()
        project, session = open_all(folder, scan_id)
        times.append(time.perf_counter() - began)
        assert len(session.history.done) == N_EDITS
        project.close()
    return statistics.median(times)


def without_snapshot(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "project.db")) as connection:
        connection.execute("DELETE FROM snapshots")
        connection.commit()


def measure_opening(folder: Path, scan_id: str) -> None:
    open_all(folder, scan_id)[0].close()  # libraries and the system's cache of files
    ours = opening_s(folder, scan_id, replayed=False)
    peer = opening_s(folder, scan_id, replayed=True)
    emit(
        Result(
            f"Opening a project of {N_SCANS} scans, its worklist and a scan of {N_EDITS:,} edits",
            "≤ 1 s",
            f"{ours:.2f} s",
            "replaying every edit, and writing a snapshot",
            f"{peer:.2f} s",
            peer / ours,
            ours <= 1.0,
        )
    )


def undo_s(folder: Path, scan_id: str) -> list[float]:
    """Undo everything; return how long each undo took, the newest first."""
    project, session = open_all(folder, scan_id)
    times = []
    while session.history.done:
        began = time.perf_counter()
        session.undo()
        times.append(time.perf_counter() - began)
    assert not session.unsaved
    project.close()
    return times


def measure_undo(folder: Path, scan_id: str) -> None:
    passes = []
    for number in range(PASSES):
        copy = folder.with_name(f"copy{number}")
        shutil.copytree(folder, copy)
        os.sync()  # or the first checkpoint writes the whole copy to the disk, and undo waits
        passes.append(undo_s(copy, scan_id))
        shutil.rmtree(copy)
    median, most, longest = np.percentile(np.min(passes, axis=0) * 1000, [50, 99.9, 100])
    emit(
        Result(
            f"Undo of each of {N_EDITS:,} edits, two of them of the whole volume, just opened",
            "≤ 30 ms each",
            f"median {median:.1f} ms, 99.9 % ≤ {most:.1f} ms, slowest {longest:.1f} ms",
            "",
            "",
            None,
            bool(longest <= 30),
        )
    )


def peak_mib(folder: Path, scan_id: str) -> float:
    """Return the peak memory of a process that undoes and redoes everything."""
    command = [sys.executable, "-c", PEAK, str(folder), scan_id, GRADER, str(BUDGET_BYTES)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(done.stdout) / 2**20


def changed_mib(folder: Path, scan_id: str) -> float:
    """Return how much memory all patches of the scan's history would take."""
    project, session = open_all(folder, scan_id)
    total = sum(edit.patches.n_bytes for edit in session.history.done)
    project.close()
    return total / 2**20


def measure_memory(many: tuple[Path, str], few: tuple[Path, str]) -> None:
    ours, peer = peak_mib(*many), peak_mib(*few)
    budget, whole = BUDGET_BYTES / 2**20, changed_mib(*many)
    allowed = budget + (N_EDITS - N_FEW) / 1024
    emit(
        Result(
            f"Peak memory, {N_EDITS:,} edits that change {whole:.0f} MiB, budget {budget:.0f} MiB",
            "more by ≤ the budget + 1 KiB an edit",
            f"{ours:.0f} MiB",
            f"the same with {N_FEW} edits",
            f"{peer:.0f} MiB",
            peer / ours,
            ours - peer <= allowed,
        )
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        many, few = Path(name) / "many", Path(name) / "few"
        scan_id = build(many, N_SCANS, N_EDITS).id
        measure_opening(many, scan_id)
        measure_undo(many, scan_id)
        measure_memory((many, scan_id), (few, build(few, 1, N_FEW).id))


if __name__ == "__main__":
    main()
