"""Exporting from the panel."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from mirage_core.annotate import State
from mirage_viewer.main_window import MainWindow
from mirage_viewer.panels.export import FORMATS
from tests.viewer.eyes import key, open_scan, stroke, write_scan


@pytest.fixture
def eye(qtbot: Any, window: MainWindow, tmp_path: Path) -> MainWindow:
    open_scan(qtbot, window, write_scan(tmp_path / "eye.npz"))
    key(window, "B")
    stroke(window, [(20, 30), (20, 40)])
    panel = window.correct_panel
    key(window, "P")
    for row, name in ((25, "ILM"), (40, "RPE"), (42, "BM")):
        panel.surface.setCurrentIndex(panel.surface.findData(name))
        stroke(window, [(row, 5), (row, 90)])
    key(window, "Ctrl+E")
    return window


def test_the_formats_offered_are_those_there_are() -> None:
    from mirage_core.io.exporting import exporter_names

    assert {name for name, _, _ in FORMATS} == set(exporter_names())


@pytest.mark.parametrize("name", [name for name, _, _ in FORMATS])
def test_every_format_is_written(qtbot: Any, eye: MainWindow, tmp_path: Path, name: str) -> None:
    panel = eye.export_panel
    assert panel.isVisible()
    panel.format.setCurrentIndex(panel.format.findData(name))
    panel.folder.setText(str(tmp_path / "out"))
    assert "1 of 5" in panel.count.text()
    QTest.mouseClick(panel.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: any("Exported" in t for t in eye.messages.texts), timeout=20_000)
    (made,) = (tmp_path / "out").iterdir()
    assert name in made.name
    assert any(p.is_file() for p in made.rglob("*"))


def test_a_second_export_stands_beside_the_first(
    qtbot: Any, eye: MainWindow, tmp_path: Path
) -> None:
    eye.export_panel.folder.setText(str(tmp_path / "out"))
    for n in (1, 2):
        eye.export_panel.button.click()
        qtbot.waitUntil(lambda n=n: len(list((tmp_path / "out").glob("P*"))) == n)
        qtbot.waitUntil(eye.export_panel.button.isEnabled)


def test_without_b_scans_in_a_ticked_state_there_is_nothing_to_press(eye: MainWindow) -> None:
    eye.export_panel.folder.setText("somewhere")
    assert eye.export_panel.button.isEnabled()
    eye.export_panel.states[State.EDITED].setChecked(False)
    assert not eye.export_panel.button.isEnabled()
    assert "0 of 5" in eye.export_panel.count.text()


def test_a_folder_that_cannot_be_written_is_said(
    qtbot: Any, eye: MainWindow, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    eye.export_panel.folder.setText(str(tmp_path / "file"))
    eye.export_panel.button.click()
    qtbot.waitUntil(lambda: any(e.message.topic == "export" for e in eye.messages.entries))
    assert eye.messages.entries[0].message.level == "error"
    assert capsys.readouterr().err.strip()
    assert eye.export_panel.button.isEnabled()


def test_a_cancelled_export_leaves_nothing(
    qtbot: Any, eye: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mirage_core.io import exporting

    begun, go_on = threading.Event(), threading.Event()
    real = exporting.export

    def late(exporter: Any, requests: Any, target: Any, *, report: Any) -> Any:
        begun.set()
        go_on.wait(10)
        return real(exporter, requests, target, report=report)

    monkeypatch.setattr(exporting, "export", late)
    eye.export_panel.folder.setText(str(tmp_path / "out"))
    eye.export_panel.button.click()
    qtbot.waitUntil(begun.is_set)
    assert eye.export_panel.bar.isVisible()
    QTest.mouseClick(eye.export_panel.cancel, Qt.MouseButton.LeftButton)
    go_on.set()
    qtbot.waitUntil(lambda: any("nothing was written" in t for t in eye.messages.texts))
    assert not list((tmp_path / "out").glob("P*"))


def test_closing_the_window_during_an_export_leaves_nothing_half_written(
    qtbot: Any, eye: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mirage_core.io import exporting

    begun, go_on, over = threading.Event(), threading.Event(), threading.Event()
    real = exporting.export

    def late(exporter: Any, requests: Any, target: Any, *, report: Any) -> Any:
        begun.set()
        go_on.wait(10)
        try:
            return real(exporter, requests, target, report=report)
        finally:
            over.set()

    monkeypatch.setattr(exporting, "export", late)
    eye.export_panel.folder.setText(str(tmp_path / "out"))
    eye.export_panel.button.click()
    qtbot.waitUntil(begun.is_set)
    eye.close()
    go_on.set()
    qtbot.waitUntil(over.is_set)
    assert not eye.isVisible()
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []


def test_a_scan_without_anything_known_cannot_be_exported(
    qtbot: Any, window: MainWindow, tmp_path: Path
) -> None:
    open_scan(qtbot, window, write_scan(tmp_path / "eye.npz"))
    window.export_panel.folder.setText(str(tmp_path))
    assert not window.export_panel.button.isEnabled()
    assert "segment first" in window.export_panel.count.text()


def test_the_folder_is_there_from_the_first_and_remembered(
    qtbot: Any, eye: MainWindow, tmp_path: Path
) -> None:
    assert eye.export_panel.folder.text()
    assert eye.export_panel.button.isEnabled()
    eye.export_panel.folder.setText(str(tmp_path / "out"))
    eye.export_panel.button.click()
    qtbot.waitUntil(lambda: any("Exported" in t for t in eye.messages.texts))
    assert eye.desk.settings.export_folder == str(tmp_path / "out")
