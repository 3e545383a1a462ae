"""Segmenting through a real worker process, from the window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from mirage_core.annotate import State
from mirage_viewer.engines import always_there
from mirage_viewer.main_window import MainWindow
from mirage_viewer.workers import Workers
from tests.viewer import tasks
from tests.viewer.eyes import key, open_scan, stroke, write_scan


@pytest.fixture
def eye_with(
    qtbot: Any, make_app_window: Callable[..., MainWindow], tmp_path: Path
) -> Callable[..., MainWindow]:
    """Return a factory of windows with an open scan, whose worker runs a given task."""

    def make(task: Callable[..., Any]) -> MainWindow:
        window = make_app_window(workers=Workers({"segment_scan": task}))
        open_scan(qtbot, window, write_scan(tmp_path / "eye.npz"))
        return window

    return make


def wait_for_end(qtbot: Any, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: not window.desk.segmentation.running, timeout=30_000)


def click(button: Any) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_a_volume_is_segmented_as_one_undoable_edit(
    qtbot: Any, eye_with: Callable[..., MainWindow]
) -> None:
    window = eye_with(tasks.flat)
    click(window.segment_panel.volume)
    assert window.desk.segmentation.running
    assert not window.segment_panel.volume.isEnabled()
    wait_for_end(qtbot, window)
    annotation = window.desk.session.annotation
    assert (annotation.surfaces["ILM"] == 30).all()
    assert (annotation.masks.labels[:, 33, 12] == 1).all()
    assert set(annotation.b_scan_states()) == {State.PREDICTED}
    assert window.segment_panel.volume.isEnabled()
    key(window, "Ctrl+Z")
    assert np.isnan(annotation.surfaces["ILM"]).all()
    assert not annotation.masks.labels.any()


def test_one_b_scan_is_segmented(qtbot: Any, eye_with: Callable[..., MainWindow]) -> None:
    window = eye_with(tasks.flat)
    key(window, "Down")
    click(window.segment_panel.one)
    wait_for_end(qtbot, window)
    assert np.isfinite(window.desk.session.annotation.surfaces["ILM"]).any(axis=1).tolist() == [
        False,
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize("keep", [True, False])
def test_corrected_b_scans_are_kept_unless_asked(
    qtbot: Any, eye_with: Callable[..., MainWindow], keep: bool
) -> None:
    window = eye_with(tasks.flat)
    key(window, "B")
    stroke(window, [(20, 30), (20, 40)])
    window.segment_panel.keep.setChecked(keep)
    click(window.segment_panel.volume)
    wait_for_end(qtbot, window)
    labels = window.desk.session.annotation.masks.labels
    assert bool(labels[0, 20, 35]) is keep
    assert bool(labels[0, 33, 12]) is not keep
    assert labels[1, 33, 12] == 1


def test_cancel_leaves_nothing_half_done(qtbot: Any, eye_with: Callable[..., MainWindow]) -> None:
    window = eye_with(tasks.slow)
    panel = window.segment_panel
    click(panel.volume)
    qtbot.waitUntil(lambda: panel.bar.value() == 100, timeout=20_000)
    assert "10%" in panel.words.text()
    click(panel.cancel)
    assert panel.words.text() == "Stopping…"
    wait_for_end(qtbot, window)
    assert window.desk.session.history.done == []
    assert "Segmentation cancelled; nothing was changed." in window.messages.texts
    assert panel.volume.isEnabled()


def test_long_words_about_a_run_do_not_push_the_tools_out_of_the_window(
    qtbot: Any, eye_with: Callable[..., MainWindow]
) -> None:
    window = eye_with(tasks.flat)
    panel = window.segment_panel
    before = panel.minimumSizeHint().width()
    panel.show_running(0, None, where="Classification of another scan: ", loading="Loading it…")
    assert panel.minimumSizeHint().width() == before
    assert panel.words.toolTip() == panel.words.text()
    panel.show_idle(ready=True)


def test_a_failing_engine_says_why_and_changes_nothing(
    qtbot: Any, eye_with: Callable[..., MainWindow], capsys: pytest.CaptureFixture[str]
) -> None:
    window = eye_with(tasks.broken)
    click(window.segment_panel.volume)
    wait_for_end(qtbot, window)
    assert "no retina in sight" in window.messages.texts[0]
    assert "no retina in sight" in capsys.readouterr().err
    assert window.desk.session.history.done == []


def test_a_result_goes_to_its_own_scan_when_another_is_open_by_then(
    qtbot: Any, eye_with: Callable[..., MainWindow], tmp_path: Path
) -> None:
    window = eye_with(tasks.flat)
    first = window.desk.open_scan
    click(window.segment_panel.volume)
    open_scan(qtbot, window, write_scan(tmp_path / "other.npz", seed=5))
    wait_for_end(qtbot, window)
    assert window.desk.session is not first.session
    assert window.desk.session.history.done == []
    open_scan(qtbot, window, tmp_path / "eye.npz")
    assert (window.desk.session.annotation.surfaces["ILM"] == 30).all()


def test_reopening_a_scan_while_its_run_goes_on_finds_the_same_session(
    qtbot: Any, eye_with: Callable[..., MainWindow], tmp_path: Path
) -> None:
    window = eye_with(tasks.slow)
    first = window.desk.open_scan
    click(window.segment_panel.volume)
    open_scan(qtbot, window, write_scan(tmp_path / "other.npz", seed=5))
    assert window.segment_panel.words.text().startswith("Another scan")
    open_scan(qtbot, window, tmp_path / "eye.npz")
    assert window.desk.open_scan is first
    window.desk.segmentation.cancel()
    wait_for_end(qtbot, window)
    key(window, "B")
    stroke(window, [(20, 30), (20, 40)])
    assert not window.desk.session.unsaved


def test_the_window_can_be_closed_during_a_run(
    qtbot: Any, eye_with: Callable[..., MainWindow]
) -> None:
    window = eye_with(tasks.slow)
    click(window.segment_panel.volume)
    qtbot.waitUntil(lambda: window.segment_panel.bar.value() == 100, timeout=20_000)
    window.close()
    assert not window.isVisible()


def test_the_engine_offered_before_the_list_is_read_is_the_one_that_is_always_there() -> None:
    from mirage_core.engines import engine_infos

    assert {info.name: info.title for info in engine_infos("segment")} == always_there()


def test_the_graph_engine_runs_from_the_window(
    qtbot: Any, make_app_window: Callable[..., MainWindow]
) -> None:
    from tests.shared_data import shared_data

    window = make_app_window()
    open_scan(qtbot, window, shared_data("spectralis_vol/line.vol"))
    click(window.segment_panel.volume)
    wait_for_end(qtbot, window)
    found = np.isfinite(window.desk.session.annotation.surfaces["ILM"]).mean()
    assert found > 0.9


def test_a_stroke_while_the_result_is_taken_over_counts(
    qtbot: Any, eye_with: Callable[..., MainWindow], monkeypatch: pytest.MonkeyPatch
) -> None:
    window = eye_with(tasks.flat)
    session = window.desk.session
    assert session is not None
    prepare, seen = session.prepare, []

    def prepare_with_a_stroke_behind_it(*args: Any, **kwargs: Any) -> Any:
        prepared = prepare(*args, **kwargs)
        if not seen:
            draft = session.draft(0)
            draft.mask[2:5, 2:5] = 3
            session.commit(draft, "brush", "Brush")
        seen.append(prepared)
        return prepared

    monkeypatch.setattr(session, "prepare", prepare_with_a_stroke_behind_it)
    click(window.segment_panel.volume)
    wait_for_end(qtbot, window)
    assert len(seen) == 2
    assert [e.tool for e in session.history.done] == ["brush", seen[1].edit.tool]
    assert (session.annotation.masks.labels[0, 2:5, 2:5] == 3).all()
