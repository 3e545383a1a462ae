"""A clock that jumps ten years ahead or days back costs nothing and takes nothing from anyone.

The windows are in processes of their own, whose clock really jumps while they run.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mirage_core.project import Project
from tests.project.eyes import make_scan
from tests.viewer.eyes import write_scan
from tests.viewer.jumping_clock import JumpingClock
from tests.viewer.other_window import ROOT, OtherWindow
from tests.viewer.window_program import digest

AHEAD, BEHIND = 3652.0, -2.0
"""Days."""
Open = Callable[[], OtherWindow]


@pytest.fixture
def clock(tmp_path: Path) -> JumpingClock:
    return JumpingClock(tmp_path)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return tmp_path / "study"


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(write_scan(tmp_path / "eye.npz"))


@pytest.fixture
def open_window(study: Path, clock: JumpingClock) -> Iterator[Open]:
    """Return a factory of windows with the jumping clock."""
    made: list[OtherWindow] = []

    def make() -> OtherWindow:
        made.append(OtherWindow(study, environment=clock.environment))
        return made[-1]

    yield make
    for window in made:
        window.kill()


def draw(window: OtherWindow, z: int) -> dict[str, object]:
    told: dict[str, object] = window.stroke([(z, 30), (z, 60)])
    assert told["saved"] == "All changes saved"
    return told


def test_work_goes_on_in_its_order_while_the_clock_jumps(
    open_window: Open, clock: JumpingClock, study: Path, path: str
) -> None:
    window = open_window()
    window.open(path)
    window.press("B")
    shown = []
    for n, days in enumerate((0.0, AHEAD, BEHIND, 0.0)):
        clock.jump(days)
        window.press("Down")
        shown.append(draw(window, 10 + 10 * n))
    window.press("Ctrl+Z")
    window.press("Ctrl+Z")
    window.press("Ctrl+Y")
    clock.jump(BEHIND)
    told = window.look()
    assert (told["digest"], told["labels"]) == (shown[2]["digest"], shown[2]["labels"])
    window.quit()
    with Project.open(study) as project:
        assert project.unfinished() == ()
        (row,) = project.worklist()
        audit = [entry for entry in project.audit(row.scan.id) if entry.tool]
        kinds = [str(entry.what) for entry in audit]
        assert kinds == ["do", "do", "do", "do", "undo", "undo", "redo"]
        labels = shown[3]["labels"]
        assert isinstance(labels, list)
        assert [entry.label for entry in audit[:4]] == labels
        years = [entry.time.year - datetime.now(UTC).year for entry in audit[:4]]
        assert max(years) == years[1] >= 9, "the clock did jump"
        session = project.session(row.scan, "grader")
        assert [e.label for e in session.history.done] == labels[:3]
        for earlier in (shown[1], shown[0]):
            session.undo()
            assert digest(session.annotation) == earlier["digest"]
        session.redo()
        session.redo()
        session.redo()
        assert digest(session.annotation) == shown[3]["digest"]


@pytest.mark.parametrize(("killed_at", "began_at"), [(AHEAD, BEHIND), (BEHIND, AHEAD)])
def test_work_that_was_killed_at_another_time_is_offered_and_whole(
    open_window: Open, clock: JumpingClock, path: str, killed_at: float, began_at: float
) -> None:
    clock.jump(killed_at)
    window = open_window()
    window.open(path)
    window.press("B")
    draw(window, 10)
    told = draw(window, 20)
    window.kill()
    clock.jump(began_at)
    again = open_window()
    again.wait_for("messages", "Continue where you stopped?")
    again.click("unfinished")
    again.wait_for("editable", True)
    shown = again.look()
    assert (shown["digest"], shown["labels"]) == (told["digest"], told["labels"])
    again.press("B")
    assert draw(again, 30)["edits"] == 3


@pytest.mark.parametrize("elsewhere", [False, True])
def test_who_works_is_not_taken_for_dead_by_a_window_whose_clock_is_wrong(
    open_window: Open, clock: JumpingClock, study: Path, path: str, elsewhere: bool
) -> None:
    first = open_window()
    first.open(path)
    first.press("B")
    draw(first, 10)
    where = "in another window on this computer."
    if elsewhere:
        where = "on the computer reading-room-2, last used at"
        with Project.open(study) as project, project._store.write() as connection:
            connection.exec_driver_sql("UPDATE leases SET host = 'reading-room-2'")
    clock.jump(AHEAD)
    second = open_window()
    assert not any("Continue" in text for text in second.look()["messages"])
    second.open(path)
    for days in (AHEAD, BEHIND):
        clock.jump(days)
        told = draw(first, 20 if days > 0 else 30)
        second.click("busy")
        shown = second.wait_for("digest", told["digest"])
        second.wait_for("messages", f"This scan is open {where}")
        assert shown["saved"] == "Read only"
    second.quit()
    assert draw(first, 40)["edits"] == 4


_OPENS = "import sys; from mirage_core.project import Project; Project.open(sys.argv[1]).close()"


@pytest.mark.parametrize("days", [AHEAD, BEHIND])
def test_an_import_that_runs_is_left_alone_by_a_program_whose_clock_is_wrong(
    clock: JumpingClock, study: Path, days: float
) -> None:
    with Project.create(study) as project:
        project.add_scan(make_scan())
    running = study / "scans" / ".mirage-running"
    running.mkdir()
    (running / "part.h5").write_bytes(b"half of a scan")
    clock.jump(days)
    subprocess.run(
        [sys.executable, "-c", _OPENS, str(study)],
        check=True,
        cwd=ROOT,
        env={**os.environ, **clock.environment},
    )
    assert (running / "part.h5").exists()
