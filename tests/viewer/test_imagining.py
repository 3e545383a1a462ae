"""What a model imagined is looked at over the real image, named as such, and goes nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPointF, Qt
from qtpy.QtGui import QImage, QPainter
from qtpy.QtTest import QTest

from mirage_core.annotate import State
from mirage_viewer.canvas import CLASS_COLORS, Overlay
from mirage_viewer.canvas.colors import IMAGINED
from mirage_viewer.canvas.imagined_item import ImaginedItem, draw_notice
from mirage_viewer.export_run import ExportChoice
from mirage_viewer.imagining import Place
from mirage_viewer.main_window import MainWindow
from mirage_viewer.messages import Message
from mirage_viewer.workers import Workers
from tests.viewer import tasks
from tests.viewer.eyes import SHAPE, click, key, open_scan, write_scan
from tests.viewer.stores import add_model

LAYERS, B_SCAN, SLO = "imagine.layers", "imagine.b_scan", "imagine.slo"
AMBER = IMAGINED.getRgb()[:3]


@pytest.fixture
def make_window(
    qtbot: Any, make_app_window: Callable[..., MainWindow]
) -> Callable[..., MainWindow]:
    """Return a factory of windows that have read the list of models."""

    def make(task: Callable[..., Any] = tasks.imagine) -> MainWindow:
        window = make_app_window(workers=Workers({"reconstruct_scan": task}))
        engines = window.desk.models.engines
        engines.refresh()
        qtbot.waitUntil(lambda: engines.listing is not None, timeout=20_000)
        return window

    return make


@pytest.fixture
def eye(qtbot: Any, make_window: Callable[..., MainWindow], tmp_path: Path) -> MainWindow:
    """Return a window with a scan and a model that imagines."""
    add_model(tmp_path, "dreamer")
    window = make_window()
    open_scan(qtbot, window, write_scan(tmp_path / "eye.npz"), b=2)
    return window


def imagine(qtbot: Any, window: MainWindow, action: str) -> None:
    assert window.qt_actions[action].isEnabled()
    window.qt_actions.trigger(action)
    qtbot.waitUntil(lambda: window.desk.models.run is None, timeout=30_000)


def shown(view: Any, z: float, x: float) -> tuple[int, int, int]:
    """Return the colour of image point ``(z, x)`` on the screen."""
    return view.grab_image().pixelColor(view.to_view(z, x).toPoint()).getRgb()[:3]


def amber_px(view: Any) -> int:
    """Return how many pixels of a view have the colour that stands for what was imagined."""
    image = view.grab_image().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)
    return int((pixels[..., 2::-1] == AMBER).all(axis=2).sum())


# ---------------------------------------------------------------------- what can be imagined


def test_without_a_scan_or_a_model_the_entries_say_why(
    qtbot: Any, make_window: Callable[..., MainWindow], tmp_path: Path
) -> None:
    window = make_window()
    assert window.qt_actions[LAYERS].toolTip() == "Open a scan first."
    open_scan(qtbot, window, write_scan(tmp_path / "eye.npz"))
    for action in (LAYERS, B_SCAN, SLO):
        assert not window.qt_actions[action].isEnabled()
        assert "No model here imagines images" in window.qt_actions[action].toolTip()


def test_a_scan_without_slo_can_only_have_its_layers_imagined(
    qtbot: Any, make_window: Callable[..., MainWindow], tmp_path: Path
) -> None:
    add_model(tmp_path, "dreamer")
    window = make_window()
    np.savez(tmp_path / "bare.npz", volume=np.full(SHAPE, 40, np.uint8))
    open_scan(qtbot, window, tmp_path / "bare.npz")
    assert window.qt_actions[LAYERS].isEnabled()
    for action in (B_SCAN, SLO):
        assert window.qt_actions[action].toolTip() == "This scan has no SLO image."


def test_while_something_runs_nothing_else_is_begun(
    qtbot: Any, make_window: Callable[..., MainWindow], tmp_path: Path
) -> None:
    add_model(tmp_path, "dreamer")
    window = make_window(tasks.imagine_slowly)
    open_scan(qtbot, window, write_scan(tmp_path / "eye.npz"))
    window.qt_actions.trigger(LAYERS)
    panel = window.segment_panel
    qtbot.waitUntil(lambda: panel.bar.value() == 100, timeout=20_000)
    assert panel.words.text().startswith("Imagining: 10%")
    assert "Another run goes on" in window.qt_actions[SLO].toolTip()
    assert not panel.volume.isEnabled()
    click(panel.cancel)
    qtbot.waitUntil(lambda: window.desk.models.run is None, timeout=30_000)
    assert "Imagining cancelled; nothing was changed." in window.messages.texts
    assert window.canvas.imagined is None
    assert panel.volume.isEnabled()


def test_of_several_models_one_is_chosen_in_the_menu(
    qtbot: Any, make_window: Callable[..., MainWindow], tmp_path: Path
) -> None:
    add_model(tmp_path, "dreamer")
    add_model(tmp_path, "dreamer", seed=2, id="second", title="Second dreamer")
    window = make_window()
    open_scan(qtbot, window, write_scan(tmp_path / "eye.npz"))
    entries = {a.text(): a for a in window.imaginer_menu.actions()}
    assert [name for name, entry in entries.items() if entry.isChecked()] == ["Tiny dreamer"]
    entries["Second dreamer"].trigger()
    imagine(qtbot, window, LAYERS)
    assert window.canvas.imagined.model == "Title of second"


# ---------------------------------------------------------------------- what is seen


def test_the_blend_goes_from_the_real_image_to_the_imagined_one(
    qtbot: Any, eye: MainWindow
) -> None:
    at = (10.0, 20.0)
    real = shown(eye.canvas, *at)
    imagine(qtbot, eye, B_SCAN)
    controls = eye.model_windows.controls
    assert controls.isVisible()
    assert controls.title.text() == "Imagined B-scan"
    controls.slider.setFocus()
    QTest.keyClick(controls.slider, Qt.Key.Key_End)
    assert shown(eye.canvas, *at) == (tasks.IMAGINED_GREY,) * 3
    controls.slider.setValue(50)
    half = shown(eye.canvas, *at)
    assert abs(half[0] - (real[0] + tasks.IMAGINED_GREY) / 2) <= 8
    QTest.keyClick(controls.slider, Qt.Key.Key_Home)
    assert shown(eye.canvas, *at) == real


def test_a_picture_says_on_itself_that_it_is_no_measurement(qtbot: Any, eye: MainWindow) -> None:
    assert amber_px(eye.canvas) == 0
    imagine(qtbot, eye, LAYERS)
    assert amber_px(eye.canvas) > 500
    eye.model_windows.controls.slider.setValue(0)
    assert amber_px(eye.canvas) == 0, "there is nothing of it to be seen"


@pytest.mark.parametrize("width", [180, 260, 900])
def test_however_long_the_title_the_notice_ends_with_its_warning(
    qapp: Any, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    monkeypatch.setattr(
        QPainter, "drawText", lambda _self, _rect, _flags, text: written.append(text)
    )
    overlay = Overlay(np.zeros((4, 4), np.uint8), None, "A long title " * 12, False)
    image = QImage(1000, 80, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    try:
        place = draw_notice(painter, QPointF(4, 4), overlay, float(width), qapp.font())
    finally:
        painter.end()
    assert place.width() <= width + 1
    assert written[0].startswith("Imagi")
    assert written[-1].endswith("not a measurement")


def test_a_map_is_drawn_in_the_colours_of_numbers_without_names(
    qtbot: Any, eye: MainWindow
) -> None:
    imagine(qtbot, eye, LAYERS)
    controls = eye.model_windows.controls
    controls.slider.setValue(100)
    assert shown(eye.canvas, 10, 20) == CLASS_COLORS[3]
    assert shown(eye.canvas, 55, 20) == CLASS_COLORS[7]
    assert "class&nbsp;3" in controls.legend.text()
    assert "class&nbsp;7" in controls.legend.text()
    assert "class&nbsp;4" not in controls.legend.text()
    assert len(CLASS_COLORS) == len(set(CLASS_COLORS)) == 13


def test_an_imagined_slo_covers_only_its_own_part_of_the_slo(qtbot: Any, eye: MainWindow) -> None:
    outside = shown(eye.slo, 80, 80)
    imagine(qtbot, eye, SLO)
    eye.model_windows.controls.slider.setValue(100)
    assert shown(eye.slo, 30, 30) == (tasks.IMAGINED_GREY,) * 3
    assert shown(eye.slo, 80, 80) == outside
    assert amber_px(eye.slo) > 200
    assert eye.canvas.imagined is None


def test_it_is_seen_on_its_own_b_scan_only(qtbot: Any, eye: MainWindow) -> None:
    imagine(qtbot, eye, B_SCAN)
    imagine(qtbot, eye, SLO)
    key(eye, "Down")
    assert (eye.canvas.imagined, eye.slo.imagined) == (None, None)
    assert not eye.model_windows.controls.isVisible()
    assert amber_px(eye.canvas) == amber_px(eye.slo) == 0
    assert not eye.qt_actions["imagine.remove"].isEnabled()
    key(eye, "Up")
    assert eye.canvas.imagined is not None
    assert eye.slo.imagined is not None
    assert eye.model_windows.controls.title.text() == "Imagined B-scan and SLO image"


def test_a_picture_that_arrives_while_another_b_scan_is_seen_says_where_it_is(
    qtbot: Any, eye: MainWindow
) -> None:
    eye.qt_actions.trigger(LAYERS)
    key(eye, "Down")
    qtbot.waitUntil(lambda: eye.desk.models.run is None, timeout=30_000)
    assert eye.canvas.imagined is None
    (entry,) = [e for e in eye.messages.entries if e.message.topic == "imagined"]
    click(entry.button)
    assert eye.desk.b == 2
    assert eye.canvas.imagined is not None


def test_the_canvas_itself_refuses_a_picture_of_another_b_scan(eye: MainWindow) -> None:
    overlay = Overlay(np.zeros(SHAPE[1:], np.uint8), None, "Model", False)
    eye.canvas.set_imagined(1, overlay)
    assert eye.canvas.imagined is None
    eye.canvas.show_b_scan(1)
    assert eye.canvas.imagined is overlay


def test_it_is_removed_by_its_button_and_by_keys(qtbot: Any, eye: MainWindow) -> None:
    controls = eye.model_windows.controls
    imagine(qtbot, eye, LAYERS)
    click(controls.remove)
    assert eye.canvas.imagined is None
    assert not controls.isVisible()
    imagine(qtbot, eye, LAYERS)
    key(eye, "Ctrl+Shift+Backspace")
    assert eye.canvas.imagined is None


def test_the_bare_image_is_bare(qtbot: Any, eye: MainWindow) -> None:
    imagine(qtbot, eye, LAYERS)
    key(eye, "H")
    assert eye.canvas.imagined is None
    key(eye, "H")
    assert eye.canvas.imagined is not None


def test_another_scan_has_nothing_imagined(qtbot: Any, eye: MainWindow, tmp_path: Path) -> None:
    imagine(qtbot, eye, LAYERS)
    open_scan(qtbot, eye, write_scan(tmp_path / "other.npz", seed=4), b=2)
    assert eye.canvas.imagined is None
    assert eye.desk.models.imagining.of(2, Place.B_SCAN) is None


def test_what_was_said_of_a_picture_goes_with_its_scan(
    qtbot: Any, eye: MainWindow, tmp_path: Path
) -> None:
    for topic in ("imagine", "imagined", "classify"):
        eye.show_message(Message(f"About {topic}.", topic=topic, action="OK"))
    open_scan(qtbot, eye, write_scan(tmp_path / "other.npz", seed=2))
    assert not [text for text in eye.messages.texts if text.startswith("About")]


def test_a_click_on_the_controls_does_not_go_through_to_the_image(
    qtbot: Any, eye: MainWindow
) -> None:
    imagine(qtbot, eye, LAYERS)
    before = eye.canvas.crosshair
    click(eye.model_windows.controls.title)
    assert eye.canvas.crosshair == before


def test_blending_costs_no_recomputing(
    qtbot: Any, eye: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    imagine(qtbot, eye, LAYERS)
    computed: list[object] = []
    monkeypatch.setattr(ImaginedItem, "_fill", lambda _self, overlay: computed.append(overlay))
    for value in range(0, 101, 10):
        eye.model_windows.controls.slider.setValue(value)
        eye.canvas.grab_image()
    assert computed == []


# ---------------------------------------------------------------------- what it never touches


def test_neither_the_work_nor_an_export_knows_of_it(
    qtbot: Any, eye: MainWindow, tmp_path: Path
) -> None:
    session = eye.desk.session
    draft = session.draft(2)
    draft.mask[32:36, 10:20] = 1
    session.commit(draft, "brush", "Brush")
    before = export(qtbot, eye, tmp_path / "before")
    annotation = session.annotation.copy()
    for action in (LAYERS, B_SCAN, SLO):
        imagine(qtbot, eye, action)
    assert len(session.history.done) == 1
    assert np.array_equal(session.annotation.masks.labels, annotation.masks.labels)
    assert np.array_equal(session.annotation.states, annotation.states)
    assert np.array_equal(
        session.annotation.surfaces.values, annotation.surfaces.values, equal_nan=True
    )
    assert export(qtbot, eye, tmp_path / "after") == before


def export(qtbot: Any, window: MainWindow, folder: Path) -> dict[str, bytes]:
    """Export all B-scans as PNG and return what was written, by name."""
    ended: list[object] = []
    window.desk.exports.progressed.connect(ended.append)
    window.desk.export(ExportChoice("png", frozenset(State), folder))
    qtbot.waitUntil(lambda: None in ended, timeout=20_000)
    window.desk.exports.progressed.disconnect(ended.append)
    written = {p.name: p.read_bytes() for p in folder.rglob("*.png")}
    assert written
    return written


def test_a_tool_in_hand_works_on_the_real_image_alone(qtbot: Any, eye: MainWindow) -> None:
    imagine(qtbot, eye, B_SCAN)
    key(eye, "P")
    assert eye.canvas.imagined is None
    assert "hidden while a tool is in hand" in eye.model_windows.controls.title.text()
    key(eye, "V")
    assert eye.canvas.imagined is not None
    key(eye, "B")
    imagine(qtbot, eye, LAYERS)
    assert eye.desk.runner.tool is None, "what was asked for is seen at once"
    assert eye.canvas.imagined.is_map
