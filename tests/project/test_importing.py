"""Imported pixels are written once, wholly, and checked whenever they are read."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import pickle
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from mirage_core.io.errors import ReadError
from mirage_core.jobs import LocalExecutor, submit
from mirage_core.project import (
    ImportCancelledError,
    Project,
    ProjectError,
    ScanRecord,
    Trouble,
    import_pixels,
)
from mirage_core.project.importing import scan_file
from mirage_core.project.steady_file import SteadyFile
from tests.project.eyes import make_scan


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "study") as project:
        yield project


@pytest.fixture
def record(project: Project) -> ScanRecord:
    """A scan that is registered but not imported."""
    return project.add_scan(make_scan())


@pytest.fixture
def stored(project: Project, record: ScanRecord) -> ScanRecord:
    return project.import_pixels(record, make_scan())


def files(project: Project) -> list[str]:
    return sorted(p.name for p in (project.folder / "scans").iterdir())


def test_the_sha256_is_that_of_the_display_pixels(project: Project, stored: ScanRecord) -> None:
    scan = make_scan()
    volume = np.stack([scan.b_scan(b) for b in range(scan.n_b_scans)])
    assert stored.sha256 == hashlib.sha256(volume.tobytes()).hexdigest()


def test_a_worker_process_imports(project: Project, record: ScanRecord) -> None:
    executor = LocalExecutor()
    try:
        sha256 = submit(executor, import_pixels, project.folder, record.id, make_scan()).result()
    finally:
        executor.shutdown()
    assert project.scan(record.id).sha256 == sha256
    assert project.verify(project.scan(record.id))


def test_a_second_import_changes_nothing(project: Project, stored: ScanRecord) -> None:
    path = scan_file(project.folder, stored.id)
    before = path.stat()
    assert project.import_pixels(stored, make_scan()) == stored
    assert path.stat() == before


def test_progress_rises_to_one(project: Project, record: ScanRecord) -> None:
    seen: list[float] = []
    project.import_pixels(record, make_scan(), seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_a_cancelled_import_leaves_nothing(project: Project, record: ScanRecord) -> None:
    answers = iter([False, False, True])
    with pytest.raises(ImportCancelledError):
        project.import_pixels(record, make_scan(), cancelled=lambda: next(answers))
    assert files(project) == []
    assert not project.scan(record.id).imported


def test_the_pixels_of_another_scan_are_refused(project: Project, record: ScanRecord) -> None:
    with pytest.raises(ProjectError, match="another scan than the one registered"):
        project.import_pixels(record, make_scan(seed=1))
    assert files(project) == []


def test_an_import_killed_before_it_was_noted_is_completed(
    project: Project, stored: ScanRecord
) -> None:
    with project._store.write() as connection:
        connection.exec_driver_sql("UPDATE scans SET sha256 = NULL, root = NULL")
    before = scan_file(project.folder, stored.id).stat()
    assert project.import_pixels(stored, make_scan()) == stored
    after = scan_file(project.folder, stored.id).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_what_killed_imports_left_is_removed_but_not_what_a_running_one_writes(
    project: Project,
) -> None:
    long_ago = time.time() - 3600
    for name in (".mirage-old", ".mirage-running"):
        part = project.folder / "scans" / name / "x.h5"
        part.parent.mkdir()
        part.write_bytes(b"half")
        os.utime(part, (long_ago, long_ago))
        os.utime(part.parent, (long_ago, long_ago))
    os.utime(part)
    Project.open(project.folder).close()
    assert files(project) == [".mirage-running"]


def test_a_full_disk_stops_the_import_with_a_sentence_and_leaves_nothing(
    project: Project, record: ScanRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = SteadyFile.__init__

    def on_a_small_disk(self: SteadyFile, path: Path) -> None:
        begin(self, path)
        self._file = SmallDisk(self._file)  # type: ignore[assignment]

    monkeypatch.setattr(SteadyFile, "__init__", on_a_small_disk)
    with pytest.raises(ProjectError, match="The disk is full") as caught:
        project.import_pixels(record, make_scan())
    assert caught.value.trouble is Trouble.DISK_FULL
    assert files(project) == []
    monkeypatch.undo()
    assert project.import_pixels(record, make_scan()).imported


class SmallDisk:
    """A file on a disk with room for 8000 bytes."""

    def __init__(self, file: io.FileIO) -> None:
        self._file = file
        self._room = 8000

    def write(self, data: memoryview) -> int:
        if not self._room:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = self._file.write(data[: self._room])
        self._room -= written
        return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def test_a_stored_scan_travels_to_another_process(project: Project, stored: ScanRecord) -> None:
    scan = project.open_scan(stored)
    scan.b_scan(0)
    again = pickle.loads(pickle.dumps(scan))
    assert np.array_equal(again.b_scan(3), make_scan().b_scan(3))


def test_a_changed_b_scan_is_refused_and_the_others_are_not(
    project: Project, stored: ScanRecord
) -> None:
    with h5py.File(scan_file(project.folder, stored.id), "r+") as file:
        image = file["pixels"][2]
        image[0, 0] ^= 1
        file["pixels"][2] = image
    scan = project.open_scan(stored)
    with pytest.raises(ReadError, match="B-scan 3 of a stored scan is damaged"):
        scan.b_scan(2)
    assert np.array_equal(scan.b_scan(1), make_scan().b_scan(1))
    with pytest.raises(ReadError, match="B-scan 3"):
        project.verify(stored)


@pytest.mark.parametrize("part", ["slo", "vendor_surfaces", "digests"])
def test_anything_else_that_changed_is_refused_on_opening(
    project: Project, stored: ScanRecord, part: str
) -> None:
    with h5py.File(scan_file(project.folder, stored.id), "r+") as file:
        values = file[part][...]
        values.flat[-1] += 1
        file[part][...] = values
    with pytest.raises(ReadError, match="not the one that was imported"):
        project.open_scan(stored)


@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "noise", "without pixels"])
def test_a_damaged_file_is_one_sentence(project: Project, stored: ScanRecord, damage: str) -> None:
    path = scan_file(project.folder, stored.id)
    data = path.read_bytes()
    if damage == "missing":
        path.unlink()
    elif damage == "without pixels":
        with h5py.File(path, "r+") as file:
            del file["pixels"]
    else:
        path.write_bytes({"empty": b"", "cut": data[: len(data) // 2], "noise": b"x" * 99}[damage])
    with pytest.raises(ReadError) as caught:
        project.verify(stored)
    assert "\n" not in str(caught.value)
    assert caught.value.hint


def test_verifying_stops_when_asked(project: Project, stored: ScanRecord) -> None:
    assert project.verify(stored, cancelled=lambda: True) is False
