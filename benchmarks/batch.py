"""`mirage segment` on a folder of volumes: two workers against one, and its peak memory.

The whole command counts, from start to exit: finding the scans, starting workers, reading,
segmenting and writing. Runs alternate and the best of each kind counts, since anything else
that runs on the machine falls into the ratio. What the machine itself can give is measured
too: two independent commands at once, each with half the folder and one worker.
``python -m benchmarks.batch``
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
SHARE = 0.9
FLAT = 1.1


@dataclass(frozen=True)
class Run:
    """Wall seconds of one command, and the peak memory of its largest process."""

    seconds: float
    peak_mib: float


def start(scans: Path, out: Path, workers: int) -> subprocess.Popen[bytes]:
    """Start ``mirage segment`` on the folder `scans`."""
    command = [sys.executable, "-m", "mirage_core.cli", "segment", str(scans), "-o", str(out)]
    return subprocess.Popen(
        [*command, "--workers", str(workers)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # One thread each, also for the single worker: cores are what is compared.
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )


def run(*folders: Path, out: Path, workers: int) -> Run:
    """Segment `folders` by as many commands at once."""
    began = time.perf_counter()
    peak_kib = 0
    for process in [start(folder, out / folder.name, workers) for folder in folders]:
        _, status, usage = os.wait4(process.pid, 0)  # usage: the largest of it and its workers
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"mirage segment ended with exit code {process.returncode}")
        peak_kib = max(peak_kib, usage.ru_maxrss)
    return Run(time.perf_counter() - began, peak_kib / 1024)


def write_volumes(folder: Path, seeds: range) -> None:
    """Write simulated eyes as .npz, all of one size."""
    folder.mkdir()
    for seed in seeds:
        save_npz(simulate_eye(EyeParameters(), seed=seed), folder / f"eye{seed}.npz")


def main() -> None:
    """Segment several volumes with one worker and with two; print the ratios."""
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary)
        every, halves = base / "all", (base / "half1", base / "half2")
        write_volumes(every, range(N_VOLUMES))
        write_volumes(halves[0], range(N_VOLUMES // 2))
        write_volumes(halves[1], range(N_VOLUMES // 2, N_VOLUMES))
        few = run(halves[0], out=base / "few", workers=1)
        one, two, apart = [], [], []
        for i in range(REPEATS):
            one.append(run(every, out=base / f"one{i}", workers=1))
            two.append(run(every, out=base / f"two{i}", workers=2))
            apart.append(run(*halves, out=base / f"apart{i}", workers=1))
    serial, parallel, ideal = (min(r.seconds for r in runs) for runs in (one, two, apart))
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
    emit(
        Result(
            "the same, against what the machine gives two independent commands",
            f"≥ {SHARE}×",
            f"{parallel:.1f} s",
            "2 commands at once, half the folder each",
            f"{ideal:.1f} s",
            ideal / parallel,
            ideal / parallel >= SHARE,
        )
    )
    peak = max(r.peak_mib for r in one)
    emit(
        Result(
            f"mirage segment, peak memory of a process, folder of {N_VOLUMES} volumes",
            f"≤ {FLAT}× that of {N_VOLUMES // 2} volumes",
            f"{peak:.0f} MiB",
            f"{N_VOLUMES // 2} volumes",
            f"{few.peak_mib:.0f} MiB",
            None,
            peak <= FLAT * few.peak_mib,
        )
    )


if __name__ == "__main__":
    main()
