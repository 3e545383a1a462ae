"""Command palette, shortcut sheet, themes: everything can be found and read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QFont, QFontInfo
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QCheckBox, QLabel, QPushButton, QToolButton, QWidget

from mirage_core import RESEARCH_USE_ONLY
from mirage_viewer.action_table import ACTIONS
from mirage_viewer.command_palette import CommandPalette
from mirage_viewer.dialogs import ShortcutSheet
from mirage_viewer.main_window import MainWindow
from mirage_viewer.messages import Level, Message
from tests.viewer.eyes import key, open_scan, write_scan


@pytest.fixture
def eye(qtbot: Any, window: MainWindow, tmp_path: Path) -> MainWindow:
    open_scan(qtbot, window, write_scan(tmp_path / "eye.npz"))
    return window


def palette(window: MainWindow) -> CommandPalette:
    return next(p for p in window.findChildren(CommandPalette) if p.isVisible())


@pytest.mark.parametrize("keys", ["Ctrl+K", "Ctrl+Shift+P"])
def test_the_palette_finds_and_does(eye: MainWindow, keys: str) -> None:
    key(eye, keys)
    found = palette(eye)
    QTest.keyClicks(found.line, "last b")
    QTest.keyClick(found.line, Qt.Key.Key_Return)
    assert eye.desk.b == 4
    assert not found.isVisible()


def test_the_palette_is_walked_with_the_arrow_keys(eye: MainWindow) -> None:
    key(eye, "Ctrl+K")
    found = palette(eye)
    QTest.keyClicks(found.line, "b-scan")
    first = found.list.currentRow()
    QTest.keyClick(found.line, Qt.Key.Key_Down)
    assert found.list.currentRow() == first + 1
    assert eye.desk.b == 0


def test_the_palette_does_not_do_what_cannot_be_done(eye: MainWindow) -> None:
    key(eye, "Ctrl+K")
    found = palette(eye)
    QTest.keyClicks(found.line, "cancel segm")
    QTest.keyClick(found.line, Qt.Key.Key_Return)
    assert found.isVisible()


def test_the_shortcut_sheet_lists_every_shortcut(window: MainWindow) -> None:
    key(window, "F1")
    (sheet,) = window.findChildren(ShortcutSheet)
    text = sheet.text.toPlainText()
    for action in ACTIONS:
        if action.shortcuts:
            assert action.text.replace("&", "") in text


def test_every_menu_entry_comes_from_the_registry(window: MainWindow) -> None:
    menus = [menu.menu() for menu in window.menuBar().actions()]
    menus += window.qt_actions.submenus.values()
    entries = [
        entry
        for menu in menus
        for entry in menu.actions()
        if not entry.isSeparator() and entry.menu() is None
    ]
    assert len(entries) == len(ACTIONS)
    assert all(entry.toolTip() for entry in entries)


def test_segment_correct_undo_and_export_are_in_sight(eye: MainWindow) -> None:
    words = {
        b.text()
        for kind in (QPushButton, QToolButton)
        for b in eye.findChildren(kind)
        if b.isVisible()
    }
    assert {"Segment", "Segment volume", "Pen", "Brush", "Undo", "Redo", "Export"} <= words


@pytest.fixture(params=[0, 2], ids=["own text size", "text 2 pt larger"])
def text_size(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[int]:
    """Systems differ in the size of their text."""
    usual = QFont(qapp.font())
    larger = QFont(usual)
    larger.setPointSize(usual.pointSize() + request.param)
    qapp.setFont(larger)
    yield request.param
    qapp.setFont(usual)


@pytest.mark.parametrize("size", [(1080, 640), (1440, 900), (1920, 1080)])
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_no_words_are_cut_off(
    text_size: int, eye: MainWindow, theme: str, size: tuple[int, int]
) -> None:
    eye.set_theme(theme)
    eye.resize(*size)
    eye.show_message(Message("Something happened.", "Do this.", Level.WARNING, action="Do it"))
    for tab in range(eye.tabs.count()):
        eye.tabs.setCurrentIndex(tab)
        QApplication.processEvents()
        cut = [
            widget.text()
            for widget in _all(eye, QPushButton, QLabel, QToolButton, QCheckBox)
            if widget.isVisible() and widget.text() and _is_cut(widget)
        ]
        assert cut == []
    assert eye.minimumSizeHint().width() <= 1366


def _is_cut(widget: QWidget) -> bool:
    if isinstance(widget, QLabel) and widget.wordWrap():
        return False
    needed = widget.sizeHint() if isinstance(widget, QToolButton) else widget.minimumSizeHint()
    return widget.width() < needed.width() or widget.height() < needed.height()


def test_text_grows_with_that_of_the_system(text_size: int, window: MainWindow) -> None:
    assert QFontInfo(window.worklist_panel.empty.font()).pixelSize() == 13 + round(
        text_size * 96 / 72
    )


def _all(window: MainWindow, *kinds: type[QWidget]) -> list[Any]:
    return [widget for kind in kinds for widget in window.findChildren(kind)]


def test_the_theme_is_switched_and_remembered(eye: MainWindow) -> None:
    from mirage_viewer.settings import load_settings

    spot = eye.segment_panel.mapTo(eye, eye.segment_panel.rect().topLeft())
    dark = eye.grab().toImage().pixelColor(spot.x() + 30, spot.y() + 4).lightness()
    key(eye, "Ctrl+T")
    light = eye.grab().toImage().pixelColor(spot.x() + 30, spot.y() + 4).lightness()
    assert dark < 60
    assert light > 200
    assert load_settings().theme == "light"


def test_research_use_is_said_at_the_first_start_and_always_in_the_status_bar(
    window: MainWindow,
) -> None:
    window.begin()
    (entry,) = window.messages.entries
    assert entry.message.text == RESEARCH_USE_ONLY
    QTest.mouseClick(entry.button, Qt.MouseButton.LeftButton)
    assert window.desk.settings.research_notice_seen
    window.begin()
    assert window.messages.entries == []
    assert window.status.terms.isVisible()
    assert window.status.terms.text() in RESEARCH_USE_ONLY
