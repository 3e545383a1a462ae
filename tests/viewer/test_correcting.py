"""Stepping, drawing, undoing, approving: by mouse and key on the real window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from mirage_core.annotate import State
from mirage_viewer.main_window import MainWindow
from tests.viewer.eyes import key, open_scan, stroke, write_scan


@pytest.fixture
def eye(qtbot: Any, window: MainWindow, tmp_path: Path) -> MainWindow:
    open_scan(qtbot, window, write_scan(tmp_path / "eye.npz"))
    return window


def surface(window: MainWindow, name: str) -> np.ndarray:
    return window.desk.session.annotation.surfaces[name][window.desk.b]


def turn_wheel(window: MainWindow, notches: int) -> None:
    view = window.canvas.viewport()
    centre = QPointF(view.rect().center())
    event = QWheelEvent(
        centre,
        QPointF(view.mapToGlobal(centre.toPoint())),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view, event)


def test_wheel_and_keys_step_through_the_b_scans(eye: MainWindow) -> None:
    seen = [eye.desk.b]
    for sequence in ("Down", "Right", "PgDown", "Up", "Left", "PgUp", "End", "Down", "Home", "Up"):
        key(eye, sequence)
        seen.append(eye.desk.b)
    assert seen == [0, 1, 2, 3, 2, 1, 0, 4, 4, 0, 0]
    turn_wheel(eye, -1)
    assert eye.desk.b == eye.canvas.b == eye.strip.current == eye.slo.current[0] == 1
    assert eye.view_bar.place.text() == "B-scan 2 of 5"


def test_a_click_on_the_strip_goes_there(eye: MainWindow) -> None:
    place = eye.strip.cell_rect(3).center().toPoint()
    QTest.mouseClick(eye.strip, Qt.MouseButton.LeftButton, pos=place)
    assert eye.desk.b == 3


def test_the_crosshair_is_linked_both_ways(eye: MainWindow) -> None:
    stroke(eye, [(30, 20), (30, 70)])
    assert eye.slo.current[1] == pytest.approx(70, abs=1)
    row, col = eye.desk.open_scan.scan.geometry.slo_point(3, 25, 96)
    place = eye.slo.to_view(row, col).toPoint()
    QTest.mouseClick(eye.slo.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert eye.desk.b == eye.canvas.b == 3
    assert eye.canvas.crosshair[1] == pytest.approx(25, abs=1)


def test_the_status_bar_follows_the_pointer(eye: MainWindow) -> None:
    QTest.mouseMove(eye.canvas.viewport(), eye.canvas.to_view(35, 48).toPoint())
    assert "x 48  z 35 px" in eye.status.pixels.text()
    assert eye.status.microns.text() == "x 576  z 140 µm"


def test_a_pen_stroke_draws_the_chosen_surface(eye: MainWindow) -> None:
    eye.correct_panel.surface.setCurrentIndex(eye.correct_panel.surface.findData("ILM"))
    QTest.mouseClick(eye.correct_panel.tools["pen"], Qt.MouseButton.LeftButton)
    assert eye.qt_actions["tool.pen"].isChecked()
    assert eye.status.hint.text()
    stroke(eye, [(25, 20), (25, 40), (25, 60)])
    drawn = surface(eye, "ILM")
    assert np.isfinite(drawn[22:58]).all()
    assert np.abs(drawn[25:55] - 25).max() < 1
    assert np.isnan(drawn[:15]).all()
    assert eye.history_panel.model.index(0).data().endswith("Pen on ILM, B-scan 1")
    assert eye.desk.session.annotation.b_scan_state(0) is State.EDITED


def test_a_pushed_neighbour_keeps_the_order(eye: MainWindow) -> None:
    panel = eye.correct_panel
    key(eye, "P")
    panel.surface.setCurrentIndex(panel.surface.findData("BM"))
    stroke(eye, [(40, 10), (40, 80)])
    panel.surface.setCurrentIndex(panel.surface.findData("RPE"))
    stroke(eye, [(50, 30), (50, 60)])
    assert surface(eye, "BM")[45] >= surface(eye, "RPE")[45] > 45
    key(eye, "Ctrl+Z")
    panel.ordering.setCurrentIndex(panel.ordering.findData("clamp"))
    assert eye.desk.settings.ordering == "clamp"
    stroke(eye, [(50, 30), (50, 60)])
    assert surface(eye, "RPE")[45] == surface(eye, "BM")[45] == pytest.approx(40, abs=1)


def test_a_brush_stroke_paints_the_chosen_class(eye: MainWindow) -> None:
    key(eye, "B")
    key(eye, "2")
    assert eye.correct_panel.mask_class.currentText().startswith("SRF")
    key(eye, "]")
    assert eye.desk.runner.options.radius_px == 8
    stroke(eye, [(20, 30), (20, 50)])
    labels = eye.desk.session.annotation.masks.labels[0]
    assert labels[20, 30:50].tolist() == [2] * 20
    assert set(np.unique(labels)) == {0, 2}
    key(eye, "E")
    stroke(eye, [(20, 25), (20, 55)])
    assert labels[20, 32:48].max() == 0


def test_undo_and_redo_go_to_what_they_change(eye: MainWindow) -> None:
    key(eye, "B")
    for b in (0, 3):
        eye.desk.show_b_scan(b)
        stroke(eye, [(20, 30), (20, 40)])
    eye.desk.show_b_scan(1)
    labels = eye.desk.session.annotation.masks.labels
    key(eye, "Ctrl+Z")
    assert (eye.desk.b, labels[3].any()) == (3, False)
    QTest.mouseClick(eye.correct_panel.undo, Qt.MouseButton.LeftButton)
    assert (eye.desk.b, labels[0].any()) == (0, False)
    assert not eye.qt_actions["edit.undo"].isEnabled()
    key(eye, "Ctrl+Shift+Z")
    key(eye, "Ctrl+Y")
    assert (eye.desk.b, labels[0].any(), labels[3].any()) == (3, True, True)
    assert not eye.qt_actions["edit.redo"].isEnabled()


def test_undo_during_a_stroke_of_clicks_drops_the_stroke_first(eye: MainWindow) -> None:
    key(eye, "B")
    stroke(eye, [(20, 30), (20, 40)])
    key(eye, "G")
    for z, x in ((10, 10), (10, 60), (30, 60)):
        place = eye.canvas.to_view(z, x).toPoint()
        QTest.mouseClick(eye.canvas.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert eye.desk.runner.busy
    key(eye, "Ctrl+Z")
    assert not eye.desk.runner.busy
    assert len(eye.desk.session.history.done) == 1
    assert eye.desk.session.annotation.masks.labels[0, 20, 35] == 1


def test_approving_steps_on_and_can_be_withdrawn(eye: MainWindow) -> None:
    key(eye, "B")
    stroke(eye, [(20, 30), (20, 40)])
    QTest.mouseClick(eye.correct_panel.approve, Qt.MouseButton.LeftButton)
    annotation = eye.desk.session.annotation
    assert annotation.b_scan_state(0) is State.APPROVED
    assert eye.desk.b == 1
    key(eye, "Up")
    key(eye, "Ctrl+Backspace")
    assert annotation.b_scan_state(0) is State.EDITED


def test_all_that_is_drawn_on_is_approved_at_once(eye: MainWindow) -> None:
    key(eye, "B")
    for b in (1, 3):
        eye.desk.show_b_scan(b)
        stroke(eye, [(20, 30), (20, 40)])
    eye.qt_actions["edit.approve_all"].trigger()
    states = eye.desk.session.annotation.b_scan_states()
    assert [b for b, s in enumerate(states) if s is State.APPROVED] == [1, 3]
    key(eye, "Ctrl+N")
    assert eye.desk.b == 4
    key(eye, "Ctrl+N")
    assert eye.desk.b == 0


def test_the_grader_s_name_is_kept_with_every_edit(
    eye: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qtpy.QtWidgets import QInputDialog

    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("Grader B", True))
    eye.qt_actions["edit.grader"].trigger()
    key(eye, "B")
    stroke(eye, [(20, 30), (20, 40)])
    assert eye.desk.session.history.done[-1].author == "Grader B"


def test_the_history_leads_to_a_b_scan(eye: MainWindow) -> None:
    key(eye, "B")
    eye.desk.show_b_scan(2)
    stroke(eye, [(20, 30), (20, 40)])
    eye.desk.show_b_scan(0)
    eye.show_tab(eye.history_panel)
    place = eye.history_panel.list.visualRect(eye.history_panel.model.index(0)).center()
    QTest.mouseClick(eye.history_panel.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert eye.desk.b == 2


def test_surfaces_and_masks_can_be_hidden(eye: MainWindow) -> None:
    key(eye, "B")
    key(eye, "C")
    stroke(eye, [(20, 30), (20, 60)])
    key(eye, "V")
    spot = eye.canvas.to_view(20, 45).toPoint()

    def coloured() -> bool:
        color = eye.canvas.grab().toImage().pixelColor(spot)
        return max(color.red(), color.green(), color.blue()) - color.red() > 20

    assert coloured()
    key(eye, "M")
    assert not coloured()
    assert not eye.layers_panel.masks.isChecked()
    key(eye, "M")
    assert coloured()
    key(eye, "H")
    assert not coloured()
    key(eye, "H")
    assert coloured()


def test_a_surface_can_be_hidden_and_picked_in_the_list(eye: MainWindow) -> None:
    hidden: list[tuple[int, bool]] = []
    eye.layers_panel.surface_shown.connect(lambda row, on: hidden.append((row, on)))
    item = eye.layers_panel.list.item(0)
    item.setCheckState(Qt.CheckState.Unchecked)
    assert hidden == [(0, False)]
    eye.layers_panel.list.itemClicked.emit(eye.layers_panel.list.item(4))
    assert eye.correct_panel.surface.currentIndex() == 4
    key(eye, "Shift+Down")
    assert eye.desk.runner.options.surface == 5


def test_contrast_sliders_and_auto_agree_with_the_image(eye: MainWindow) -> None:
    eye.view_bar.low.setValue(100)
    assert eye.canvas.contrast == (100, 255)
    key(eye, "Ctrl+L")
    assert (eye.view_bar.low.value(), eye.view_bar.high.value()) == eye.canvas.contrast
    key(eye, "Ctrl+Shift+L")
    assert eye.canvas.contrast == (0, 255)


def test_zoom_fit_and_proportions(eye: MainWindow) -> None:
    fitted = eye.canvas.zoom
    key(eye, "Ctrl++")
    assert eye.canvas.zoom == pytest.approx(1.25 * fitted)
    key(eye, "Ctrl+1")
    assert eye.canvas.zoom == pytest.approx(1)
    key(eye, "Ctrl+0")
    assert eye.canvas.zoom == pytest.approx(fitted)
    key(eye, "U")
    assert eye.canvas.pixel_aspect == pytest.approx(0.004 / 0.012)


def test_keys_stay_with_the_list_that_has_the_keyboard(eye: MainWindow) -> None:
    eye.layers_panel.list.setFocus()
    eye.layers_panel.list.setCurrentRow(0)
    QTest.keyClick(eye.layers_panel.list, Qt.Key.Key_Down)
    assert eye.desk.b == 0
    assert eye.layers_panel.list.currentRow() == 1


def test_a_tool_that_is_in_hand_stays_ticked_when_it_is_asked_for_again(
    qtbot: Any, window: MainWindow, tmp_path: Path
) -> None:
    open_scan(qtbot, window, write_scan(tmp_path / "eye.npz"))
    for _ in range(2):
        window.qt_actions.trigger("tool.pen")
        assert window.qt_actions["tool.pen"].isChecked()
        assert not window.qt_actions["tool.none"].isChecked()
