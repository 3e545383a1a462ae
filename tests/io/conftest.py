"""How many damaged files the readers must survive: 200, or 2,000 in a nightly run."""

from __future__ import annotations

import os

import pytest


def pytest_configure(config: pytest.Config) -> None:
    expression = config.getoption("markexpr", default="") or ""
    if "nightly" in expression and "not nightly" not in expression:
        os.environ.setdefault("MIRAGE_FUZZ", "2000")
