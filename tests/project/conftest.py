"""A project with one scan; tests that want another one have their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mirage_core.project import Project, ScanRecord
from tests.project.eyes import make_scan


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A project with a scan whose pixels are imported."""
    with Project.create(tmp_path / "study") as project:
        project.import_pixels(project.add_scan(make_scan()), make_scan())
        yield project


@pytest.fixture
def record(project: Project) -> ScanRecord:
    """The scan that is first on the worklist."""
    return project.worklist()[0].scan
