"""What the processes do that test_kill.py kills."""

from __future__ import annotations

import itertools
from multiprocessing.connection import Connection
from pathlib import Path

from mirage_core.project import Project, import_pixels
from tests.project.eyes import make_scan, step


def draw(folder: Path, seed: int, first: int, said: Connection) -> None:
    """Do steps `first`, `first + 1`, … for ever; tell the number of each once it is durable."""
    with Project.open(folder) as project:
        record = project.worklist()[0].scan
        session = project.session(record, "grader")
        said.send(-1)
        for number in itertools.count(first):
            step(session, seed, number)
            if session.save_problem:
                raise RuntimeError(session.save_problem)
            said.send(number)


def keep_importing(folder: Path, shape: tuple[int, int, int], said: Connection) -> None:
    """Register and import one scan after the other for ever; tell the id of each begun."""
    with Project.open(folder) as project:
        said.send("")
        for seed in itertools.count(len(project.worklist())):
            scan = make_scan(seed, shape)
            record = project.add_scan(scan)
            said.send(record.id)
            import_pixels(folder, record.id, scan)
