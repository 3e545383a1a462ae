"""Real scans that lie beside a developer's checkout; a user's clone has none and skips."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("MIRAGE_SHARED", Path(__file__).resolve().parents[2] / "shared"))


def shared_data(relative: str = "") -> Path:
    """Return the path of `relative` under the shared data, or skip the test with the reason."""
    path = ROOT / "data" / relative
    if not path.exists():
        pytest.skip(f"real scans are not beside this checkout (no {relative or 'shared data'})")
    return path
