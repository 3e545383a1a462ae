"""A disk that is full and a share that cannot be written to, both real: small and read-only mounts.

The window is in a process of its own, the only one that sees the mount.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from mirage_core.project import Project
from tests.viewer.eyes import write_scan
from tests.viewer.other_window import OtherWindow, read_only_share, small_disk
from tests.viewer.window_program import digest

FULL = "The disk is full. Free some space on the drive that holds the project. "
Open = Callable[..., OtherWindow]


@pytest.fixture
def open_window() -> Iterator[Open]:
    made: list[OtherWindow] = []

    def make(project: Path, through: tuple[str, ...] = ()) -> OtherWindow:
        made.append(OtherWindow(project, through))
        return made[-1]

    yield make
    for window in made:
        window.kill()


def draw(window: OtherWindow, z: int) -> dict[str, object]:
    told: dict[str, object] = window.stroke([(z, 20), (z + 3, 50), (z, 80)])
    return told


def draw_until_it_waits(window: OtherWindow) -> dict[str, object]:
    """Return what was told after the last stroke that was saved."""
    told = window.look()
    for n in range(200):
        window.press("Down" if n % 2 else "Up")
        last, told = told, draw(window, 5 + n % 50)
        if told["waiting"]:
            return last
    raise AssertionError("the disk was not full")


def test_strokes_wait_while_the_disk_is_full_and_are_written_once_when_there_is_room(
    open_window: Open, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    path = str(write_scan(tmp_path / "eye.npz"))
    window = open_window(disk / "study", small_disk(disk, "2m"))
    window.open(path)
    window.press("B")
    assert draw(window, 10)["saved"] == "All changes saved"
    window.fill(str(disk))
    draw_until_it_waits(window)
    told = draw(window, 50)
    assert (told["saved"], told["waiting"]) == ("Not saved", 2)
    window.wait_for(
        "messages",
        f"Not saved: {FULL}Your last 2 edits are kept in memory until the project can be written "
        "to; everything before is saved. Nothing is lost while this window is open.",
    )
    window.empty(str(disk))
    told = window.wait_for("waiting", 0)
    assert told["saved"] == "All changes saved"
    assert not any("Not saved" in text for text in told["messages"])
    window.press("Ctrl+W")
    again = window.open(path)
    assert (again["digest"], again["labels"]) == (told["digest"], told["labels"])


def test_a_kill_while_the_disk_is_full_costs_no_more_than_what_waits(
    open_window: Open, tmp_path: Path
) -> None:
    disk, left = tmp_path / "disk", tmp_path / "left"
    window = open_window(disk / "study", small_disk(disk, "2m"))
    window.open(str(write_scan(tmp_path / "eye.npz")))
    window.press("B")
    window.fill(str(disk))
    saved = draw_until_it_waits(window)
    assert draw(window, 50)["waiting"] == 2
    # The disk is gone with the program: what lies on it now is what a kill leaves.
    shutil.copytree(window.root / disk.relative_to("/") / "study", left)
    window.kill()
    with Project.open(left) as project:
        (unfinished,) = project.unfinished()
        session = project.session(unfinished.scan, "grader", annotation_id=unfinished.annotation.id)
        assert digest(session.annotation) == saved["digest"]
        assert [e.label for e in session.history.done] == saved["labels"]


def test_a_scan_that_does_not_fit_leaves_no_file_and_its_corrections_are_saved(
    open_window: Open, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    pixels = np.random.default_rng(1).integers(0, 256, (40, 256, 256), np.uint8)
    np.savez(tmp_path / "large.npz", volume=pixels)
    window = open_window(disk / "study", small_disk(disk, "2m"))
    window.begin_to_open(str(tmp_path / "large.npz"))
    told = window.wait_for(
        "messages",
        f"The pixels were not copied into the project: {FULL}Corrections are saved all the same; "
        "keep the original file.",
    )
    assert told["editable"]
    assert window.files(str(disk / "study" / "scans")) == []
    window.press("B")
    assert draw(window, 10)["saved"] == "All changes saved"


@pytest.mark.parametrize("left", ["closed", "killed", "killed, and copied without its -shm"])
def test_a_project_on_a_read_only_share_is_shown_whole_and_says_why_it_stays_so(
    open_window: Open, tmp_path: Path, left: str
) -> None:
    study = tmp_path / "study"
    path = str(write_scan(tmp_path / "eye.npz"))
    window = open_window(study)
    window.open(path)
    window.press("B")
    draw(window, 10)
    told = draw(window, 30)
    if left == "closed":
        window.quit()
    else:
        window.kill()
        assert (study / "project.db-wal").stat().st_size
    if "-shm" in left:
        (study / "project.db-shm").unlink()
    before = {p: p.read_bytes() for p in study.rglob("*") if p.is_file()}
    reader = open_window(study, read_only_share(study))
    reader.wait_for(
        "messages",
        "The project folder cannot be written to; it is open for reading only. To work on it, ask "
        "for write access, or copy the folder to a place of your own.",
    )
    shown = reader.open(path)
    assert shown["saved"] == "Read only"
    assert not shown["editable"]
    assert (shown["digest"], shown["labels"]) == (told["digest"], told["labels"])
    reader.press("B")
    assert draw(reader, 40)["digest"] == told["digest"]
    reader.quit()
    assert {p: p.read_bytes() for p in study.rglob("*") if p.is_file()} == before
