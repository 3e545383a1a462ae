"""Reference inputs and outputs of the published model; a user's clone has none and skips.

The folder is named by ``MIRAGE_GOLDEN``. Sizes and names come from its own ``config.json``, so
another set of the same layout runs through the same tests.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(
    os.environ.get("MIRAGE_GOLDEN", Path(__file__).resolve().parents[2] / "shared" / "golden")
)


def golden(name: str = "") -> Path:
    """Return the path of `name` in the folder of references, or skip the test with the reason."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(
            f"no reference {name or 'folder'} here; MIRAGE_GOLDEN names the folder that holds them"
        )
    return path


def config() -> dict[str, Any]:
    """Return the sizes and names of this set of references, or skip the test with the reason."""
    loaded: dict[str, Any] = json.loads(golden("config.json").read_text(encoding="utf-8"))
    return loaded
