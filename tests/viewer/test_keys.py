"""A grader's hands: the keys stay with the image, the tool stays in hand, panels say what is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QFontMetrics, QKeyEvent, QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QLineEdit, QListWidget, QWidget

from mirage_core.annotate import Session
from mirage_core.annotate.tools import TOOLS
from mirage_core.scan import ArrayPixels, Scan, State
from mirage_viewer.action_table import ACTIONS
from mirage_viewer.canvas.surface_picture import UNSURE_BELOW
from mirage_viewer.keyboard import keeps_key
from mirage_viewer.main_window import MainWindow
from mirage_viewer.panels.correct import CorrectPanel
from mirage_viewer.worklist.lines import progress_words
from tests.viewer.eyes import key, open_scan, stroke, write_scan


@pytest.fixture
def eye(qtbot: Any, window: MainWindow, tmp_path: Path) -> MainWindow:
    open_scan(qtbot, window, write_scan(tmp_path / "eye.npz"))
    return window


def press(window: MainWindow, wanted: Qt.Key) -> None:
    """Press a key wherever the keyboard is, as a grader does."""
    window.activateWindow()
    QTest.keyClick(QApplication.focusWidget() or window, wanted)


def click(widget: QWidget, place: QPoint | None = None) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=place or widget.rect().center())


def in_row(entries: QListWidget, row: int) -> Callable[[], None]:
    return lambda: click(entries.viewport(), entries.visualItemRect(entries.item(row)).center())


def choose_last(window: MainWindow, name: str) -> None:
    """Open a picker of the correct panel and choose its last entry."""
    picker = getattr(window.correct_panel, name)
    click(picker)
    assert picker.view().isVisible()
    QTest.keyClick(picker.view(), Qt.Key.Key_End)
    QTest.keyClick(picker.view(), Qt.Key.Key_Return)
    assert not picker.view().isVisible()
    assert picker.currentIndex() == picker.count() - 1


CLICKS: dict[str, Callable[[MainWindow], Any]] = {
    "a tool": lambda w: click(w.correct_panel.tools["brush"]),
    "the surface picker": lambda w: choose_last(w, "surface"),
    "the class picker": lambda w: choose_last(w, "mask_class"),
    "what neighbours do": lambda w: choose_last(w, "ordering"),
    "the radius": lambda w: click(w.correct_panel.radius),
    "a layer": lambda w: in_row(w.layers_panel.list, 2)(),
    "the worklist": lambda w: in_row(w.worklist_panel.list, 0)(),
    "a tick": lambda w: click(w.layers_panel.masks, QPoint(8, 8)),
    "the contrast": lambda w: click(w.view_bar.low),
    "a tab": lambda w: click(w.tabs.tabBar(), w.tabs.tabBar().tabRect(2).center()),
    "the fundus": lambda w: click(w.slo.viewport()),
}


@pytest.mark.parametrize("what", CLICKS)
def test_arrow_keys_step_after_a_click_on(eye: MainWindow, what: str) -> None:
    CLICKS[what](eye)
    eye.desk.show_b_scan(1)
    press(eye, Qt.Key.Key_Down)
    assert eye.desk.b == 2
    press(eye, Qt.Key.Key_Left)
    assert eye.desk.b == 1
    press(eye, Qt.Key.Key_End)
    assert eye.desk.b == 4
    press(eye, Qt.Key.Key_Home)
    assert eye.desk.b == 0
    press(eye, Qt.Key.Key_E)
    assert eye.correct_panel.tool == "eraser"


def test_arrow_keys_step_at_once_after_opening_by_the_start_page(
    qtbot: Any, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_scan(tmp_path / "eye.npz")
    monkeypatch.setattr(
        "mirage_viewer.commands.QFileDialog.getOpenFileName", lambda *_: (str(path), "")
    )
    window.activateWindow()
    click(window.start_page.open)
    qtbot.waitUntil(lambda: window.desk.editable, timeout=20_000)
    press(window, Qt.Key.Key_Down)
    assert window.desk.b == 3


@pytest.mark.parametrize("wanted", [Qt.Key.Key_Escape, Qt.Key.Key_Return])
def test_escape_and_enter_leave_a_text_field_for_the_image(eye: MainWindow, wanted: Qt.Key) -> None:
    eye.show_tab(eye.export_panel)
    eye.activateWindow()
    click(eye.export_panel.folder)
    assert eye.export_panel.folder.hasFocus()
    QTest.keyClicks(eye.export_panel.folder, "b1")
    assert eye.correct_panel.tool == ""  # letters are typed, they take no tool
    press(eye, wanted)
    press(eye, Qt.Key.Key_Down)
    assert eye.desk.b == 1


def test_the_keyboard_alone_reaches_the_lists(eye: MainWindow) -> None:
    eye.layers_panel.list.setFocus(Qt.FocusReason.TabFocusReason)
    eye.activateWindow()
    QTest.keyClick(eye.layers_panel.list, Qt.Key.Key_Home)
    assert eye.layers_panel.list.currentRow() == 0


def test_without_a_tool_the_status_bar_says_how_to_move_about(eye: MainWindow) -> None:
    eye.resize(1440, 900)
    hint = eye.status.hint
    assert "next B-scan" in hint.text()
    key(eye, "P")
    assert "next B-scan" not in hint.text()
    key(eye, "V")
    assert "next B-scan" in hint.text()


@pytest.mark.parametrize("name", TOOLS)
def test_all_of_a_tools_hint_can_be_read_with_the_keys_that_end_and_drop_it(
    eye: MainWindow, name: str
) -> None:
    eye.resize(1440, 900)
    eye.qt_actions[f"tool.{name}"].trigger()
    eye.status.show_point("B-scan 21   x 250  z 234 px", "x 2875  z 905 µm", "OPL/ONL – ELM")
    eye.status.show_device("Simulated")
    QApplication.processEvents()
    hint = eye.status.hint
    font, words = hint.shown_in(hint.width())
    assert words == hint.text() == hint.toolTip()
    assert "Esc" in words
    assert ("Enter" in words) == (name in {"spline", "pull", "snap", "polygon", "scribble"})
    assert hint.height() >= 2 * QFontMetrics(font).lineSpacing() or font == hint.font()


def test_tools_bear_one_name_on_their_button_in_the_menu_and_in_the_history(
    eye: MainWindow,
) -> None:
    for name in TOOLS:
        title = TOOLS[name].title
        assert eye.correct_panel.tools[name].text() == title
        assert ACTIONS[f"tool.{name}"].text == title


def test_the_wheel_over_a_picker_chooses_nothing(eye: MainWindow) -> None:
    picker = eye.correct_panel.surface
    before = picker.currentIndex()
    center = QPointF(picker.rect().center())
    turn = QWheelEvent(
        center,
        QPointF(picker.mapToGlobal(center.toPoint())),
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(picker, turn)
    assert picker.currentIndex() == before


def test_undo_goes_back_to_the_b_scan_it_changes(eye: MainWindow) -> None:
    eye.desk.show_b_scan(3)
    key(eye, "B")
    stroke(eye, [(20, 20), (20, 40)])
    key(eye, "Home")
    key(eye, "Ctrl+Z")
    assert eye.desk.b == 3
    assert not eye.desk.session.annotation.masks.labels.any()


def test_the_tool_in_hand_survives_opening_another_scan(
    qtbot: Any, eye: MainWindow, tmp_path: Path
) -> None:
    key(eye, "B")
    open_scan(qtbot, eye, write_scan(tmp_path / "other.npz", seed=2))
    assert eye.correct_panel.tool == "brush"
    assert eye.correct_panel.tools["brush"].isChecked()
    stroke(eye, [(20, 20), (20, 40)])
    assert eye.desk.session.annotation.masks.labels[0].any()


def test_what_is_dashed_and_what_is_ticked_agree(eye: MainWindow) -> None:
    session = eye.desk.session
    session.annotation.surfaces.values[0, 0] = 30.0
    session.annotation.confidence[0, 0] = UNSURE_BELOW / 2
    eye.canvas.show_b_scan(0)
    line = eye.canvas._picture.surfaces[0]
    ticked, entry = eye.layers_panel.confidence, eye.qt_actions["view.confidence"]
    assert ticked.isChecked()
    assert entry.isChecked()
    assert not line._drawn.all()
    key(eye, "N")
    assert not ticked.isChecked()
    assert not entry.isChecked()
    assert line._drawn.all()


def test_the_surface_picker_says_which_surfaces_the_scan_lacks(qtbot: Any) -> None:
    scan = Scan(ArrayPixels(np.zeros((3, 40, 50), np.uint8)))
    session = Session(scan)
    panel = CorrectPanel()
    qtbot.addWidget(panel)
    panel.set_session(session, None)
    names = session.annotation.surfaces.names
    assert all(panel.surface.itemText(i) == f"{n}  not drawn yet" for i, n in enumerate(names))
    session.annotation.surfaces.values[0, 2, 5:9] = 12.0
    panel.refresh()
    assert "not drawn" not in panel.surface.itemText(0)
    assert panel.surface.itemText(1).endswith("not drawn yet")


@pytest.mark.parametrize(
    ("states", "words"),
    [
        ((), "not started"),
        ((State.UNSEEN, State.VENDOR), "not started"),
        ((State.PREDICTED, State.UNSEEN), "1 of 2 predicted, 0 of 2 approved"),
        ((State.PREDICTED, State.PREDICTED), "predicted, 0 of 2 approved"),
        ((State.EDITED, State.PREDICTED), "1 edited, 0 of 2 approved"),
        ((State.APPROVED, State.EDITED), "1 of 2 approved"),
        ((State.APPROVED, State.APPROVED), "all approved"),
    ],
)
def test_the_worklist_says_how_far_a_scan_is(states: tuple[State, ...], words: str) -> None:
    assert progress_words(states) == words


def test_the_worklist_keeps_up_with_edits(qtbot: Any, eye: MainWindow) -> None:
    key(eye, "B")
    stroke(eye, [(20, 20), (20, 40)])
    entry = eye.worklist_panel.list
    qtbot.waitUntil(lambda: "1 edited" in entry.item(0).text())
    key(eye, "Ctrl+Z")
    qtbot.waitUntil(lambda: "not started" in entry.item(0).text())


def test_a_missing_surface_can_be_drawn_and_is_then_no_longer_missing(eye: MainWindow) -> None:
    picker = eye.correct_panel.surface
    at = picker.currentIndex()
    assert picker.itemText(at).endswith("not drawn yet")
    key(eye, "P")
    stroke(eye, [(30, 20), (30, 60)])
    assert np.isfinite(eye.desk.session.annotation.surfaces.values[at, 0, 20:60]).all()
    assert "not drawn" not in picker.itemText(at)
    key(eye, "Ctrl+Z")
    assert picker.itemText(at).endswith("not drawn yet")


def test_alt_gr_types_where_text_is_typed_and_is_no_shortcut(qtbot: Any) -> None:
    field = QLineEdit()
    qtbot.addWidget(field)
    alt_gr = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier

    def override(text: str, modifiers: Qt.KeyboardModifier = alt_gr) -> QKeyEvent:
        return QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_2, modifiers, text)

    assert keeps_key(field, override("²"))
    assert not keeps_key(field, override(""))
    assert not keeps_key(field, override("\x12", Qt.KeyboardModifier.ControlModifier))
    assert not keeps_key(QWidget(), override("²"))
