"""Messages cover nothing that one clicks, and go when what they are about is gone."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from qtpy.QtCore import QPoint
from qtpy.QtWidgets import QWidget

from mirage_viewer.main_window import MainWindow
from mirage_viewer.messages import Level, Message
from tests.viewer.eyes import click, key, open_scan, write_scan


@pytest.fixture
def eye(qtbot: Any, window: MainWindow, tmp_path: Path) -> MainWindow:
    open_scan(qtbot, window, write_scan(tmp_path / "eye.npz"))
    return window


def no_pocket(qtbot: Any, window: MainWindow) -> None:
    """Ask for the pocket under the crosshair, where there is none."""
    key(window, "K")
    qtbot.waitUntil(lambda: told(window, "no pocket"), timeout=20_000)


def told(window: MainWindow, words: str) -> bool:
    return any(words in text for text in window.messages.texts)


def seen(window: MainWindow, words: str) -> bool:
    return any(words in e.message.text and e.isVisible() for e in window.messages.entries)


def say(window: MainWindow, text: str, topic: str, level: Level = Level.INFO) -> None:
    window.desk.say(Message(text, "", level, topic, "Do it"))


def top(window: MainWindow, widget: QWidget) -> int:
    """Return where `widget` begins in the window, px."""
    return int(widget.mapTo(window, QPoint(0, 0)).y())


def bottom(window: MainWindow) -> int:
    return top(window, window.messages) + int(window.messages.height())


# ------------------------------------------------------------------ what they cover


def test_on_the_worklist_messages_cover_neither_its_heading_nor_its_buttons(
    eye: MainWindow,
) -> None:
    key(eye, "Ctrl+Shift+W")
    page = eye.worklist.page
    before = top(eye, page)
    for n in range(2):
        say(eye, f"Something happened {n}", f"thing {n}", Level.WARNING)
    assert top(eye, page) >= bottom(eye) > before
    assert top(eye, page.imports.button) >= bottom(eye)
    for entry in tuple(eye.messages.entries):
        click(entry.close_button)
    assert top(eye, page) == before


def test_on_the_start_page_messages_take_their_own_place(window: MainWindow) -> None:
    say(window, "Something happened", "thing")
    assert window.messages.isVisible()
    assert top(window, window.start_page) >= bottom(window)


def test_the_image_does_not_move_when_a_message_comes(eye: MainWindow) -> None:
    before = top(eye, eye.canvas)
    say(eye, "Something happened", "thing")
    assert eye.messages.isVisible()
    assert top(eye, eye.canvas) == before
    key(eye, "Ctrl+Shift+W")
    key(eye, "Ctrl+Shift+W")
    assert top(eye, eye.canvas) == before


# ------------------------------------------------------------------ what outlives its object


@pytest.mark.parametrize("how", ["scan", "b_scan", "tool"])
def test_that_there_is_no_pocket_here_goes_with_here(
    qtbot: Any, eye: MainWindow, tmp_path: Path, how: str
) -> None:
    no_pocket(qtbot, eye)
    if how == "scan":
        open_scan(qtbot, eye, write_scan(tmp_path / "other.npz", seed=5), b=None)
    elif how == "b_scan":
        eye.desk.step(1)
    else:
        key(eye, "B")
    assert not told(eye, "no pocket")


def test_an_offer_to_continue_goes_when_a_scan_is_opened(
    qtbot: Any, window: MainWindow, tmp_path: Path
) -> None:
    left: Any = SimpleNamespace(scan=SimpleNamespace(pseudonym="P0001", title="OCT", id="x"))
    window.desk.opener.offer_to_continue(left)
    assert told(window, "Continue where you stopped?")
    open_scan(qtbot, window, write_scan(tmp_path / "eye.npz"))
    assert not told(window, "Continue where you stopped?")


def test_what_is_not_of_the_scan_and_errors_outlive_it(
    qtbot: Any, eye: MainWindow, tmp_path: Path
) -> None:
    say(eye, "Teaching is done", "teach")
    say(eye, "The disk is full", "export", Level.ERROR)
    say(eye, "Exported", "segment")
    open_scan(qtbot, eye, write_scan(tmp_path / "other.npz", seed=5))
    assert told(eye, "Teaching is done")
    assert told(eye, "The disk is full")
    assert not told(eye, "Exported")


def test_what_is_told_of_an_import_is_seen_on_the_worklist_alone(eye: MainWindow) -> None:
    say(eye, "12 new scans imported, 2 could not be read.", "import folder", Level.WARNING)
    assert seen(eye, "12 new scans")  # it came while the image was shown
    key(eye, "Ctrl+Shift+W")
    assert seen(eye, "12 new scans")
    eye.pages.show_worklist(False)
    assert not seen(eye, "12 new scans")
    eye.pages.show_worklist(True)
    assert seen(eye, "12 new scans")


def test_what_is_told_of_the_image_is_not_seen_on_the_worklist(
    qtbot: Any, eye: MainWindow, tmp_path: Path
) -> None:
    open_scan(qtbot, eye, write_scan(tmp_path / "bare.npz", seed=7, spacing=False))
    assert seen(eye, "Spacing unknown")
    eye.pages.show_worklist(True)
    assert not seen(eye, "Spacing unknown")
    assert not eye.messages.isVisible()
    eye.pages.show_worklist(False)
    assert seen(eye, "Spacing unknown")
