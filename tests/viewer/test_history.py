"""The history: looking back at a moment, and bringing a B-scan or a structure back to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from mirage_core.annotate import Annotation, Session
from mirage_viewer.main_window import MainWindow
from mirage_viewer.panels.history import HistoryPanel
from tests.viewer.eyes import key, open_scan, stroke, write_scan


@pytest.fixture
def eye(qtbot: Any, window: MainWindow, tmp_path: Path) -> MainWindow:
    """A window with four strokes: ILM and a mark on B-scan 1, a mark on 2, ILM on 1 again."""
    open_scan(qtbot, window, write_scan(tmp_path / "eye.npz"))
    panel(window)
    for b, tool, z in ((1, "P", 20), (1, "B", 50), (2, "B", 50), (1, "P", 26)):
        window.desk.show_b_scan(b)
        window.correct_panel.choose_surface(0)
        key(window, tool)
        stroke(window, [(z, x) for x in range(20, 41)])
    return window


def session(window: MainWindow) -> Session:
    found = window.desk.session
    assert found is not None
    return found


def panel(window: MainWindow) -> HistoryPanel:
    window.show_tab(window.history_panel)
    return window.history_panel


def pick(window: MainWindow, at: int) -> None:
    """Click the row `at`; 0 is the newest change."""
    shown = panel(window)
    shown.list.scrollTo(shown.model.index(at))
    place = shown.list.visualRect(shown.model.index(at)).center()
    QTest.mouseClick(shown.list.viewport(), Qt.MouseButton.LeftButton, pos=place)


def copy(window: MainWindow) -> Annotation:
    return session(window).annotation.copy()


def test_all_changes_are_listed_newest_first_down_to_the_beginning(eye: MainWindow) -> None:
    model = panel(eye).model
    rows = [model.index(i).data() for i in range(model.rowCount())]
    assert len(rows) == 5
    assert "Pen on ILM, B-scan 2" in rows[0]
    assert rows[-1] == "As it was opened"
    tip = model.index(0).data(Qt.ItemDataRole.ToolTipRole)
    assert "pen" in tip
    assert "grader" in tip


def test_a_click_shows_the_b_scan_as_it_was_and_changes_nothing(eye: MainWindow) -> None:
    before = copy(eye)
    pick(eye, 3)
    offered = eye.desk.offers.on(1)
    assert offered is not None
    np.testing.assert_allclose(offered.curves[0, 25:35], 20, atol=1)
    assert any(item.isVisible() for item in eye.canvas._picture.offered)
    np.testing.assert_array_equal(before.surfaces.values, session(eye).annotation.surfaces.values)
    key(eye, "R")
    assert eye.desk.offers.on(1) is None


def test_a_b_scan_is_brought_back_and_the_others_keep_what_came_since(eye: MainWindow) -> None:
    before = copy(eye)
    pick(eye, 3)
    assert eye.desk.b == 1
    key(eye, "A")
    now = session(eye).annotation
    np.testing.assert_allclose(now.surfaces.values[0, 1, 25:35], 20, atol=1)
    assert not now.masks.labels[1].any()
    np.testing.assert_array_equal(now.masks.labels[2], before.masks.labels[2])
    assert before.masks.labels[2].any()
    key(eye, "Ctrl+Z")
    np.testing.assert_array_equal(now.surfaces.values, before.surfaces.values)
    np.testing.assert_array_equal(now.masks.labels, before.masks.labels)


def test_one_structure_is_brought_back_alone(eye: MainWindow) -> None:
    before = copy(eye)
    what = panel(eye).what
    what.setCurrentIndex(what.findData("ILM"))
    pick(eye, 3)
    key(eye, "A")
    now = session(eye).annotation
    np.testing.assert_allclose(now.surfaces.values[0, 1, 25:35], 20, atol=1)
    np.testing.assert_array_equal(now.masks.labels, before.masks.labels)


def test_it_is_the_b_scan_shown_that_is_brought_back(eye: MainWindow) -> None:
    pick(eye, 4)
    eye.desk.show_b_scan(2)
    key(eye, "A")
    now = session(eye).annotation
    assert not now.masks.labels[2].any()
    assert now.masks.labels[1].any()


def test_the_newest_moment_is_now(eye: MainWindow) -> None:
    pick(eye, 3)
    pick(eye, 0)
    assert not eye.desk.offers.standing


def test_what_was_undone_is_struck_out_and_leads_to_its_b_scan(eye: MainWindow) -> None:
    key(eye, "Ctrl+Z")
    eye.desk.show_b_scan(4)
    font = panel(eye).model.index(0).data(Qt.ItemDataRole.FontRole)
    assert font.strikeOut()
    pick(eye, 0)
    assert eye.desk.b == 1
    assert not eye.desk.offers.standing


def test_a_click_goes_to_the_row_s_own_b_scan_and_that_one_is_brought_back(
    eye: MainWindow,
) -> None:
    eye.desk.show_b_scan(2)  # it was touched since, too
    marked = copy(eye).masks.labels[2]
    pick(eye, 2)  # "Brush, B-scan 2"
    assert eye.desk.b == 1
    assert any("B-scan 2 as it was" in text for text in eye.messages.texts)
    assert any("A brings B-scan 2 back" in text for text in eye.messages.texts)
    key(eye, "A")
    now = session(eye).annotation
    np.testing.assert_allclose(now.surfaces.values[0, 1, 25:35], 20, atol=1)
    assert now.masks.labels[1].any()
    np.testing.assert_array_equal(now.masks.labels[2], marked)


def test_where_nothing_changed_since_it_is_said_and_nothing_is_brought_back(
    eye: MainWindow,
) -> None:
    steps = len(session(eye).history.done)
    pick(eye, 1)
    assert eye.desk.b == 2
    (told,) = eye.messages.texts
    assert "Nothing of B-scan 3 has changed since" in told
    assert not eye.messages.entries[0].button.isVisible()
    key(eye, "A")
    assert len(session(eye).history.done) == steps


def test_what_is_told_follows_the_b_scan_that_is_shown(eye: MainWindow) -> None:
    what = panel(eye).what
    what.setCurrentIndex(what.findData("ILM"))
    pick(eye, 3)
    assert any("A brings ILM of B-scan 2 back" in text for text in eye.messages.texts)
    eye.desk.show_b_scan(2)
    (told,) = eye.messages.texts
    assert "B-scan 3 as it was" in told
    assert "Nothing of ILM of B-scan 3 has changed since" in told
