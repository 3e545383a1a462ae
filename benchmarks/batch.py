"""`mirage segment` on a folder of volumes: two workers against one, and its peak memory.

The whole command counts, from start to exit: finding the scans, starting workers, reading,
segmenting and writing. Runs alternate and the best of each kind counts, since anything else
that runs on the machine falls into the ratio. ``python -m benchmarks.batch``
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.report import Result, emit
from mirage_core.simulate import EyeParameters, save_npz, simulate_eye

N_VOLUMES = 4
REPEATS = 3
BAR = 1.8
FLAT = 1.1


@dataclass(frozen=True)
class Run:
    """Wall seconds of one command, and the peak memory of its largest process."""

    seconds: float
    peak_mib: float


def segment(scans: Path, out: Path, workers: int) -> Run:
    """Run ``mirage segment`` on the folder `scans`."""
    command = [sys.executable, "-m", "mirage_core.cli", "segment", str(scans), "-o", str(out)]
    began = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--workers", str(workers)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # One thread each, also for the single worker: cores are what is compared.
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )
    _, status, usage = os.wait4(process.pid, 0)  # usage: the largest of it and its workers
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"mirage segment ended with exit code {process.returncode}")
    return Run(time.perf_counter() - began, usage.ru_maxrss / 1024)


def write_volumes(folder: Path, n: int) -> None:
    """Write `n` simulated eyes as .npz, all of one size."""
    folder.mkdir()
    for seed in range(n):
        save_npz(simulate_eye(EyeParameters(), seed=seed), folder / f"eye{seed}.npz")


def main() -> None:
    """Segment one volume and several, with one worker and with two; print the ratios."""
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary)
        write_volumes(base / "two", 2)
        write_volumes(base / "all", N_VOLUMES)
        few = segment(base / "two", base / "out-two", 1)
        one, two = [], []
        for i in range(REPEATS):
            one.append(segment(base / "all", base / f"out1-{i}", 1))
            two.append(segment(base / "all", base / f"out2-{i}", 2))
    serial, parallel = (min(run.seconds for run in runs) for runs in (one, two))
    emit(
        Result(
            f"mirage segment, folder of {N_VOLUMES} volumes 49 × 496 × 512, 2 workers",
            f"≥ {BAR}×",
            f"{parallel:.1f} s",
            "1 worker",
            f"{serial:.1f} s",
            serial / parallel,
            serial / parallel >= BAR,
        )
    )
    peak = max(run.peak_mib for run in one)
    emit(
        Result(
            f"mirage segment, peak memory of a process, folder of {N_VOLUMES} volumes",
            f"≤ {FLAT}× that of 2 volumes",
            f"{peak:.0f} MiB",
            "2 volumes",
            f"{few.peak_mib:.0f} MiB",
            None,
            peak <= FLAT * few.peak_mib,
        )
    )


if __name__ == "__main__":
    main()
