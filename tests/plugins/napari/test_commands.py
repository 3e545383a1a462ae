"""Commands act on what is seen: the scan that is chosen, at the B-scan shown, or on nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mirage_core.annotate import State
from mirage_core.project import Project
from tests.helpers.vol_writer import write_vol
from tests.project.eyes import make_scan

SHAPE = (6, 60, 80)


@pytest.fixture
def make_vol(tmp_path: Path) -> Callable[[int], Path]:
    def make(seed: int) -> Path:
        volume = np.random.default_rng(seed).integers(0, 200, SHAPE, dtype=np.uint8)
        return write_vol(tmp_path / f"eye{seed}.vol", volume)

    return make


@pytest.fixture
def image(plugin_viewer: Any, make_vol: Callable[[int], Path]) -> Any:
    """Return the image of a file that is open in napari and not in the workbench."""
    return plugin_viewer.open(make_vol(1), plugin="mirage-viewer")[0]


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    from napari_mirage import when_possible

    sentences: list[str] = []
    monkeypatch.setattr(when_possible, "notify", sentences.append)
    return sentences


def _bench(viewer: Any) -> Any:
    from napari_mirage.bench.attach import bench_of

    return bench_of(viewer)


def _do(command: str) -> None:
    from napari_mirage import commands

    getattr(commands, command)()


def _show(viewer: Any, image: Any, b: int) -> None:
    viewer.dims.set_point(0, float(image.data_to_world((b, 0, 0))[0]))


def _b_shown(bench: Any) -> int:
    return int(bench.canvas._layers.b)


@pytest.mark.parametrize("b", [0, 3, 5])
def test_a_command_is_about_the_b_scan_that_napari_shows(
    plugin_viewer: Any, image: Any, qtbot: Any, b: int
) -> None:
    _show(plugin_viewer, image, b)
    bench = _bench(plugin_viewer)
    asked: list[int] = []
    bench.qt_actions["scan.segment_one"].triggered.disconnect()
    bench.qt_actions["scan.segment_one"].triggered.connect(lambda: asked.append(bench.desk.b))
    _do("segment_b_scan")
    qtbot.waitUntil(lambda: bool(asked), timeout=20_000)
    assert asked == [b]
    assert _b_shown(bench) == b


def test_a_step_made_while_the_scan_is_being_opened_is_not_taken_back(
    plugin_viewer: Any, image: Any, qtbot: Any
) -> None:
    _show(plugin_viewer, image, 0)
    _do("correct")
    bench = _bench(plugin_viewer)
    qtbot.waitUntil(lambda: bench.desk.open_scan is not None and bench.desk.b == 0, timeout=20_000)
    bench.desk.show_b_scan(4)
    qtbot.waitUntil(lambda: bench.qt_actions["tool.pen"].isChecked(), timeout=20_000)
    assert (bench.desk.b, _b_shown(bench)) == (4, 4)


@pytest.mark.parametrize("command", ["approve", "undo", "redo"])
def test_a_scan_that_is_not_open_is_only_opened(
    plugin_viewer: Any, image: Any, qtbot: Any, said: list[str], command: str
) -> None:
    _show(plugin_viewer, image, 1)
    _do(command)
    bench = _bench(plugin_viewer)
    qtbot.waitUntil(lambda: bool(said), timeout=20_000)
    assert "nothing was changed" in said[0]
    assert bench.desk.editable
    assert bench.desk.b == 1
    assert not bench.desk.session.history.done
    if command == "approve":
        _do(command)
        states = bench.desk.session.annotation.states
        assert (states == State.APPROVED).any(axis=0).tolist() == [i == 1 for i in range(6)]


@pytest.mark.parametrize("command", ["teach", "models", "open_project"])
def test_commands_that_need_no_scan_open_none(
    plugin_viewer: Any, image: Any, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    bench = _bench(plugin_viewer)
    done: list[str] = []
    monkeypatch.setattr(bench.qt_actions, "trigger", done.append)
    _do(command)
    assert len(done) == 1
    assert not bench.desk.opener.busy
    assert bench.desk.open_scan is None


def test_masks_and_slo_of_the_open_scan_do_not_open_it_again(
    plugin_viewer: Any, qtbot: Any
) -> None:
    layers = plugin_viewer.open_sample("mirage-viewer", "healthy_eye")
    plugin_viewer.layers.selection.active = layers[0]
    _do("correct")
    bench = _bench(plugin_viewer)
    qtbot.waitUntil(lambda: bench.qt_actions["tool.pen"].isChecked(), timeout=30_000)
    opened = bench.desk.open_scan
    for layer in layers[1:]:
        plugin_viewer.layers.selection.active = layer
        _do("correct")
        assert not bench.desk.opener.busy
        assert bench.desk.open_scan is opened


def test_what_was_wanted_on_one_scan_is_not_done_on_another(
    plugin_viewer: Any, image: Any, make_vol: Callable[[int], Path], qtbot: Any, said: list[str]
) -> None:
    bench = _bench(plugin_viewer)
    done: list[str] = []
    bench.qt_actions["tool.pen"].triggered.connect(lambda: done.append("pen"))
    _do("correct")
    other = make_vol(2)
    bench.desk.opener.open_path(other)
    qtbot.waitUntil(lambda: bench.desk.editable, timeout=20_000)
    assert bench.desk.open_scan.path == other
    qtbot.wait(100)
    assert done == []
    assert said == []


def test_a_project_is_the_one_in_use_however_its_path_is_written(
    plugin_viewer: Any, qtbot: Any, tmp_path: Path
) -> None:
    study = tmp_path / "study"
    with Project.create(study) as project:
        project.import_pixels(project.add_scan(make_scan(0)), make_scan(0))
    bench = _bench(plugin_viewer)
    bench.desk.use_project(study)
    qtbot.waitUntil(lambda: bench.desk.projects.current is not None, timeout=20_000)
    current = bench.desk.projects.current
    (tmp_path / "link").symlink_to(study, target_is_directory=True)
    plugin_viewer.open(tmp_path / "link", plugin="mirage-viewer")
    _do("correct")
    qtbot.waitUntil(lambda: bench.qt_actions["tool.pen"].isChecked(), timeout=20_000)
    assert bench.desk.projects.current is current


def test_the_class_chosen_in_naparis_controls_is_the_one_in_the_workbench(
    plugin_viewer: Any, image: Any, qtbot: Any
) -> None:
    _do("paint_masks")
    bench = _bench(plugin_viewer)
    qtbot.waitUntil(lambda: bench.correct_panel.tool == "brush", timeout=20_000)
    masks = bench.canvas._layers.keeper.layer
    masks.selected_label = 3
    assert bench.correct_panel.mask_class.currentData() == 3
    assert bench.desk.runner.options.mask_class == 3
    bench.correct_panel.step_radius(1)
    assert masks.selected_label == 3


def test_that_there_is_no_scan_is_said(plugin_viewer: Any) -> None:
    bench = _bench(plugin_viewer)
    _do("segment_volume")
    assert "No scan is open" in " ".join(e.message.text for e in bench.messages.entries)
