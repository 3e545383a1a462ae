"""CPU time of one pull with its neighbours on a 496 x 768 B-scan, against the whole graph engine.

The peer is what it would take to segment the same B-scan anew at every move of the pointer.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

from benchmarks.report import Result, emit
from mirage_core.annotate import BScanDraft, Session
from mirage_core.engines import EngineInput, make_engine
from mirage_core.engines.graph.live import LiveSolver
from mirage_core.jobs.segment import segment_scan
from mirage_core.simulate import EyeParameters, simulate_eye

SHAPE = (3, 496, 768)
FIELD_MM = (0.36, 1.92, 6.0)
SURFACES = ("ILM", "IPL/INL", "EZ", "RPE", "BM")
PULLED_PX = -8.0
"""Far enough to take neighbours along."""
REPEATS = 15
BAR_MS = 50.0


def main() -> None:
    """Time both on the same B-scan in this process."""
    eye = simulate_eye(EyeParameters(shape=SHAPE, field_mm=FIELD_MM), seed=11)
    session = Session(eye.scan, author="benchmark")
    session.adopt(segment_scan(eye.scan, "graph"), overwrite=True)
    draft, solver, engine = session.draft(1), LiveSolver(eye.scan.spacing), make_engine("graph")
    source = EngineInput(draft.image[None], (0,), eye.scan.spacing)
    whole = median_ms(lambda: engine.segment(source), repeats=3)
    middle, spread = [SHAPE[2] // 2], list(range(40, SHAPE[2], 90))
    for what, columns in (("one point", middle), (f"{len(spread)} points across it", spread)):
        worst, along = 0.0, 0
        for name in SURFACES:
            ms, moved = pull_ms(solver, draft, name, columns)
            worst, along = max(worst, ms), max(along, moved - 1)
        emit(
            Result(
                f"pull of a surface by {what}, neighbours going along, a 496 × 768 B-scan",
                f"≤ {BAR_MS:.0f} ms",
                f"{worst:.1f} ms CPU, slowest of {len(SURFACES)} surfaces, up to {along} along",
                "the whole graph engine on the B-scan",
                f"{whole:.0f} ms CPU",
                whole / worst,
                worst <= BAR_MS,
            )
        )
    first = median_ms(lambda: pull(LiveSolver(eye.scan.spacing), draft, "RPE", middle))
    emit(
        Result(
            "its first move on a B-scan not looked at before",
            f"≤ {BAR_MS:.0f} ms",
            f"{first:.1f} ms CPU",
            "the whole graph engine on the B-scan",
            f"{whole:.0f} ms CPU",
            whole / first,
            first <= BAR_MS,
        )
    )


def pull(solver: LiveSolver, draft: BScanDraft, name: str, columns: list[int]) -> int:
    """Pull a surface to points; return how many surfaces moved."""
    row = draft.names.index(name)
    known = np.full(draft.image.shape[1], np.nan, np.float32)
    known[columns] = draft.base_curves[row, columns] + PULLED_PX
    return len(solver(draft, row, known))


def pull_ms(
    solver: LiveSolver, draft: BScanDraft, name: str, columns: list[int]
) -> tuple[float, int]:
    """Return the CPU time of a pull in ms, and how many surfaces moved."""
    moved = pull(solver, draft, name, columns)
    return median_ms(lambda: pull(solver, draft, name, columns)), moved


def median_ms(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Return the median CPU milliseconds of `repeats` calls."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(1000 * (time.process_time() - start))
    return statistics.median(times)


if __name__ == "__main__":
    main()
