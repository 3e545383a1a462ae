"""Projects of two and three visits: made once, copied for each test; and a window on them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mirage_viewer.follow_up.binding import FollowUpBinding
from mirage_viewer.main_window import MainWindow
from tests.viewer.eyes import wait_open
from tests.viewer.follow_up.studies import DAYS, SMALL, first_visit, make_project, second_visit


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three projects: two visits, three visits of which the last is another device's, and one."""
    folder = tmp_path_factory.mktemp("visits")
    scans = first_visit(), second_visit()
    third = second_visit(replace(SMALL, noise=1.3), DAYS[2], device="Cirrus HD-OCT")
    make_project(folder / "two", *scans)
    make_project(folder / "three", *scans, third)
    make_project(folder / "one", scans[0])
    return folder


@pytest.fixture
def study(made: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that gives a copy of a project, which the test may change."""
    return lambda name: Path(shutil.copytree(made / name, tmp_path / name))


@pytest.fixture
def opened(
    qtbot: Any, make_app_window: Callable[..., MainWindow], study: Callable[[str], Path]
) -> Callable[..., MainWindow]:
    """Return a function that opens the last scan of a project, or another, in a window."""

    def open_it(name: str, at: int = -1) -> MainWindow:
        window = make_app_window()
        window.desk.use_project(study(name))
        qtbot.waitUntil(lambda: window.desk.projects.current is not None, timeout=20_000)
        show(qtbot, window, at)
        return window

    return open_it


def show(qtbot: Any, window: MainWindow, at: int) -> None:
    """Open the scan that was added as number `at`."""
    project, before = window.desk.projects.current, window.desk.open_scan
    assert project is not None
    window.desk.opener.open_record(project.scans.all()[at].id)
    wait_open(qtbot, window, before)


def follow(qtbot: Any, window: MainWindow) -> FollowUpBinding:
    """Open the Follow-up window by its command and wait for what it shows."""
    window.qt_actions["measure.follow_up"].trigger()
    settle(qtbot, window)
    return window.measure.follow_up


def settle(qtbot: Any, window: MainWindow) -> None:
    """Wait until nothing is worked out, and nothing waits to be."""
    part = window.measure.follow_up
    qtbot.waitUntil(
        lambda: (
            not part.following.busy
            and not part.following.stale
            and not part._nudged.isActive()
            and not part._soon.isActive()
        ),
        timeout=60_000,
    )
