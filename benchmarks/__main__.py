"""Run every benchmark and write the table: ``python -m benchmarks --write FILE``.

With ``--only NAME…`` those alone are run; rows of the others stay as they are in the file.
``--add FILE…`` takes in what long benchmarks printed, which are run by themselves (``python -m
benchmarks.teaching_time | tee FILE``); with ``--only`` and no name nothing else is run.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.report import parse

SCRIPTS = (
    "startup",
    "open_vol",
    "stepping",
    "stroke",
    "journal",
    "long_history",
    "graph_engine",
    "resolve",
    "carry_masks",
    "measuring",
    "simulated_source",
    "batch",
    "model_loading",
    "model_segmentation",
    "starter",
    "teaching",
    "teach_eight",
    "plugin_import",
    "napari_plugin",
)
_ON_A_DISPLAY = ("stepping", "napari_plugin")
ROOT = Path(__file__).resolve().parents[1]
PEERS = ("eyepy", "napari", "PySide6", "numpy", "scikit-image", "torch")


def run(name: str) -> tuple[list[dict[str, object]], str]:
    """Run one benchmark in a process of its own; return its results and, on failure, why."""
    command = [sys.executable, "-m", f"benchmarks.{name}"]
    if name in _ON_A_DISPLAY and not os.environ.get("DISPLAY") and shutil.which("xvfb-run"):
        command = ["xvfb-run", "-a", "-s", "-screen 0 1600x1000x24 +extension GLX", *command]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    sys.stdout.write(done.stdout)
    sys.stderr.write(done.stderr)
    last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
    return parse(done.stdout), "" if done.returncode == 0 else last[0]


def table(rows: Mapping[str, str], failures: dict[str, str], earlier: str = "") -> str:
    """Return docs/performance.md, from the rows by what they are of; `earlier` is how it was."""
    lines = [
        "# Performance",
        "",
        "Written by `make bench` (`python -m benchmarks --write docs/performance.md`). Every",
        "ratio compares with the named peer in the same run on the same machine; single numbers",
        "of seconds say more about the machine than about the program. Without a display napari is",
        "measured under Xvfb with software OpenGL; with a graphics card it is faster than here.",
        "MIRAGE's own weights cannot be shipped: the model's rows are of a stand-in with the same",
        "graph and sizes, trained here by `benchmarks.model_substitute` (some 20 minutes, once).",
        "",
        f"Machine: {os.cpu_count()} cores, {platform.system()}, Python "
        f"{platform.python_version()}. " + ", ".join(versions(earlier)) + ".",
        "",
        "| What | Ours | Peer | Peer's figure | Ratio | Bar | Reached |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += rows.values()
    for name, why in failures.items():
        lines += ["", f"`benchmarks.{name}` did not run here: {why}"]
    return "\n".join(lines) + "\n"


def row(r: Mapping[str, Any]) -> str:
    """Return a result as a row."""
    ratio = "" if r["ratio"] is None else f"{r['ratio']:.2f}×"
    reached = "yes" if r["reached"] else "**no**"
    return (
        f"| {r['what']} | {r['ours']} | {r['peer_name']} | {r['peer']} | {ratio} "
        f"| {r['bar']} | {reached} |"
    )


def rows_of(page: str) -> dict[str, str]:
    """Return the rows of a written page, by what they are of."""
    lines = [line for line in page.splitlines() if line.startswith("| ")][1:]  # without the head
    return {line.split(" | ")[0].removeprefix("| "): line for line in lines}


def versions(earlier: str = "") -> list[str]:
    """Return name and version of the peers, as installed or else as `earlier` told them."""
    found = []
    for name in PEERS:
        told = re.search(rf"\b{re.escape(name)} (\d+(?:\.\d+)*)", earlier.partition("Machine:")[2])
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            if told is not None:
                found.append(f"{name} {told[1]}")
    return found


def main() -> int:
    """Run all, print all, write the table if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="file to write the table to")
    parser.add_argument("--only", nargs="*", choices=SCRIPTS, default=SCRIPTS)
    parser.add_argument("--add", type=Path, nargs="+", default=[], help="printed by a long one")
    options = parser.parse_args()
    results: list[dict[str, object]] = []
    for printed in options.add:
        results += parse(printed.read_text(encoding="utf-8"))
    failures: dict[str, str] = {}
    for name in options.only:
        rows, failure = run(name)
        results += rows
        if failure:
            failures[name] = failure
    if options.write:
        kept = set(options.only) != set(SCRIPTS) and options.write.exists()
        earlier = options.write.read_text(encoding="utf-8") if kept else ""
        rows = rows_of(earlier) | {str(result["what"]): row(result) for result in results}
        options.write.write_text(table(rows, failures, earlier), encoding="utf-8")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
