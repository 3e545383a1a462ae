"""Opening a 200 MB .vol until the first B-scan is there, against eyepy's import.

Each side runs in a process of its own, three times; the best time and the growth of the
process's peak memory count. Needs Linux, where a process can reset its own peak.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.report import Result, emit
from tests.helpers.vol_writer import write_vol

SHAPE = (131, 496, 768)  # 200 MB of float32 with headers
REPEATS = 3

OURS = """
from mirage_core.io import open_scan
start()
image = open_scan(path).b_scan(0)
stop()
assert image.shape == (496, 768)
"""
PEER = """
import eyepy
start()
image = eyepy.import_heyex_vol(path)[0].data
stop()
assert image.shape == (496, 768)
"""
FRAME = """
import json, sys, time
path = sys.argv[1]
def peak_kib():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
def start():
    global t, m
    with open("/proc/self/clear_refs", "w") as refs:
        refs.write("5")  # the peak counts from here
    m = peak_kib(); t = time.perf_counter()
def stop():
    seconds = time.perf_counter() - t
    print(json.dumps([seconds, (peak_kib() - m) / 1024]))
"""


def measure(code: str, path: Path) -> tuple[float, float]:
    """Return the best seconds and the least growth of peak memory in MiB."""
    runs = []
    for _ in range(REPEATS):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", FRAME + code, str(path)],
            capture_output=True,
            text=True,
            check=True,
        )
        runs.append(json.loads(done.stdout.strip().splitlines()[-1]))
    seconds, memory = np.array(runs).min(axis=0)
    return float(seconds), float(memory)


def main() -> None:
    """Write the file, measure both, print the ratios."""
    rng = np.random.default_rng(0)
    speckle = rng.integers(0, 256, (8, *SHAPE[1:]), dtype=np.uint8)
    volume = np.concatenate([speckle] * (SHAPE[0] // 8 + 1))[: SHAPE[0]]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.vol"
        write_vol(path, volume, slo=np.full((768, 768), 90, np.uint8))
        size = path.stat().st_size / 1e6
        ours_s, ours_mb = measure(OURS, path)
        peer_s, peer_mb = measure(PEER, path)
    emit(
        Result(
            f"open a {size:.0f} MB .vol, first B-scan",
            "≥ 20× faster",
            f"{ours_s * 1000:.1f} ms",
            "eyepy 0.21 import",
            f"{peer_s * 1000:.0f} ms",
            peer_s / ours_s,
            peer_s / ours_s >= 20,
        )
    )
    share = ours_mb / peer_mb
    emit(
        Result(
            f"open a {size:.0f} MB .vol, peak memory",
            "≤ 1/5",
            f"{ours_mb:.1f} MiB",
            "eyepy 0.21 import",
            f"{peer_mb:.0f} MiB",
            1 / share,
            share <= 0.2,
        )
    )


if __name__ == "__main__":
    main()
