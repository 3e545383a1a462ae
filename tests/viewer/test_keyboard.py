"""One B-scan corrected without a mouse: a pointer that keys move, pressed by Space."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from mirage_core.annotate import Annotation, State
from mirage_viewer.main_window import MainWindow
from tests.viewer.eyes import SHAPE, click, key, open_scan, stroke, write_scan

WIDTH = SHAPE[2]


@pytest.fixture
def eye(qtbot: Any, window: MainWindow, tmp_path: Path) -> MainWindow:
    path = write_scan(tmp_path / "eye.npz")
    with np.load(path) as parts:
        kept = dict(parts)
    kept["volume"][:, 44:58, 30:60] = 5  # a dark pocket in grey tissue below the band
    kept["volume"][:, 40:44] = kept["volume"][:, 58:] = 90
    kept["volume"][:, 44:58, :30] = kept["volume"][:, 44:58, 60:] = 90
    np.savez(path, **kept)
    open_scan(qtbot, window, path)
    window.canvas.setFocus()
    return window


def annotation(window: MainWindow) -> Annotation:
    session = window.desk.session
    assert session is not None
    return session.annotation


def pointer(window: MainWindow) -> tuple[float, float]:
    return window.canvas.crosshair


def go(window: MainWindow, z: int, x: int) -> None:
    """Move the pointer to image point ``(z, x)`` by keys only."""
    for axis, wanted, back, forth in ((0, z, "Up", "Down"), (1, x, "Left", "Right")):
        for _ in range(200):
            away = wanted - round(pointer(window)[axis])
            if away == 0:
                break
            far = "Shift+" if abs(away) >= 10 else ""
            key(window, f"{far}Alt+{forth if away > 0 else back}")
        assert round(pointer(window)[axis]) == wanted


def space(window: MainWindow, kind: QEvent.Type, again: bool = False, **held: Any) -> None:
    """Press or let go Space, as the keyboard sends it."""
    keys = held.get("held", Qt.KeyboardModifier.NoModifier)
    event = QKeyEvent(kind, Qt.Key.Key_Space, keys, " ", again)
    QApplication.sendEvent(window.canvas, event)


def hold(window: MainWindow, **held: Any) -> None:
    space(window, QEvent.Type.KeyPress, **held)


def let_go(window: MainWindow) -> None:
    space(window, QEvent.Type.KeyRelease)


def test_a_surface_and_a_mask_of_one_b_scan_are_corrected_by_keys_alone(eye: MainWindow) -> None:
    labels = annotation(eye).masks.labels[0]
    while eye.correct_panel.surface.currentData() != "ILM":
        key(eye, "Shift+Up")
    key(eye, "P")
    go(eye, 30, 10)
    hold(eye)
    go(eye, 30, 50)
    go(eye, 26, 80)
    let_go(eye)
    ilm = annotation(eye).surfaces["ILM"][0]
    assert np.abs(ilm[10:50] - 30).max() < 1
    assert ilm[80] == pytest.approx(26, abs=1)
    assert np.isnan(ilm[:10]).all()
    key(eye, "F")
    key(eye, "2")
    go(eye, 50, 45)
    key(eye, "Space")
    assert (labels[46:56, 32:58] == 2).all()
    assert not labels[:42].any()
    key(eye, "E")
    go(eye, 50, 33)
    key(eye, "Space")
    assert not labels[50, 33]
    assert labels[50, 50] == 2
    key(eye, "Ctrl+Return")
    assert annotation(eye).b_scan_state(0) is State.APPROVED
    session = eye.desk.session
    assert session is not None
    tools = [e.tool for e in session.history.done]
    assert tools == ["pen", "fill", "eraser", "state"]


def test_a_box_is_dragged_with_space_held_down(eye: MainWindow) -> None:
    key(eye, "Shift+B")
    key(eye, "1")
    go(eye, 42, 26)
    hold(eye)
    go(eye, 60, 64)
    space(eye, QEvent.Type.KeyPress, again=True)
    assert not annotation(eye).masks.labels[0].any()
    let_go(eye)
    inside = annotation(eye).masks.labels[0, 44:58, 30:60]
    assert (inside == 1).mean() > 0.9


def test_shift_space_keeps_the_tool_down_until_space(eye: MainWindow) -> None:
    key(eye, "B")
    go(eye, 20, 20)
    hold(eye, held=Qt.KeyboardModifier.ShiftModifier)
    let_go(eye)
    assert eye.canvas.keys.down
    go(eye, 20, 60)
    key(eye, "Space")
    assert not eye.canvas.keys.down
    labels = annotation(eye).masks.labels[0]
    assert labels[20, 20:61].all()
    assert not labels[20, 80]


def test_enter_ends_a_stroke_of_several_presses_and_escape_drops_it(eye: MainWindow) -> None:
    key(eye, "S")
    for z, x in ((20, 10), (24, 40), (20, 70)):
        go(eye, z, x)
        key(eye, "Space")
    key(eye, "Return")
    surface = annotation(eye).surfaces.values[eye.correct_panel.surface.currentIndex(), 0]
    assert surface[[10, 40, 70]] == pytest.approx([20, 24, 20], abs=0.5)
    key(eye, "B")
    hold(eye)
    go(eye, 20, 20)
    key(eye, "Escape")
    let_go(eye)
    assert not eye.canvas.keys.down
    assert not annotation(eye).masks.labels[0].any()


def test_enter_ends_a_drag_that_is_kept_down(eye: MainWindow) -> None:
    key(eye, "P")
    go(eye, 20, 10)
    hold(eye, held=Qt.KeyboardModifier.ShiftModifier)
    go(eye, 20, 40)
    key(eye, "Return")
    assert not eye.canvas.keys.down
    assert np.isfinite(annotation(eye).surfaces.values[:, 0, 10:41]).any(axis=0).all()


def test_ctrl_space_scribbles_what_does_not_belong(eye: MainWindow) -> None:
    annotation(eye).masks.labels[0, 44:58, 30:80] = 1
    key(eye, "J")
    key(eye, "1")
    go(eye, 51, 66)
    hold(eye, held=Qt.KeyboardModifier.ControlModifier)
    go(eye, 51, 78)
    let_go(eye)
    key(eye, "Return")
    labels = annotation(eye).masks.labels[0]
    assert not labels[51, 66:78].any()
    assert labels[51, 32:55].all()


def test_the_pointer_shows_where_it_is_and_what_it_would_do(eye: MainWindow) -> None:
    canvas = eye.canvas
    canvas.set_crosshair_visible(False)
    key(eye, "E")
    go(eye, 20, 48)
    QApplication.processEvents()
    assert canvas._mark.isVisible()
    assert canvas._picture.ring.isVisible()
    assert canvas._mark.pos().x() == 48.5
    assert "x 48  z 20 px" in eye.status.pixels.text()
    place = canvas.to_view(20, 48).toPoint()
    seen = canvas.grab_image()
    bright = [
        seen.pixelColor(place + QPoint(dx, dy)).lightness()
        for dx in range(-6, 27)
        for dy in range(-6, 27)
    ]
    assert max(bright) > 225
    wide = canvas._picture.ring.boundingRect().width()
    key(eye, "]")
    assert canvas._picture.ring.boundingRect().width() > wide
    key(eye, "P")
    assert canvas._mark.isVisible()
    assert not canvas._picture.ring.isVisible()
    key(eye, "B")
    assert canvas._picture.ring.isVisible()


def test_keys_move_the_crosshair_where_no_tool_is_in_hand(eye: MainWindow) -> None:
    go(eye, 12, 70)
    assert not eye.canvas._mark.isVisible()
    assert eye.slo.current[1] == pytest.approx(70)
    key(eye, "Up")
    key(eye, "Down")
    assert eye.desk.b == 1, "arrow keys alone still step"


def test_the_pointer_stays_on_the_image_and_in_sight(eye: MainWindow) -> None:
    key(eye, "B")
    eye.canvas.zoom_by(6)
    for _ in range(12):
        key(eye, "Shift+Alt+Left")
        key(eye, "Shift+Alt+Up")
    assert pointer(eye) == (0, 0)
    place = eye.canvas.to_view(0, 0)
    assert eye.canvas.viewport().rect().contains(place.toPoint())
    for _ in range(12):
        key(eye, "Shift+Alt+Right")
    assert pointer(eye) == (0, WIDTH - 1)
    assert eye.canvas.viewport().rect().contains(eye.canvas.to_view(0, WIDTH - 1).toPoint())


def test_the_mouse_takes_over_and_space_pans_again(eye: MainWindow) -> None:
    key(eye, "B")
    go(eye, 20, 20)
    hold(eye)
    stroke(eye, [(50, 70), (50, 80)])
    labels = annotation(eye).masks.labels[0]
    assert labels[20, 20]
    assert labels[50, 70:81].all()
    assert not labels[35, 45], "the two are strokes of their own"
    let_go(eye)
    assert not eye.canvas._mark.isVisible()
    hold(eye)
    assert eye.canvas.viewport().cursor().shape() == Qt.CursorShape.OpenHandCursor
    let_go(eye)


def test_going_on_to_another_b_scan_ends_what_keys_hold_down(eye: MainWindow) -> None:
    key(eye, "B")
    go(eye, 20, 20)
    hold(eye, held=Qt.KeyboardModifier.ShiftModifier)
    go(eye, 20, 40)
    key(eye, "Down")
    assert eye.desk.b == 1
    assert not eye.canvas.keys.down
    assert annotation(eye).masks.labels[0, 20, 20:41].all()
    go(eye, 20, 60)
    assert not annotation(eye).masks.labels[1].any()


def test_without_a_tool_or_before_the_first_move_nothing_is_pressed(eye: MainWindow) -> None:
    key(eye, "B")
    eye.qt_actions.trigger("pointer.press")
    assert not annotation(eye).masks.labels.any()
    key(eye, "V")
    go(eye, 20, 20)
    eye.qt_actions.trigger("pointer.press")
    assert not annotation(eye).masks.labels.any()


def test_the_palette_presses_keeps_and_lets_go(eye: MainWindow) -> None:
    key(eye, "B")
    go(eye, 20, 20)
    eye.qt_actions.trigger("pointer.press")
    assert annotation(eye).masks.labels[0, 20, 20]
    eye.qt_actions.trigger("pointer.keep")
    go(eye, 20, 50)
    eye.qt_actions.trigger("pointer.keep")
    assert annotation(eye).masks.labels[0, 20, 20:51].all()
    assert not eye.desk.runner.busy


def test_space_on_a_button_is_the_button_s(eye: MainWindow) -> None:
    key(eye, "B")
    go(eye, 20, 20)
    button = eye.correct_panel.tools["fill"]
    eye.activateWindow()
    button.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(button, Qt.Key.Key_Space)
    assert eye.correct_panel.tool == "fill"
    assert not annotation(eye).masks.labels.any()


def test_the_two_new_tools_stand_in_the_panel_and_fit(eye: MainWindow) -> None:
    for name in ("box", "scribble"):
        click(eye.correct_panel.tools[name])
        assert eye.correct_panel.tool == name
        assert eye.qt_actions[f"tool.{name}"].isChecked()
    for button in eye.correct_panel.tools.values():
        assert button.width() >= button.sizeHint().width()
    right = eye.correct_panel.mapTo(eye, eye.correct_panel.rect().topRight()).x()
    assert right < eye.width()


@pytest.mark.parametrize("end", ["Space", "Return", "Escape"])
def test_a_tool_that_is_held_down_without_a_key_says_so_until_it_is_let_go(
    eye: MainWindow, end: str
) -> None:
    key(eye, "B")
    before = eye.status.hint.text()
    go(eye, 20, 20)
    hold(eye, held=Qt.KeyboardModifier.ShiftModifier)
    let_go(eye)
    assert eye.status.hint.text().startswith("Brush is held down")
    go(eye, 20, 40)
    assert "held down" in eye.status.hint.text()
    key(eye, end)
    assert eye.status.hint.text() == before


def test_a_key_that_is_held_is_felt_and_need_not_be_told(eye: MainWindow) -> None:
    key(eye, "B")
    go(eye, 20, 20)
    hold(eye)
    assert eye.canvas.keys.down
    assert "held down" not in eye.status.hint.text()
    let_go(eye)
