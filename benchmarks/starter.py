"""What the starter model costs on two cores: a B-scan, a volume, and memory of the worker."""

from __future__ import annotations

import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import torch

from benchmarks.peak import peak_bytes
from benchmarks.report import Result, emit
from mirage_core.engines import EngineInput, engine_names, make_engine
from mirage_core.engines.propose import engine_input
from mirage_core.simulate import demo_eye

CORES, TURNS = 2, 5
B_SCAN_BAR_S, VOLUME_BAR_S, MEMORY_BAR_GB = 0.35, 20.0, 1.5


def cost(engine: str) -> tuple[float, float, float]:
    """Return seconds of one B-scan and of the volume, and GB of memory at most."""
    torch.set_num_threads(CORES)
    scan = demo_eye().scan
    source = engine_input(scan)[0]
    made = make_engine(engine)
    one = EngineInput(source.b_scans[:1], (0,), source.spacing)
    made.segment(one)  # weights and kernels
    single = []
    for _ in range(TURNS):
        start = time.perf_counter()
        made.segment(one)
        single.append(time.perf_counter() - start)
    start = time.perf_counter()
    made.segment(source)
    volume = time.perf_counter() - start
    return min(single), volume, peak_bytes() / 1e9


def main() -> None:
    """Measure and print."""
    if "starter" not in engine_names():
        print("Not measured: no starter model comes with this copy of the program.")
        return
    figures = {}
    for engine in ("starter", "graph"):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            figures[engine] = pool.submit(cost, engine).result()
    ours, peer = figures["starter"], figures["graph"]
    rows = (
        ("one 496 × 512 B-scan", B_SCAN_BAR_S, "s", 3),
        ("49 B-scans of 496 × 512", VOLUME_BAR_S, "s", 1),
        ("memory of the worker", MEMORY_BAR_GB, "GB", 2),
    )
    for i, (what, bar, unit, digits) in enumerate(rows):
        emit(
            Result(
                f"starter model, {what}, {CORES} cores",
                f"≤ {bar:g} {unit}",
                f"{ours[i]:.{digits}f} {unit}",
                "graph engine, the same",
                f"{peer[i]:.{digits}f} {unit}",
                None,
                ours[i] <= bar,
            )
        )


if __name__ == "__main__":
    main()
