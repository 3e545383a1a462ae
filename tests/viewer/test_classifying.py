"""Class probabilities beside the scan, with the model's name and without a verdict."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtWidgets import QLabel, QPushButton, QWidget

from mirage_viewer.classes_window import ClassesWindow
from mirage_viewer.classifying import Classes
from mirage_viewer.main_window import MainWindow
from mirage_viewer.workers import Workers
from tests.viewer import tasks
from tests.viewer.eyes import click, key, open_scan, write_scan
from tests.viewer.stores import add_model


@pytest.fixture
def eye(
    qtbot: Any, make_app_window: Callable[..., MainWindow], tmp_path: Path
) -> Callable[..., MainWindow]:
    """Return a factory of windows with a scan, which know the models of the store."""

    def make() -> MainWindow:
        window = make_app_window(workers=Workers({"classify_scan": tasks.classify}))
        engines = window.desk.models.engines
        engines.refresh()
        qtbot.waitUntil(lambda: engines.listing is not None, timeout=20_000)
        open_scan(qtbot, window, write_scan(tmp_path / "eye.npz"), b=1)
        return window

    return make


def classified(qtbot: Any, window: MainWindow) -> ClassesWindow:
    qtbot.waitUntil(lambda: window.desk.models.run is None, timeout=30_000)
    shown = window.model_windows.classes
    assert shown is not None
    return shown


def words(widget: Any) -> str:
    return " ".join(w.text() for kind in (QLabel, QPushButton) for w in widget.findChildren(kind))


def test_without_a_model_that_classifies_the_action_says_so(
    eye: Callable[..., MainWindow],
) -> None:
    window = eye()
    action = window.qt_actions["scan.classify"]
    assert not action.isEnabled()
    assert "No model here classifies" in action.toolTip()


def test_the_b_scan_shown_is_classified_and_nothing_else_is_said(
    qtbot: Any, tmp_path: Path, eye: Callable[..., MainWindow]
) -> None:
    add_model(tmp_path, "stages")
    window = eye()
    key(window, "Ctrl+Shift+C")
    shown = classified(qtbot, window)
    assert shown.isVisible()
    assert not shown.isModal()
    assert [name for name, _ in shown.rows] == ["normal", "AMD"]
    assert [share for _, share in shown.rows] == pytest.approx([0.7, 0.3])
    assert shown.title.text() == "Title of stages · B-scan 2 of 5"
    assert "70.0%" in words(shown)
    assert "Research use only – not a diagnosis" in words(shown)


def test_a_volume_gets_means_and_the_way_to_the_b_scan_that_stands_out(
    qtbot: Any, tmp_path: Path, eye: Callable[..., MainWindow]
) -> None:
    add_model(tmp_path, "stages")
    window = eye()
    window.qt_actions.trigger("scan.classify")
    shown = classified(qtbot, window)
    click(shown.all)
    classified(qtbot, window)
    assert shown.title.text() == "Title of stages · mean over 5 B-scans"
    assert dict(shown.rows) == pytest.approx({"normal": 0.5, "AMD": 0.5})
    (link,) = [
        b
        for b in shown.findChildren(QPushButton)
        if b.text().startswith("highest on B-scan 5") and b.isVisible()
    ]
    click(link)
    assert window.desk.b == 4


def test_new_figures_take_the_place_of_old_ones_without_a_gap(qtbot: Any) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    shown = ClassesWindow(parent)
    shown.show()
    probabilities = np.array([[0.9, 0.1], [0.1, 0.9]], np.float32)
    shown.show_classes(Classes(("normal", "AMD"), probabilities, (0, 1), 2, "A model"))
    links = [b for b in shown.findChildren(QPushButton) if b.text().startswith("highest on")]
    assert [link.isVisible() for link in links] == [True, True]


def test_the_figures_of_one_scan_are_not_shown_beside_another(
    qtbot: Any, tmp_path: Path, eye: Callable[..., MainWindow]
) -> None:
    add_model(tmp_path, "stages")
    window = eye()
    window.qt_actions.trigger("scan.classify")
    shown = classified(qtbot, window)
    open_scan(qtbot, window, write_scan(tmp_path / "other.npz", seed=6))
    assert shown.rows == []
    assert shown.title.text() == "Nothing classified yet"


def test_of_several_models_another_can_be_asked(
    qtbot: Any, tmp_path: Path, eye: Callable[..., MainWindow]
) -> None:
    add_model(tmp_path, "stages")
    add_model(tmp_path, "stages", seed=3, id="stages-2", title="Other stages")
    window = eye()
    window.qt_actions.trigger("scan.classify")
    shown = classified(qtbot, window)
    at = shown.model.findText("Other stages")
    shown.model.setCurrentIndex(at)
    shown.model.activated.emit(at)
    click(shown.one)
    classified(qtbot, window)
    assert shown.title.text().startswith("Title of stages-2")
    assert window.desk.settings.classifier == "stages-2"
