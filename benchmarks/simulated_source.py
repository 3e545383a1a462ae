"""How many labelled B-scans a second the simulator gives to training, on two processes."""

from __future__ import annotations

import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from benchmarks.report import Result, emit
from mirage_core.simulate import EyeParameters, simulate_eye
from mirage_core.simulate.source import random_b_scans

EYES, PER_EYE, WORKERS = 12, 16, 2
BAR = 50.0


def seconds_for(seed: int) -> float:
    """Return the CPU time that the B-scans of one eye take."""
    start = time.process_time()
    random_b_scans(seed, PER_EYE)
    return time.process_time() - start


def main() -> None:
    """Measure and print."""
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        list(pool.map(seconds_for, range(WORKERS)))  # imports
        cpu = sum(pool.map(seconds_for, range(EYES)))
    start = time.process_time()
    simulate_eye(EyeParameters(shape=(PER_EYE, 496, 512)), seed=0)
    whole = PER_EYE / (time.process_time() - start)
    rate = WORKERS * EYES * PER_EYE / cpu
    emit(
        Result(
            f"labelled B-scans for training, CPU time on {WORKERS} cores",
            f"≥ {BAR:.0f} a second",
            f"{rate:.0f} a second",
            "simulate_eye, one core",
            f"{whole:.0f} a second",
            rate / whole,
            rate >= BAR,
        )
    )


if __name__ == "__main__":
    main()
