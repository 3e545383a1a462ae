"""Programs of a test's own, one after the other, with settings and data of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def found_by(folder: Path, programs: Sequence[Sequence[str]], timeout_s: float) -> dict[str, Any]:
    """Run Python with each of `programs` in `folder`; return what the last one writes as JSON."""
    surroundings = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "MIRAGE_CONFIG_DIR": str(folder / "config"),
        "MIRAGE_DATA_DIR": str(folder / "data"),
    }
    said = ""
    for program in programs:
        done = subprocess.run(
            [sys.executable, *program],
            env=surroundings,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        said = done.stdout
    result: dict[str, Any] = json.loads(said)
    return result
