"""Tests say themselves which models there are."""

import os
from pathlib import Path

import pytest

# Not those that come with the program; the fixture `shipped` lets a test see them.
os.environ.setdefault("MIRAGE_SHIPPED_DIR", str(Path(__file__).parent / "no models"))


@pytest.fixture
def shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the test see the models that come with the program."""
    monkeypatch.delenv("MIRAGE_SHIPPED_DIR")
