"""The plugin as napari loads it: files, samples, docks, menus, keys and preferences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mirage_core.io.export_hdf5 import read_native
from mirage_core.project import Project
from tests.helpers.vol_writer import write_vol
from tests.project.eyes import make_scan

SHAPE = (4, 60, 80)
VOLUME = np.random.default_rng(3).integers(0, 200, SHAPE, dtype=np.uint8)


@pytest.fixture
def vol(tmp_path: Path) -> Path:
    return write_vol(tmp_path / "eye.vol", VOLUME)


def _bench(viewer: Any) -> Any:
    from napari_mirage.bench.attach import bench_of

    return bench_of(viewer)


def _run(command: str) -> None:
    """Do what napari does when a menu entry or a command of the palette is chosen."""
    from napari._app_model import get_app_model

    get_app_model().commands.execute_command(f"mirage-viewer.{command}").result()


def test_a_file_opens_through_naparis_reader(plugin_viewer: Any, vol: Path) -> None:
    (image, *_) = plugin_viewer.open(vol, plugin="mirage-viewer")
    np.testing.assert_array_equal(np.asarray(image.data), VOLUME)
    assert image.source.reader_plugin == "mirage-viewer"
    assert str(image.units[1]) == "millimeter"


def test_samples_open_from_the_menu(plugin_viewer: Any) -> None:
    for key in ("simulated_eye", "healthy_eye", "wet_eye"):
        layers = plugin_viewer.open_sample("mirage-viewer", key)
        assert [layer._type_string for layer in layers] == ["image", "labels", "image"]


def test_layers_are_saved_through_naparis_writer(
    plugin_viewer: Any, vol: Path, tmp_path: Path
) -> None:
    image = plugin_viewer.open(vol, plugin="mirage-viewer")[0]
    labels = plugin_viewer.add_labels(np.zeros(SHAPE, np.uint8), scale=image.scale)
    labels.data[2, 10:20, 30:40] = 3
    written = plugin_viewer.layers.save(str(tmp_path / "out.h5"), plugin="mirage-viewer")
    assert written == [str(tmp_path / "out.h5")]
    content = read_native(tmp_path / "out.h5")
    np.testing.assert_array_equal(content.masks.labels, labels.data)
    np.testing.assert_array_equal(content.scan.b_scan(1), VOLUME[1])


def test_docks_open_from_the_menu(plugin_viewer: Any) -> None:
    for name, command in (
        ("Workbench", "workbench"),
        ("Fundus", "fundus"),
        ("Worklist", "worklist"),
        ("Teach", "teach_dock"),
    ):
        _run(command)
        inner = plugin_viewer.window.dock_widgets[f"{name} (MIRAGE)"]
        assert inner in _bench(plugin_viewer).docks.widgets


def test_menus_and_commands_share_one_workbench_dock(plugin_viewer: Any) -> None:
    _run("workbench")
    _run("teach")
    docks = [name for name in plugin_viewer.window.dock_widgets if "Workbench" in name]
    assert docks == ["Workbench (MIRAGE)"]


def test_commands_open_the_scan_that_is_chosen_and_then_do_their_work(
    plugin_viewer: Any, vol: Path, qtbot: Any
) -> None:
    plugin_viewer.open(vol, plugin="mirage-viewer")
    _run("correct")
    bench = _bench(plugin_viewer)
    qtbot.waitUntil(lambda: bench.desk.editable, timeout=20_000)
    qtbot.waitUntil(lambda: bench.qt_actions["tool.pen"].isChecked(), timeout=5_000)
    np.testing.assert_array_equal(bench.desk.open_scan.scan.b_scan(1), VOLUME[1])


def test_a_volume_at_work_can_be_duplicated_from_naparis_menu(
    plugin_viewer: Any, vol: Path, qtbot: Any
) -> None:
    from napari.layers._layer_actions import _duplicate_layer

    image = plugin_viewer.open(vol, plugin="mirage-viewer")[0]
    _run("correct")
    bench = _bench(plugin_viewer)
    qtbot.waitUntil(lambda: bench.desk.editable, timeout=20_000)
    plugin_viewer.layers.selection = {image}
    _duplicate_layer(plugin_viewer.layers)
    copy = plugin_viewer.layers[f"{image.name} copy"]
    np.testing.assert_array_equal(np.asarray(copy.data), VOLUME)


def test_the_session_of_an_open_scan_is_what_is_saved(
    plugin_viewer: Any, vol: Path, qtbot: Any, tmp_path: Path
) -> None:
    plugin_viewer.open(vol, plugin="mirage-viewer")
    _run("correct")
    bench = _bench(plugin_viewer)
    qtbot.waitUntil(lambda: bench.desk.editable, timeout=20_000)
    session = bench.desk.session
    draft = session.draft(1)
    draft.curves[0, :] = 12.5
    session.commit(draft, "pen", "Pen")
    plugin_viewer.layers.save(str(tmp_path / "out.h5"), plugin="mirage-viewer")
    content = read_native(tmp_path / "out.h5")
    np.testing.assert_array_equal(content.surfaces.values[0, 1], np.full(SHAPE[2], 12.5))


def test_what_cannot_be_done_is_said(
    plugin_viewer: Any, vol: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari_mirage import when_possible

    said: list[str] = []
    monkeypatch.setattr(when_possible, "notify", said.append)
    plugin_viewer.open(vol, plugin="mirage-viewer")
    _run("correct")
    bench = _bench(plugin_viewer)
    qtbot.waitUntil(lambda: bench.qt_actions["tool.pen"].isChecked(), timeout=20_000)
    _run("undo")
    assert "Undo" in said[0]
    assert "cannot be done now" in said[0]


def test_the_keys_of_the_manifest_work_once_the_workbench_is_open(plugin_viewer: Any) -> None:
    from npe2 import plugin_manager

    _run("workbench")
    keymap = {str(key) for key in plugin_viewer.keymap}
    bindings = plugin_manager.get_manifest("mirage-viewer").contributions.keybindings
    assert {binding.key for binding in bindings} <= keymap


def test_a_key_on_the_canvas_opens_the_scan_and_takes_the_pen(
    plugin_viewer: Any, vol: Path, qtbot: Any
) -> None:
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    plugin_viewer.open(vol, plugin="mirage-viewer")
    _run("workbench")
    bench = _bench(plugin_viewer)
    canvas = bench.canvas.viewport()
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_F6)
    qtbot.waitUntil(lambda: bench.qt_actions["tool.pen"].isChecked(), timeout=20_000)


def test_a_key_that_the_user_bound_on_this_viewer_stays_theirs(plugin_viewer: Any) -> None:
    pressed: list[str] = []
    for key in ("F6", "F8", "Control-Z"):
        plugin_viewer.bind_key(key, lambda _viewer, key=key: pressed.append(key))
    _run("workbench")
    for binding, press in plugin_viewer.keymap.items():
        if str(binding) in ("F6", "F8", "Ctrl+Z"):
            press(plugin_viewer)
    assert sorted(pressed) == ["Control-Z", "F6", "F8"]


def test_a_key_that_the_user_gave_to_napari_stays_naparis(plugin_viewer: Any) -> None:
    from app_model.types import KeyBinding
    from napari.settings import get_settings

    shortcuts = get_settings().shortcuts
    before = shortcuts.shortcuts
    shortcuts.shortcuts = {**before, "napari:toggle_grid": [KeyBinding.from_str("F6")]}
    try:
        _run("workbench")
        assert "F6" not in {str(key) for key in plugin_viewer.keymap}
    finally:
        shortcuts.shortcuts = before


def test_the_page_in_naparis_preferences_goes_before_what_the_app_remembers(
    plugin_viewer: Any, tmp_path: Path
) -> None:
    from napari.settings import get_plugin_settings

    from napari_mirage.preferences import starting_choices

    folder, settings = starting_choices()
    assert (folder, settings.grader, settings.device) == (None, "", "auto")
    page = get_plugin_settings("mirage-viewer").start
    page.project_folder, page.grader, page.device = str(tmp_path / "study"), " ada ", "cpu"
    folder, settings = starting_choices()
    assert (folder, settings.grader, settings.device) == (tmp_path / "study", "ada", "cpu")


def test_grader_and_device_of_the_page_are_not_given_to_the_desktop_app(
    plugin_viewer: Any,
) -> None:
    from napari.settings import get_plugin_settings

    from mirage_viewer.settings import load_settings
    from napari_mirage.preferences import starting_choices

    page = get_plugin_settings("mirage-viewer").start
    page.grader, page.device = "ada", "cpu"
    _, settings = starting_choices()
    settings.save()
    assert (load_settings().grader, load_settings().device) == ("", "auto")


def test_a_blind_project_is_read_for_the_grader_who_works_here(
    plugin_viewer: Any, tmp_path: Path
) -> None:
    from napari.settings import get_plugin_settings

    from napari_mirage.project_layers import read_project

    study = tmp_path / "study"
    with Project.create(study) as project:
        record = project.add_scan(make_scan(0))
        project.import_pixels(record, make_scan(0))
        for b, grader in enumerate(("ada", "ben")):
            session = project.session(record, grader)
            draft = session.draft(b)
            draft.mask[2:6, 2:6] = 2
            session.commit(draft, "brush", "Brush")
            project.close_session(session)
        project.set_blind(True, "lead")

    def marked() -> list[int]:
        labels = [data for data, _, kind in read_project(str(study)) if kind == "labels"]
        return [b for data in labels for b in range(len(data)) if data[b].any()]

    assert marked() == []
    get_plugin_settings("mirage-viewer").start.grader = "ben"
    assert marked() == [1]
    _bench(plugin_viewer).desk.set_grader("ada")
    assert marked() == [0]


def test_the_workbench_starts_with_what_the_page_says(plugin_viewer: Any, tmp_path: Path) -> None:
    from napari.settings import get_plugin_settings

    page = get_plugin_settings("mirage-viewer").start
    page.project_folder, page.grader = str(tmp_path / "study"), "ada"
    bench = _bench(plugin_viewer)
    assert bench.desk.author == "ada"
    assert bench.desk.projects.folder == tmp_path / "study"


def test_the_page_shows_every_choice(plugin_viewer: Any) -> None:
    from napari._qt.dialogs.preferences_dialog import PreferencesDialog

    dialog = PreferencesDialog(parent=plugin_viewer.window._qt_window)
    entries = [dialog._list.item(i).text() for i in range(dialog._list.count())]
    assert "MIRAGE" in entries
    form = dialog._stack.widget(entries.index("MIRAGE")).widget()
    words = {label.text() for label in form.findChildren(_label())}
    assert {"Project folder", "Grader name", "Run models on"} <= words
    dialog.close()


def _label() -> Any:
    from qtpy.QtWidgets import QLabel

    return QLabel


def test_the_menus_of_napari_show_our_commands(plugin_viewer: Any) -> None:
    from napari._app_model import get_app_model

    menus = get_app_model().menus
    in_segment = {
        item.command.title
        for item in menus.get_menu("napari/layers/segment")
        if hasattr(item, "command")
    }
    assert "Segment OCT volume (MIRAGE)" in in_segment
