"""Who has the window: a name for work done without one, and someone else's turn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtWidgets import QInputDialog

from mirage_core.project import Project
from mirage_viewer.main_window import MainWindow
from mirage_viewer.settings import Settings
from tests.viewer.eyes import key, open_scan, stroke, write_scan


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return tmp_path / "study"


@pytest.fixture
def window(
    qtbot: Any, make_app_window: Callable[..., MainWindow], study: Path, tmp_path: Path
) -> MainWindow:
    """A window of somebody without a name, with a scan open and a stroke on it."""
    window = make_app_window(project=study, settings=Settings(research_notice_seen=True))
    open_scan(qtbot, window, write_scan(tmp_path / "eye.npz"))
    paint(window)
    return window


def paint(window: MainWindow) -> None:
    key(window, "B")
    stroke(window, [(20, 30), (20, 40)])


def marks(window: MainWindow) -> int:
    assert window.desk.session is not None
    return int(np.count_nonzero(window.desk.session.annotation.masks.labels))


def be(window: MainWindow, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Type a grader's name, as the menu asks for it."""
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: (name, True))
    window.qt_actions["edit.grader"].trigger()


def graders(study: Path) -> list[str]:
    with Project.open(study, read_only=True) as project:
        return [a.annotator for row in project.worklist() for a in row.annotations]


def test_work_done_without_a_name_becomes_that_of_the_name(
    qtbot: Any, window: MainWindow, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = marks(window)
    be(window, "Anna", monkeypatch)
    qtbot.waitUntil(lambda: graders(study) == ["Anna"], timeout=10_000)
    assert marks(window) == before
    assert window.desk.session is not None
    assert window.desk.session.author == "Anna"
    assert not window.desk.session.save_problem
    with Project.open(study, read_only=True) as project:
        (record,) = project.scans.all()
        assert "annotator" in [row.what for row in project.audit(record.id)]


def test_someone_elses_turn_opens_their_own_work_and_keeps_the_others(
    qtbot: Any, window: MainWindow, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    be(window, "Anna", monkeypatch)
    qtbot.waitUntil(lambda: graders(study) == ["Anna"], timeout=10_000)
    before = marks(window)
    be(window, "Ben", monkeypatch)
    qtbot.waitUntil(lambda: window.desk.editable and marks(window) == 0, timeout=10_000)
    paint(window)
    assert sorted(graders(study)) == ["Anna", "Ben"]
    be(window, "Anna", monkeypatch)
    qtbot.waitUntil(
        lambda: window.desk.session is not None and window.desk.session.author == "Anna",
        timeout=10_000,
    )
    assert marks(window) == before


def test_nobody_takes_the_name_of_the_consensus(
    qtbot: Any, window: MainWindow, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key(window, "Ctrl+Alt+A")
    qtbot.waitUntil(lambda: window.desk.comparing.consensus, timeout=10_000)
    key(window, "Ctrl+Alt+M")
    qtbot.waitUntil(lambda: not window.desk.comparing.consensus, timeout=10_000)
    before = marks(window)
    be(window, "Consensus", monkeypatch)
    qtbot.waitUntil(
        lambda: any("name of the graders' consensus" in t for t in window.messages.texts),
        timeout=10_000,
    )
    assert marks(window) == before > 0
