"""Which engine segments, how and where: offered, chosen, remembered, and said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import QEvent, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from mirage_viewer.main_window import MainWindow
from mirage_viewer.settings import Settings, load_settings
from mirage_viewer.workers import Workers
from tests.viewer import tasks
from tests.viewer.eyes import click, open_scan, write_scan
from tests.viewer.stores import add_model


def listed(qtbot: Any, window: MainWindow) -> MainWindow:
    window.desk.models.engines.refresh()
    qtbot.waitUntil(lambda: window.desk.models.engines.listing is not None, timeout=20_000)
    return window


@pytest.fixture
def window_with(
    qtbot: Any, make_app_window: Callable[..., MainWindow], tmp_path: Path
) -> Callable[..., MainWindow]:
    """Return a factory of windows that know the models of the store, with a scan open."""

    def make(task: Callable[..., Any] = tasks.flat, settings: Settings | None = None) -> MainWindow:
        window = make_app_window(
            workers=Workers({"segment_scan": task}), settings=settings or Settings()
        )
        open_scan(qtbot, listed(qtbot, window), write_scan(tmp_path / "eye.npz"))
        return window

    return make


def titles(window: MainWindow) -> list[str]:
    picker = window.segment_panel.engine
    return [picker.itemText(i) for i in range(picker.count())]


def choose(picker: Any, text: str) -> None:
    """Choose an entry of a picker as a person does: open it, go to the entry, press Enter."""
    click(picker)
    row = picker.findText(text)
    picker.view().setCurrentIndex(picker.model().index(row, 0))
    QTest.keyClick(picker.view(), Qt.Key.Key_Return)
    assert picker.currentText() == text


def wait_for_end(qtbot: Any, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: window.desk.models.run is None, timeout=30_000)


def test_models_that_segment_are_offered_after_the_graph_search(
    tmp_path: Path, window_with: Callable[..., MainWindow]
) -> None:
    for id in ("layers", "dreamer", "stages"):
        add_model(tmp_path, id, seed=len(id))
    window = window_with()
    assert titles(window) == ["Graph search (no weights)", "Tiny layers"]
    assert window.segment_panel.chosen == "graph"


def test_mode_and_device_are_offered_for_models_only(
    tmp_path: Path, window_with: Callable[..., MainWindow]
) -> None:
    add_model(tmp_path, "layers")
    window = window_with()
    panel = window.segment_panel
    assert not panel.mode.isVisible()
    assert not panel.device.isVisible()
    assert panel.where.text() == "on this computer's CPU"
    choose(panel.engine, "Tiny layers")
    assert panel.mode.isVisible()
    assert panel.device.text().startswith("on the GPU if there is one")
    assert [panel.mode.itemText(i) for i in range(panel.mode.count())] == ["Exact", "Fast"]
    assert "Exact: " in panel.mode.toolTip()
    assert "Fast: " in panel.mode.toolTip()


def test_engine_mode_and_device_are_used_and_remembered(
    qtbot: Any, tmp_path: Path, window_with: Callable[..., MainWindow]
) -> None:
    add_model(tmp_path, "layers")
    window = window_with(tasks.telling)
    panel = window.segment_panel
    choose(panel.engine, "Tiny layers")
    choose(panel.mode, "Fast")
    cpu = next(a for a in panel.device.menu().actions() if a.text() == "CPU")
    cpu.trigger()
    assert panel.device.text().startswith("on the CPU")
    click(panel.one)
    wait_for_end(qtbot, window)
    assert "layers fast cpu" in window.desk.session.history.done[-1].label
    stored = load_settings()
    assert (stored.engine, stored.mode, stored.device) == ("layers", "fast", "cpu")
    window.close()

    again = window_with(tasks.telling, load_settings())
    panel = again.segment_panel
    assert (panel.chosen, panel.mode.currentText()) == ("layers", "Fast")
    assert panel.device.text().startswith("on the CPU")


def test_the_graph_search_runs_the_one_way_it_knows(
    qtbot: Any, window_with: Callable[..., MainWindow]
) -> None:
    window = window_with(tasks.telling, Settings(mode="fast"))
    click(window.segment_panel.one)
    wait_for_end(qtbot, window)
    assert "graph exact" in window.desk.session.history.done[-1].label


def test_a_model_that_is_gone_gives_way_to_the_graph_search_and_that_is_said(
    window_with: Callable[..., MainWindow],
) -> None:
    window = window_with(settings=Settings(engine="gone"))
    assert window.segment_panel.chosen == "graph"
    assert any("no longer there" in text for text in window.messages.texts)
    assert load_settings().engine == ""


def test_nothing_runs_in_place_of_a_remembered_model_before_the_models_are_known(
    qtbot: Any, make_app_window: Callable[..., MainWindow], tmp_path: Path
) -> None:
    add_model(tmp_path, "layers")
    window = make_app_window(settings=Settings(engine="layers"))
    open_scan(qtbot, window, write_scan(tmp_path / "eye.npz"))
    assert not window.segment_panel.volume.isEnabled()
    listed(qtbot, window)
    assert window.segment_panel.volume.isEnabled()
    assert window.segment_panel.chosen == "layers"


def test_a_model_that_another_program_brought_is_offered_when_the_window_is_looked_at(
    qtbot: Any, tmp_path: Path, window_with: Callable[..., MainWindow]
) -> None:
    window = window_with()
    assert len(titles(window)) == 1
    add_model(tmp_path, "layers")
    window.activateWindow()
    QApplication.sendEvent(window, QEvent(QEvent.Type.ActivationChange))
    qtbot.waitUntil(lambda: len(titles(window)) == 2, timeout=10_000)


def test_remarks_of_a_run_are_shown_until_they_were_read(
    qtbot: Any, window_with: Callable[..., MainWindow]
) -> None:
    window = window_with(tasks.telling)
    click(window.segment_panel.one)
    wait_for_end(qtbot, window)
    (entry,) = [e for e in window.messages.entries if e.message.topic == "segment"]
    assert "ran out of memory. The rest ran on the CPU." in window.messages.texts[0]
    click(entry.button)
    assert entry not in window.messages.entries


def test_while_a_model_is_loaded_that_is_said(
    qtbot: Any, tmp_path: Path, window_with: Callable[..., MainWindow]
) -> None:
    add_model(tmp_path, "layers")
    window = window_with(tasks.silent)
    panel = window.segment_panel
    click(panel.one)
    assert panel.words.text() == "Starting…"
    click(panel.cancel)
    wait_for_end(qtbot, window)
    choose(panel.engine, "Tiny layers")
    click(panel.one)
    assert panel.words.text() == "Loading the model…"
    assert panel.bar.maximum() == 0, "it moves without a number"
    click(panel.cancel)
    wait_for_end(qtbot, window)


def test_a_device_that_is_not_there_is_refused_by_a_sentence(
    qtbot: Any, tmp_path: Path, window_with: Callable[..., MainWindow]
) -> None:
    add_model(tmp_path, "layers")
    window = window_with(tasks.without_card, Settings(engine="layers", device="gpu"))
    assert window.segment_panel.device.text().startswith("on the GPU ")
    click(window.segment_panel.one)
    wait_for_end(qtbot, window)
    assert window.messages.texts[0] == (
        "There is no graphics card here that models can run on. Use the CPU."
    )
    assert window.desk.session.history.done == []


def test_a_device_named_in_the_settings_file_is_kept(
    tmp_path: Path, window_with: Callable[..., MainWindow]
) -> None:
    add_model(tmp_path, "layers")
    window = window_with(settings=Settings(engine="layers", device="cuda:1"))
    assert window.segment_panel.device.text().startswith("on cuda:1")
    assert not any(a.isChecked() for a in window.segment_panel.device.menu().actions())
