"""Two windows on one project: the second shows the first one's work and says why it cannot edit.

The first is in a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from mirage_core.project import clock
from mirage_viewer.main_window import MainWindow
from mirage_viewer.message_bar import MessageEntry
from tests.viewer.eyes import key, stroke, wait_open, write_scan
from tests.viewer.other_window import OtherWindow
from tests.viewer.window_program import digest

ACROSS = [(20.0, float(x)) for x in range(20, 41)]


@pytest.fixture
def scan_file(tmp_path: Path) -> Path:
    return write_scan(tmp_path / "eye.npz")


@pytest.fixture
def first(tmp_path: Path, scan_file: Path) -> Iterator[OtherWindow]:
    """Another program with the scan open and one stroke on it."""
    first = OtherWindow(tmp_path / "study")
    try:
        first.open(str(scan_file))
        first.press("B")
        assert first.stroke(ACROSS)["saved"] == "All changes saved"
        yield first
    finally:
        first.kill()


@pytest.fixture
def second(make_app_window: Callable[..., MainWindow], tmp_path: Path) -> MainWindow:
    return make_app_window(project=tmp_path / "study")


def look_at(qtbot: Any, window: MainWindow, path: Path) -> MessageEntry:
    """Open `path` in `window`, where it can only be looked at; return what is said."""
    window.desk.opener.open_path(path)
    return looked_at(qtbot, window)


def looked_at(qtbot: Any, window: MainWindow, before: object = None) -> MessageEntry:
    qtbot.waitUntil(
        lambda: (
            window.status.saved.text() == "Read only"
            and window.desk.open_scan is not before
            and any(e.message.topic == "busy" for e in window.messages.entries)
        ),
        timeout=20_000,
    )
    (entry,) = [e for e in window.messages.entries if e.message.topic == "busy"]
    return entry


def shown(window: MainWindow) -> str:
    assert window.desk.session is not None
    return digest(window.desk.session.annotation)


def press(entry: MessageEntry, button: str) -> None:
    found = {b.text(): b for b in (entry.button, entry.other_button) if b.isVisible()}
    QTest.mouseClick(found[button], Qt.MouseButton.LeftButton)


def test_the_second_window_shows_the_work_and_says_where_it_is_open(
    qtbot: Any, first: OtherWindow, second: MainWindow, scan_file: Path
) -> None:
    entry = look_at(qtbot, second, scan_file)
    assert entry.message.text == "This scan is open in another window on this computer."
    assert entry.message.hint == (
        "Here you can look at the work saved so far. To work on it, close it there and try again."
    )
    assert [b.isVisible() for b in (entry.button, entry.other_button)] == [True, False]
    assert shown(second) == first.look()["digest"]
    assert not second.desk.editable
    assert not second.correct_panel.tools["brush"].isEnabled()
    assert not second.qt_actions["scan.segment"].isEnabled()
    assert second.qt_actions["file.export"].isEnabled()
    key(second, "B")
    stroke(second, ACROSS[::-1])
    key(second, "Ctrl+Z")
    assert shown(second) == first.look()["digest"]
    assert first.stroke([(25.0, 30.0), (25.0, 50.0)])["saved"] == "All changes saved"
    second.close()
    assert first.look()["edits"] == 2


def test_trying_again_reads_the_work_anew_and_edits_once_the_first_has_closed(
    qtbot: Any, first: OtherWindow, second: MainWindow, scan_file: Path
) -> None:
    entry = look_at(qtbot, second, scan_file)
    second.desk.show_b_scan(3)
    before = second.desk.open_scan
    told = first.stroke([(25.0, 30.0), (25.0, 50.0)])
    assert shown(second) != told["digest"]
    press(entry, "Try again")
    entry = looked_at(qtbot, second, before)
    assert shown(second) == told["digest"]
    assert second.desk.b == 3

    first.quit()
    before = second.desk.open_scan
    press(entry, "Try again")
    wait_open(qtbot, second, before)
    assert shown(second) == told["digest"]
    assert second.status.saved.text() == "All changes saved"
    assert not any("another window" in text for text in second.messages.texts)
    assert second.desk.b == 3, "the place is kept"
    key(second, "B")
    stroke(second, ACROSS)
    assert second.status.saved.text() == "All changes saved"
    assert len(second.desk.session.history.done) == 3


def test_what_can_only_be_looked_at_is_tried_again_from_the_worklist_too(
    qtbot: Any, first: OtherWindow, second: MainWindow, scan_file: Path
) -> None:
    entry = look_at(qtbot, second, scan_file)
    entry.close_button.click()
    first.quit()
    qtbot.waitUntil(lambda: second.worklist_panel.list.count() == 1)
    before = second.desk.open_scan
    second.worklist_panel.list.itemClicked.emit(second.worklist_panel.list.item(0))
    wait_open(qtbot, second, before)


def test_a_killed_first_window_does_not_lock_the_second_out(
    qtbot: Any, first: OtherWindow, second: MainWindow, scan_file: Path
) -> None:
    entry = look_at(qtbot, second, scan_file)
    told = first.look()
    first.kill()
    before = second.desk.open_scan
    press(entry, "Try again")
    wait_open(qtbot, second, before)
    assert shown(second) == told["digest"]


def test_what_is_open_on_another_computer_can_be_looked_at_or_taken_over(
    qtbot: Any, first: OtherWindow, second: MainWindow, scan_file: Path
) -> None:
    told = first.look()
    open_there(second)
    entry = look_at(qtbot, second, scan_file)
    assert entry.message.text.startswith(
        "This scan is open on the computer reading-room-2, last used at "
    )
    assert entry.message.hint == (
        "Here you can look at the work saved so far. Close it there and try again; take it over "
        "only if that program has ended, for it can save nothing more then."
    )
    assert shown(second) == told["digest"]
    before = second.desk.open_scan
    press(entry, "Take over")
    wait_open(qtbot, second, before)
    key(second, "B")
    stroke(second, [(25.0, 30.0), (25.0, 50.0)])
    assert second.status.saved.text() == "All changes saved"

    # The first one lives all the same: it can save nothing more, keeps that, and says so.
    told = first.stroke([(30.0, 30.0), (30.0, 50.0)])
    assert told["saved"] == "Not saved"
    first.wait_for("messages", "Not saved: This scan was opened in another program meanwhile.")
    assert first.look()["waiting"] == 1
    stroke(second, [(35.0, 30.0), (35.0, 50.0)])
    assert second.status.saved.text() == "All changes saved"
    assert second.desk.session is not None
    assert len(second.desk.session.history.done) == 3


def open_there(window: MainWindow) -> None:
    """Make the lease look like one of a program on another computer."""
    with window.desk.projects.get()._store.write() as connection:
        done = connection.exec_driver_sql(
            "UPDATE leases SET host = 'reading-room-2', heartbeat = ?",
            (clock.to_text(datetime.now(UTC) - timedelta(days=400)),),
        )
        assert done.rowcount == 1
