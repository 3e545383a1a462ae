"""Bad input costs a sentence, never the work that is open."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from mirage_core.annotate import JournalError
from mirage_core.places import config_dir
from mirage_viewer import crash, workbench
from mirage_viewer.dialogs import Unsaved
from mirage_viewer.main_window import MainWindow
from tests.viewer.eyes import key, open_scan, stroke, wait_open, write_scan


def wait_for_error(qtbot: Any, window: MainWindow, topic: str = "open") -> str:
    qtbot.waitUntil(lambda: any(e.message.topic == topic for e in window.messages.entries))
    (entry,) = [e for e in window.messages.entries if e.message.topic == topic]
    return f"{entry.message.text} {entry.message.hint}"


def bad_file(folder: Path, kind: str) -> Path:
    path = folder / f"SMITH.{'npz' if kind == 'not numpy' else 'vol'}"
    content = {
        "empty": b"",
        "truncated": b"HSF-OCT-103\0" + bytes(100),
        "not OCT": b"Dear colleague, " * 500,
        "not numpy": b"PK\x03\x04 nothing of the kind",
    }
    path.write_bytes(content[kind])
    return path


@pytest.mark.parametrize("kind", ["empty", "truncated", "not OCT", "not numpy"])
def test_a_bad_file_is_said_and_what_was_open_stays(
    qtbot: Any,
    window: MainWindow,
    tmp_path: Path,
    kind: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    open_scan(qtbot, window, write_scan(tmp_path / "eye.npz"))
    before = window.desk.open_scan
    window.desk.opener.open_path(bad_file(tmp_path, kind))
    words = wait_for_error(qtbot, window)
    assert words.count(".") >= 2, "what is wrong, and what to do"
    assert "SMITH" not in words
    assert words in capsys.readouterr().err
    assert window.desk.open_scan is before
    key(window, "B")
    stroke(window, [(20, 30), (20, 40)])
    assert window.desk.session.annotation.masks.labels.any()
    (entry,) = [e for e in window.messages.entries if e.message.topic == "open"]
    QTest.mouseClick(entry.close_button, Qt.MouseButton.LeftButton)
    assert words not in window.messages.texts


def test_a_missing_file_leaves_the_recent_list(
    qtbot: Any, window: MainWindow, tmp_path: Path
) -> None:
    gone = tmp_path / "gone.npz"
    window.desk.settings.remember(gone)
    window.desk.opener.open_path(gone)
    wait_for_error(qtbot, window)
    assert window.desk.settings.recent == []
    assert window.start_page.isVisible()


def test_a_project_that_cannot_be_made_lets_one_work_and_says_it_is_not_saved(
    qtbot: Any, make_app_window: Callable[..., MainWindow], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    window = make_app_window(project=tmp_path / "file" / "project")
    window.desk.opener.open_path(write_scan(tmp_path / "eye.npz"))
    wait_for_error(qtbot, window, "project")
    key(window, "B")
    stroke(window, [(20, 30), (20, 40)])
    assert window.desk.session.annotation.masks.labels.any()
    assert window.status.saved.text() == "Not saved"
    assert window.status.retry.isVisible()


def test_a_newer_project_is_open_for_reading_and_says_so(
    qtbot: Any, make_app_window: Callable[..., MainWindow], tmp_path: Path
) -> None:
    import sqlite3
    from contextlib import closing

    first = make_app_window(project=tmp_path / "study")
    path = write_scan(tmp_path / "eye.npz")
    open_scan(qtbot, first, path)
    first.close()
    with closing(sqlite3.connect(tmp_path / "study" / "project.db")) as database:
        database.execute("PRAGMA user_version = 999")
        database.commit()
    window = make_app_window(project=tmp_path / "study")
    window.begin()
    assert "newer version" in wait_for_error(qtbot, window, "project")
    window.desk.opener.open_path(path)
    qtbot.waitUntil(lambda: window.status.saved.text() == "Read only", timeout=20_000)
    assert window.qt_actions["file.export"].isEnabled()
    assert not window.qt_actions["scan.segment"].isEnabled()
    assert not window.correct_panel.tools["brush"].isEnabled()
    key(window, "B")
    stroke(window, [(20, 30), (20, 40)])
    assert not window.desk.session.annotation.masks.labels.any()
    key(window, "Down")
    assert window.desk.b == 3


class FullDisk:
    """A journal on a disk that is full until it is not."""

    def __init__(self, real: Any) -> None:
        self.real, self.full = real, True

    def record(self, events: Any) -> None:
        if self.full:
            raise JournalError("The disk is full. Free some space.")
        self.real.record(events)


@pytest.fixture
def full_disk(qtbot: Any, window: MainWindow, tmp_path: Path) -> FullDisk:
    open_scan(qtbot, window, write_scan(tmp_path / "eye.npz"))
    session = window.desk.session
    disk = FullDisk(session._journal)
    session.use_journal(disk)
    key(window, "B")
    stroke(window, [(20, 30), (20, 40)])
    stroke(window, [(25, 30), (25, 40)])
    return disk


def test_a_full_disk_loses_nothing_and_retry_saves_it_all(
    qtbot: Any, window: MainWindow, full_disk: FullDisk, tmp_path: Path
) -> None:
    assert window.status.saved.text() == "Not saved"
    assert "The disk is full" in wait_for_error(qtbot, window, "saving")
    full_disk.full = False
    QTest.mouseClick(window.status.retry, Qt.MouseButton.LeftButton)
    assert window.status.saved.text() == "All changes saved"
    assert not [e for e in window.messages.entries if e.message.topic == "saving"]
    window.desk.opener.close_scan()
    open_scan(qtbot, window, tmp_path / "eye.npz")
    assert len(window.desk.session.history.done) == 2


def test_closing_with_unsaved_work_can_be_taken_back(
    window: MainWindow, full_disk: FullDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def stay(_parent: object, n: int, why: str) -> str:
        asked.append((n, why))
        return Unsaved.STAY

    monkeypatch.setattr(workbench, "ask_about_unsaved", stay)
    assert not window.close()
    assert window.isVisible()
    assert asked == [(2, "The disk is full. Free some space.")]
    full_disk.full = False
    assert window.close()
    assert len(asked) == 1


def test_closing_can_save_a_copy_elsewhere(
    qtbot: Any,
    make_app_window: Callable[..., MainWindow],
    window: MainWindow,
    full_disk: FullDisk,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    labels = window.desk.session.annotation.masks.labels.copy()
    monkeypatch.setattr(workbench, "ask_about_unsaved", lambda *_: Unsaved.COPY)
    monkeypatch.setattr(
        workbench.QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "copy")
    )
    assert window.close()
    again = make_app_window(project=tmp_path / "copy")
    again.begin()
    qtbot.waitUntil(lambda: again.worklist_panel.list.count() == 1)
    again.worklist_panel.list.itemClicked.emit(again.worklist_panel.list.item(0))
    wait_open(qtbot, again)
    assert np.array_equal(again.desk.session.annotation.masks.labels, labels)
    key(again, "Ctrl+Z")
    assert again.desk.session.annotation.masks.labels[0, 20, 35] == 1


def test_what_a_crash_left_is_offered_at_the_next_start(
    qtbot: Any, make_app_window: Callable[..., MainWindow], tmp_path: Path
) -> None:
    import subprocess

    path = write_scan(tmp_path / "eye.npz")
    project = tmp_path / "study"
    code = f"""
import os
from pathlib import Path
from mirage_core.io import ReadOptions, open_scan
from mirage_core.project import Project
from mirage_core.annotate import State
project = Project.open_or_create({str(project)!r})
scan = open_scan(Path({str(path)!r}), ReadOptions())
record = project.add_scan(scan)
record = project.import_pixels(record, scan)
session = project.session(record, "grader", scan=scan)
session.set_state([3], State.APPROVED)
os._exit(9)
"""
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=False)
    window = make_app_window(project=project)
    window.begin()
    assert "Continue where you stopped?" in wait_for_error(qtbot, window, "unfinished")
    (entry,) = [e for e in window.messages.entries if e.message.topic == "unfinished"]
    QTest.mouseClick(entry.button, Qt.MouseButton.LeftButton)
    wait_open(qtbot, window)
    assert window.desk.session.annotation.b_scan_state(3).name == "APPROVED"
    assert window.desk.b == 3


def test_an_unexpected_error_is_logged_without_its_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.excepthook", sys.excepthook)
    monkeypatch.setattr("threading.excepthook", threading.excepthook)
    shown: list[tuple[str, Path | None]] = []
    crash.install(config_dir(), lambda text, log: shown.append((text, log)))
    try:
        raise KeyError("/scans/DOE_JANE.vol")
    except KeyError:
        sys.excepthook(*sys.exc_info())
    text, log = shown[0]
    assert log is not None
    for place in (text, log.read_text(), capsys.readouterr().err):
        assert "KeyError" in place
        assert "test_an_unexpected_error" in place
        assert "DOE" not in place


def test_the_error_dialog_leaves_the_window_usable(window: MainWindow) -> None:
    from qtpy.QtWidgets import QApplication, QMessageBox

    window.activateWindow()
    crash.show_dialog("ValueError in version 1", None)
    crash.show_dialog("ValueError in version 1, once more", None)
    (box,) = [w for w in QApplication.topLevelWidgets() if isinstance(w, QMessageBox)]
    assert "stays open" in box.text()
    assert box.detailedText() == "ValueError in version 1"
    box.close()
    assert window.isEnabled()
