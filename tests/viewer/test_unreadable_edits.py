"""A change that cannot be read any more is said in a sentence; the scan stays as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mirage_core.annotate import UnreadableEditError
from mirage_core.project import Project
from mirage_core.project.stored_patches import StoredPatches
from mirage_viewer.main_window import MainWindow
from mirage_viewer.opening import copy_work
from tests.project.eyes import same
from tests.viewer.eyes import key, open_scan, stroke, write_scan

SENTENCE = "What an earlier change did cannot be read from the project, so this was not done."


@pytest.fixture
def eye(
    qtbot: Any, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> MainWindow:
    """A window with three strokes; the first two left memory and cannot be read."""
    open_scan(qtbot, window, write_scan(tmp_path / "eye.npz"))
    key(window, "B")
    for z in (20, 30, 40):
        stroke(window, [(z, x) for x in range(20, 41)])
    session = window.desk.session
    assert session is not None
    for edit in session.history.done[:2]:
        edit.patches.release()
        assert not edit.patches.in_memory

    def unreadable(_self: StoredPatches) -> Any:
        raise UnreadableEditError("Check that the drive is connected.")

    monkeypatch.setattr(StoredPatches, "fetch", unreadable)
    return window


def said(window: MainWindow) -> bool:
    return any(SENTENCE in text for text in window.messages.texts)


def test_undo_stops_before_it_and_says_so(eye: MainWindow) -> None:
    session = eye.desk.session
    assert session is not None
    eye.desk.undo()
    assert len(session.history.done) == 2
    before = session.annotation.copy()
    assert not said(eye)
    eye.desk.undo()
    assert said(eye)
    assert same(session.annotation, before)
    assert len(session.history.done) == 2
    eye.desk.redo()
    assert len(session.history.done) == 3


def test_looking_back_beyond_it_says_so_and_offers_nothing(eye: MainWindow) -> None:
    desk = eye.desk
    assert desk.open_scan is not None
    before = desk.open_scan.session.annotation.copy()
    desk.offers.look_back(desk.open_scan, 0, lambda: desk.b, None)
    assert said(eye)
    assert not desk.offers.standing
    assert same(desk.open_scan.session.annotation, before)


def test_a_copy_has_all_the_work_even_so(eye: MainWindow, tmp_path: Path) -> None:
    opened = eye.desk.open_scan
    assert opened is not None
    edits = tuple(opened.session.history.done)
    assert copy_work(opened, edits, tmp_path / "copy", "grader") == 2
    with Project.open(tmp_path / "copy") as copy:
        (row,) = copy.worklist()
        assert same(copy.session(row.scan, "grader").annotation, opened.session.annotation)
