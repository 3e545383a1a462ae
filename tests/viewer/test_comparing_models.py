"""Two models on a scan, side by side: run, laid over it, measured, and nothing of it kept."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtWidgets import QFileDialog

from mirage_core.annotate import State
from mirage_viewer.canvas.colors import ONE, OTHER
from mirage_viewer.main_window import MainWindow
from mirage_viewer.workers import Workers
from tests.viewer import tasks
from tests.viewer.eyes import click, key, open_scan, write_scan
from tests.viewer.stores import add_model


@pytest.fixture
def eye_with(
    qtbot: Any, make_app_window: Callable[..., MainWindow], tmp_path: Path
) -> Callable[..., MainWindow]:
    """Return a factory of windows with a scan open, two engines and the comparison in front."""

    def make(task: Callable[..., Any] = tasks.of_two_minds) -> MainWindow:
        add_model(tmp_path, "layers")
        window = make_app_window(workers=Workers({"segment_scan": task}))
        window.desk.models.engines.refresh()
        qtbot.waitUntil(lambda: window.desk.models.engines.listing is not None, timeout=20_000)
        open_scan(qtbot, window, write_scan(tmp_path / "eye.npz"), b=2)
        key(window, "Ctrl+Alt+E")
        pick(window, "graph", "layers")
        return window

    return make


def pick(window: MainWindow, one: str, other: str) -> None:
    panel = window.compare_models_panel
    for picker, name in ((panel.one, one), (panel.other, other)):
        picker.setCurrentIndex(picker.findData(name))
    panel.one.activated.emit(panel.one.currentIndex())


def compare(qtbot: Any, window: MainWindow, scope: str = "here") -> None:
    panel = window.compare_models_panel
    panel.scope.setCurrentIndex(panel.scope.findData(scope))
    panel.scope.activated.emit(panel.scope.currentIndex())
    click(panel.run)
    assert window.desk.models.pair.running
    qtbot.waitUntil(lambda: window.desk.model_comparing.agreement is not None, timeout=60_000)


def lines(window: MainWindow) -> dict[str, list[str]]:
    table = window.compare_models_panel.table
    items = [table.topLevelItem(i) for i in range(table.topLevelItemCount())]
    return {item.text(0): [item.text(i) for i in range(1, 6)] for item in items}


def test_two_models_lie_over_the_b_scan_and_the_work_stays_as_it_is(
    qtbot: Any, eye_with: Callable[..., MainWindow]
) -> None:
    window = eye_with()
    compare(qtbot, window)
    layer = window.canvas._picture.comparison
    names = window.desk.session.annotation.surfaces.names
    ilm = names.index("ILM")
    assert (layer.ones[ilm]._depths == 30).all()
    assert (layer.others[ilm]._depths == 27).all()
    assert layer.ones[ilm]._pen.color() == ONE
    assert layer.others[ilm]._pen.color() == OTHER
    assert layer.ones[ilm]._drawn.all(), "a line"
    assert not layer.others[ilm]._drawn.all(), "dashed"
    assert window.canvas.legend == ("Title of graph", "Title of layers")
    assert layer.stripes_one.marked == layer.stripes.marked == 4 * 4
    assert window.desk.session.history.done == []
    assert not np.isfinite(window.desk.session.annotation.surfaces.values).any()


def test_the_table_says_how_far_they_are_apart(
    qtbot: Any, eye_with: Callable[..., MainWindow]
) -> None:
    window = eye_with()
    compare(qtbot, window)
    table = lines(window)
    # 3 px of 4 µm each.
    assert table["ILM"][:3] == ["12.0", "+12.0", "12.0"]
    assert table["BM"][:3] == ["0.0", "+0.0", "0.0"]
    # Of 10 columns of fluid either, 6 are the same.
    assert table["IRF"][0] == "0.60"
    panel = window.compare_models_panel
    assert panel.table.headerItem().text(0) == "in µm"
    assert panel.table.isColumnHidden(4)
    assert "nothing says which is better" in panel.words.text()


def test_corrections_tell_which_of_the_two_is_better(
    qtbot: Any, eye_with: Callable[..., MainWindow]
) -> None:
    window = eye_with()
    session = window.desk.session
    draft = session.draft(2)
    draft.curves[session.annotation.surfaces.index("ILM")] = 28
    session.commit(draft, "pen", "Pen")
    compare(qtbot, window, "corrected")
    table = lines(window)
    assert table["ILM"][3:] == ["8.0", "4.0"]
    assert table["BM"][3:] == ["–", "–"], "nobody corrected it"
    panel = window.compare_models_panel
    ilm = panel.table.topLevelItem(0)
    assert not ilm.font(4).bold()
    assert ilm.font(5).bold()
    assert "corrected on 1 B-scan" in panel.words.text()
    assert session.annotation.states.max() == State.EDITED


def test_another_b_scan_is_run_when_asked_for_and_one_is_not_run_twice(
    qtbot: Any, eye_with: Callable[..., MainWindow]
) -> None:
    window = eye_with()
    compare(qtbot, window)
    window.desk.show_b_scan(4)
    assert not window.canvas._picture.comparison.shade.isVisible()
    assert "not run on this B-scan yet" in window.compare_models_panel.words.text()
    compare(qtbot, window)
    window.desk.show_b_scan(2)
    qtbot.waitUntil(lambda: window.desk.model_comparing.agreement is not None, timeout=10_000)
    click(window.compare_models_panel.run)
    assert not window.desk.models.pair.running


def test_all_b_scans_are_compared_and_a_key_goes_to_the_next_difference(
    qtbot: Any, eye_with: Callable[..., MainWindow]
) -> None:
    window = eye_with()
    compare(qtbot, window, "all")
    assert "On 5 of 5 B-scans." in window.compare_models_panel.words.text()
    before = window.desk.b
    key(window, "Alt+Q")
    qtbot.waitUntil(lambda: window.desk.b != before, timeout=10_000)


def test_leaving_takes_the_curves_away_and_coming_back_shows_them_again(
    qtbot: Any, eye_with: Callable[..., MainWindow]
) -> None:
    window = eye_with()
    compare(qtbot, window)
    layer = window.canvas._picture.comparison
    assert layer.shade.isVisible()
    click(window.compare_tab.graders)
    assert not layer.shade.isVisible()
    assert window.canvas.legend == ("", "")
    click(window.compare_tab.models)
    assert layer.shade.isVisible()


def test_the_work_is_hidden_under_them_unless_asked_for_or_a_tool_is_in_hand(
    qtbot: Any, eye_with: Callable[..., MainWindow]
) -> None:
    window = eye_with()
    compare(qtbot, window)
    surface = window.canvas._picture.surfaces[0]
    assert not surface.isVisible()
    click(window.compare_models_panel.work)
    assert surface.isVisible()
    click(window.compare_models_panel.work)
    key(window, "P")
    assert surface.isVisible()
    key(window, "V")
    assert not surface.isVisible()
    key(window, "H")
    assert not window.canvas._picture.comparison.shade.isVisible(), "the bare image"
    key(window, "H")
    click(window.compare_tab.graders)
    assert surface.isVisible()


def test_a_comparison_is_cancelled_and_nothing_changes(
    qtbot: Any, eye_with: Callable[..., MainWindow]
) -> None:
    window = eye_with(tasks.slow)
    panel = window.compare_models_panel
    click(panel.run)
    assert window.desk.models.in_use("graph")
    assert window.desk.models.in_use("layers"), "it comes next"
    qtbot.waitUntil(lambda: "5%" in panel.words.text(), timeout=60_000)
    assert panel.run.text() == "Cancel"
    click(panel.run)
    qtbot.waitUntil(lambda: not window.desk.models.pair.running, timeout=60_000)
    assert panel.run.text() == "Compare"
    assert window.desk.model_comparing.agreement is None
    assert window.desk.session.history.done == []


def test_choosing_one_model_twice_swaps_the_two(eye_with: Callable[..., MainWindow]) -> None:
    window = eye_with()
    pick(window, "layers", "layers")
    c = window.desk.model_comparing
    assert (c.one, c.other) == ("layers", "graph")
    pick(window, "layers", "layers")
    assert (c.one, c.other) == ("graph", "layers")


def test_a_taught_model_in_use_is_compared_with_its_parent(
    qtbot: Any, make_app_window: Callable[..., MainWindow], tmp_path: Path
) -> None:
    parent = add_model(tmp_path, "layers", seed=1)
    add_model(tmp_path, "layers", seed=2, id="taught", parent_sha256=parent.weights_sha256)
    window = make_app_window()
    window.desk.models.engines.refresh()
    qtbot.waitUntil(lambda: window.desk.models.engines.listing is not None, timeout=20_000)
    window.desk.models.engines.choose("taught")
    open_scan(qtbot, window, write_scan(tmp_path / "eye.npz"))
    key(window, "Ctrl+Alt+E")
    c = window.desk.model_comparing
    assert (c.one, c.other) == ("layers", "taught")


def test_the_table_is_written(
    qtbot: Any,
    eye_with: Callable[..., MainWindow],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window = eye_with()
    compare(qtbot, window)
    path = tmp_path / "models.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_a, **_k: (str(path), "CSV"))
    click(window.compare_models_panel.save)
    qtbot.waitUntil(path.exists, timeout=10_000)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["first"] for row in rows} == {"Title of graph"}
    assert {row["pseudonym"] for row in rows} == {"P0001"}


def test_work_that_is_hidden_is_shown_before_it_is_approved(
    qtbot: Any, eye_with: Callable[..., MainWindow]
) -> None:
    window = eye_with()
    compare(qtbot, window)
    session = window.desk.session
    assert session is not None
    before = session.annotation.states.copy()
    assert window.canvas.covered
    key(window, "Ctrl+Return")
    assert not window.canvas.covered
    np.testing.assert_array_equal(session.annotation.states, before)
    window.compare_models_panel.work.setChecked(False)
    assert window.canvas.covered
    window.show_tab(window.layers_panel)
    assert not window.canvas.covered
