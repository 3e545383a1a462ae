"""Import of the plugin's modules: what napari waits for before it can offer them.

    python -m benchmarks.plugin_import [--runs 7]

Each run is a fresh process that imports every module the manifest names, and times itself. The
peer is numpy, which napari has loaded anyway. The first run of each warms the disk cache and is
not counted.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.report import Result, emit

_ROOT = Path(__file__).resolve().parents[1]
_BAR_MS = 150.0
_NAMES = ("reader", "writers", "sample", "widgets", "commands")
_TIMED = """
import sys, time
began = time.perf_counter()
import {modules}
print(1000 * (time.perf_counter() - began), "torch" in sys.modules)
"""
PLUGIN = ", ".join(["napari_mirage", *(f"napari_mirage.{name}" for name in _NAMES)])


def import_ms(modules: str) -> tuple[float, bool]:
    """Return the milliseconds a fresh process takes to import `modules`, and if torch came."""
    done = subprocess.run(
        [sys.executable, "-c", _TIMED.format(modules=modules)],
        cwd=_ROOT / "plugins",
        capture_output=True,
        text=True,
        check=True,
    )
    took, torch = done.stdout.split()
    return float(took), torch == "True"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    times: dict[str, list[float]] = {PLUGIN: [], "numpy": []}
    torch = False
    for i in range(runs + 1):
        for modules, kept in times.items():
            took, came = import_ms(modules)
            torch |= came
            if i:
                kept.append(took)
    ours, peer = statistics.median(times[PLUGIN]), statistics.median(times["numpy"])
    emit(
        Result(
            what="import of the modules in the plugin's manifest",
            bar="≤ 150 ms, no torch",
            ours=f"{ours:.0f} ms ({'torch came with it' if torch else 'no torch'})",
            peer_name="numpy",
            peer=f"{peer:.0f} ms",
            ratio=None,
            reached=ours <= _BAR_MS and not torch,
        )
    )


if __name__ == "__main__":
    main()
