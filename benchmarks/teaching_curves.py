"""What a handful of corrected B-scans teaches: ``python -m benchmarks.teaching_curves --out DIR``.

The starter model is taught with 1, 2, 4, 8 and 16 B-scans of bonn_amd, evenly spaced or as the
queue offers them, and with B-scans of kermany_lesions, and measured on others, before and after.
Every run is a line of ``DIR/runs.jsonl``; the same command goes on where it stood. With ``--write``
the table and the plot go into docs/accuracy.md. A long run: some two hours on one core.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch

from benchmarks.grader_cases import bonn
from benchmarks.teaching_cases import (
    Offer,
    bonn_b_scan,
    bonn_held_out,
    bonn_parts,
    evenly,
    lesions_held_out,
    lesions_to_teach,
    one_normal,
    other_normal,
    together,
)
from benchmarks.teaching_page import write_page
from mirage_core.annotate import Session
from mirage_core.annotate.queue import look_at_first
from mirage_core.model.store.store import ModelStore
from mirage_core.training.finetune.config import FinetuneConfig, preset
from mirage_core.training.finetune.labelled import LabelledBScan
from mirage_core.training.finetune.run import teach

COUNTS, SEEDS = (8, 1, 4, 16, 2), (0, 1, 2)
"""In the order of the runs, so that what matters most is there first."""
LESIONS = ("IRF", "DRUSEN")
RUNS = "runs.jsonl"


@cache
def _queue() -> tuple[int, ...]:
    """Return B-scans of bonn_amd to teach with, in the order in which the window offers them."""
    case = bonn("starter")
    session = Session(case.scan, author="grader")
    session.adopt(case.proposal)
    may = set(bonn_parts()[0])
    return tuple(b for b in look_at_first(session.annotation) if b in may)


def _queued(n: int, _seed: int) -> tuple[LabelledBScan, ...]:
    return tuple(bonn_b_scan(b, "train") for b in _queue()[:n])


@dataclass(frozen=True)
class Course:
    """Where B-scans to teach with come from, and which are held back."""

    name: str
    offer: Offer
    held_out: Callable[[int], tuple[LabelledBScan, ...]]
    counts: tuple[int, ...] = COUNTS
    seeds: tuple[int, ...] = SEEDS


COURSES = (
    Course("nr206, the other eye", one_normal, other_normal, (1,), (0, 1)),
    Course("bonn_amd, evenly spaced", evenly, bonn_held_out),
    Course("bonn_amd, by the queue", _queued, bonn_held_out),
    Course("kermany_lesions, by patient", lesions_to_teach(LESIONS), lesions_held_out),
)


def run(course: Course, n: int, seed: int, config: FinetuneConfig) -> dict[str, Any]:
    """Teach once; return what came of it as plain values."""
    data = together(course.offer(n, seed), course.held_out(seed))
    began, spent = time.monotonic(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        base = ModelStore(Path(folder) / "models").get("starter")
        result = teach(data, base, config.changed(seed=seed), Path(folder) / "run", device="cpu")
    assert result.gain is not None
    return {
        "course": course.name,
        "n": n,
        "seed": seed,
        "held_out": result.gain.n_b_scans,
        "patients": result.gain.n_patients,
        "gain": result.gain.as_fields(),
        "seconds": round(time.monotonic() - began, 1),
        "cpu_seconds": round(time.process_time() - spent, 1),
    }


def records(file: Path) -> list[dict[str, Any]]:
    """Return the runs that were done."""
    if not file.exists():
        return []
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def _open(file: Path, courses: tuple[Course, ...]) -> Iterator[tuple[int, int, Course]]:
    """Give the runs that are not done, one seed of all first, and eight B-scans first."""
    done = {(r["course"], r["n"], r["seed"]) for r in records(file)}
    for seed in SEEDS:
        for n in COUNTS:
            for course in courses:
                wanted = n in course.counts and seed in course.seeds
                if wanted and (course.name, n, seed) not in done:
                    yield n, seed, course


def main() -> int:
    """Do what is left to do, and write the page if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--write", type=Path, help="docs/accuracy.md")
    parser.add_argument("--only", nargs="*", choices=[c.name for c in COURSES])
    parser.add_argument("--no-runs", action="store_true", help="write what is there")
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / RUNS
    courses = tuple(c for c in COURSES if not options.only or c.name in options.only)
    if not options.no_runs:
        for n, seed, course in _open(file, courses):
            record = run(course, n, seed, preset("few-shot"))
            with file.open("a", encoding="utf-8") as out:
                out.write(json.dumps(record) + "\n")
            ratio = record["gain"]["ratio"]["value"]
            print(f"{course.name}, {n} B-scans, seed {seed}: error × {ratio:.3f}", flush=True)
    if options.write:
        write_page(options.write, records(file))
    return 0


if __name__ == "__main__":
    sys.exit(main())
