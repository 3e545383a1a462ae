"""One study for all tests: made once, copied for each."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.viewer.worklist.studies import make_study


@pytest.fixture(scope="session")
def made_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_study(tmp_path_factory.mktemp("made") / "study")


@pytest.fixture
def study(made_study: Path, tmp_path: Path) -> Path:
    """A project of five scans that the test may change; see :func:`make_study`."""
    return Path(shutil.copytree(made_study, tmp_path / "study"))
