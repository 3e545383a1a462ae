"""Another program holds the database for longer than anyone would wait for it.

The window is in a process of its own; the lock is a real one, of this process.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from mirage_core.project import Project
from mirage_core.project.store import BUSY_MS
from tests.viewer.eyes import write_scan
from tests.viewer.other_window import OtherWindow
from tests.viewer.window_program import digest

FROZEN_S = BUSY_MS / 1000 / 3
"""Far more than a stroke takes, far less than it took if it waited for the lock."""
SAID = (
    "Not saved: Another program is writing to the project. Try again in a moment; close other "
    "programs that have the project open. "
)
REST = "Nothing is lost while this window is open."


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return tmp_path / "study"


@pytest.fixture
def window(tmp_path: Path, study: Path) -> Iterator[OtherWindow]:
    """A window with a scan on which one stroke is drawn and saved."""
    window = OtherWindow(study)
    try:
        window.open(str(write_scan(tmp_path / "eye.npz")))
        window.press("B")
        assert draw(window, 10)["saved"] == "All changes saved"
        yield window
    finally:
        window.kill()


def draw(window: OtherWindow, z: int) -> dict[str, object]:
    told: dict[str, object] = window.stroke([(z, 30), (z, 60)])
    return told


@contextmanager
def locked(study: Path) -> Iterator[None]:
    with closing(sqlite3.connect(study / "project.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


def work_in(study: Path) -> tuple[str, int]:
    """Return a hash of the one annotation in the project, and how many events it has."""
    with Project.open(study) as project:
        assert project.unfinished() == ()
        (row,) = project.worklist()
        session = project.session(row.scan, "grader")
        return digest(session.annotation), row.annotations[0].n_events


def test_strokes_go_on_and_are_written_by_themselves_when_the_lock_has_gone(
    window: OtherWindow, study: Path
) -> None:
    with locked(study):
        for n in range(1, 6):
            told = draw(window, 10 + 5 * n)
            assert told["frozen_s"] < FROZEN_S
            assert (told["saved"], told["waiting"], told["edits"]) == ("Not saved", n, n + 1)
        kept = "Your last 5 edits are kept in memory until the project can be written to; "
        told = window.wait_for("messages", f"{SAID}{kept}everything before is saved. {REST}")
        assert window.press("Ctrl+Z")["frozen_s"] < FROZEN_S
    told = window.wait_for("waiting", 0)
    assert told["saved"] == "All changes saved"
    assert told["messages"] == []
    assert told["edits"] == 5
    told = draw(window, 50)
    window.quit()
    assert work_in(study) == (told["digest"], 8)


def test_a_kill_while_it_is_locked_costs_no_more_than_what_waits(
    window: OtherWindow, study: Path
) -> None:
    saved = window.look()["digest"]
    with locked(study):
        assert draw(window, 20)["waiting"] == 1
        assert draw(window, 30)["waiting"] == 2
        window.kill()
    with Project.open(study) as project:
        (left,) = project.unfinished()
        session = project.session(left.scan, "grader", annotation_id=left.annotation.id)
        assert digest(session.annotation) == saved
        assert len(session.history.done) == 1


def test_a_scan_closed_while_it_is_locked_is_written_and_given_back_later(
    window: OtherWindow, study: Path
) -> None:
    with locked(study):
        told = draw(window, 20)
        assert told["waiting"] == 1
        assert window.press("Ctrl+W")["frozen_s"] < FROZEN_S
        assert window.look()["waiting"] == 1
    window.wait_for("waiting", 0)
    window.quit()
    assert work_in(study) == (told["digest"], 2)


def test_a_scan_opened_while_it_is_locked_can_be_looked_at_and_then_edited(
    window: OtherWindow, study: Path, tmp_path: Path
) -> None:
    with locked(study):
        window.begin_to_open(str(write_scan(tmp_path / "other.npz", seed=2)))
        told = window.wait_for(
            "messages",
            "Another program is writing to the project. The scan can be corrected as soon as "
            "that program is done.",
        )
        assert not told["editable"]
        assert told["digest"]
    told = window.wait_for("editable", True)
    assert not any("Another program" in text for text in told["messages"])
    window.press("B")
    told = draw(window, 20)
    assert (told["edits"], told["waiting"]) == (1, 0)
