"""A program killed at any moment loses at most the stroke in hand.

Processes are really killed (SIGKILL; TerminateProcess on Windows) at random moments, over and
over on the same project. ``MIRAGE_NIGHTLY=1`` kills ten times as often.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mirage_core.annotate import Session
from mirage_core.project import Project
from mirage_core.project.importing import scan_file
from tests.project.eyes import make_scan, same, step
from tests.project.killable import draw, keep_importing

KILLS = 250 if os.environ.get("MIRAGE_NIGHTLY") else 25
SEED = 20
LONGEST_S = 0.4

# A warm server to fork from, where there is one: every kill costs a new process.
_METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
_CONTEXT = multiprocessing.get_context(_METHOD)
if _METHOD == "forkserver":
    _CONTEXT.set_forkserver_preload(
        ["tests.project.killable", "mirage_core.project.store", "mirage_core.project.pixels"]
    )


def run_and_kill(task: Callable[..., None], *args: Any, after_s: float, warm: bool) -> list[Any]:
    """Run `task` in a process, kill it after `after_s` seconds; return what it had said.

    `warm` counts the time from when it is ready, not from when it starts.
    """
    ears, mouth = _CONTEXT.Pipe(duplex=False)
    process = _CONTEXT.Process(target=task, args=(*args, mouth))
    process.start()
    mouth.close()
    said: list[Any] = []
    try:
        if warm and ears.poll(60):
            said.append(ears.recv())
        time.sleep(after_s)
        process.kill()
        process.join()
        assert process.exitcode != 1, "the process failed by itself"
        said += heard(ears)
    finally:
        process.kill()
        process.join()
        ears.close()
    return said


def heard(ears: Connection) -> list[Any]:
    said = []
    with suppress(EOFError):
        while True:
            said.append(ears.recv())
    return said


@pytest.mark.timeout(1800)
def test_every_acknowledged_edit_survives_a_kill_to_the_last_bit(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    scan = make_scan()
    with Project.create(folder) as project:
        record = project.import_pixels(project.add_scan(scan), scan)
    moments = random.Random(SEED)
    expected = Session(scan, author="grader")
    n_steps = interrupted = 0
    for kill in range(KILLS):
        warm = kill % 5 != 0
        after_s = moments.uniform(0.0, LONGEST_S)
        said = run_and_kill(draw, folder, SEED, n_steps, after_s=after_s, warm=warm)
        acknowledged = [number for number in said if number >= 0]
        assert acknowledged == list(range(n_steps, n_steps + len(acknowledged)))
        with Project.open(folder) as project:
            left = project.unfinished()
            assert bool(left) or not said
            interrupted += len(left)
            session = project.session(record, "grader")
            (annotation,) = project.worklist()[0].annotations
            surplus = annotation.n_events - n_steps - len(acknowledged)
            assert 0 <= surplus <= 1
            for number in range(n_steps, annotation.n_events):
                step(expected, SEED, number)
            n_steps = annotation.n_events
            assert same(session.annotation, expected.annotation)
            assert annotation.states == expected.annotation.b_scan_states() or not n_steps
            assert labels(session) == labels(expected)
    assert n_steps > KILLS
    assert interrupted > KILLS // 2
    with Project.open(folder) as project:
        session = project.session(record, "grader")
        while expected.undo() is not None:
            assert session.undo() is not None
        assert session.undo() is None
        assert same(session.annotation, expected.annotation)
        assert same(session.annotation, Session(scan).annotation)


def labels(session: Session) -> tuple[list[str], list[str]]:
    history = session.history
    return [e.label for e in history.done], [e.label for e in history.undone]


@pytest.mark.timeout(1800)
def test_a_killed_import_leaves_no_half_file(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    shape = (12, 128, 160)
    Project.create(folder).close()
    moments = random.Random(SEED)
    for _ in range(max(KILLS // 4, 5)):
        run_and_kill(
            keep_importing, folder, shape, after_s=moments.uniform(0.0, LONGEST_S), warm=True
        )
    complete = 0
    with Project.open(folder) as project:
        assert project.worklist()
        for row in project.worklist():
            path = scan_file(folder, row.scan.id)
            complete += path.exists()
            assert path.exists() or not row.scan.imported
        # Each scan can be imported now, whatever moment the kill found it in.
        for seed, row in enumerate(project.worklist()):
            scan = make_scan(seed, shape)
            record = project.import_pixels(row.scan, scan)
            assert project.verify(record)
            assert np.array_equal(project.open_scan(record).b_scan(5), scan.b_scan(5))
        late = time.time() - 3600
        for part in (folder / "scans").rglob("*"):
            os.utime(part, (late, late))
    assert complete
    Project.open(folder).close()
    assert all(p.suffix == ".h5" for p in (folder / "scans").iterdir())
