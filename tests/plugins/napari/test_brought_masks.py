"""Masks that came with a file are never lost unsaid: they are taken over, or stay in sight."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mirage_core.io.atomic import ExportError
from mirage_core.io.export_hdf5 import read_native
from mirage_core.project import Project
from tests.io.exported_eye import make_annotation, make_scan
from tests.project.eyes import make_scan as make_project_scan


@pytest.fixture
def native(tmp_path: Path) -> Path:
    """Return a file that holds a scan with masks."""
    from napari_mirage import writers
    from napari_mirage.layers import mask_layer, scan_layers

    scan = make_scan()
    path = tmp_path / "eye.h5"
    masks = make_annotation(scan).masks
    writers.write_hdf5(str(path), [scan_layers(scan)[0], mask_layer(scan, masks)])
    return path


def _bench(viewer: Any) -> Any:
    from napari_mirage.bench.attach import bench_of

    return bench_of(viewer)


def _open(viewer: Any, path: Path, qtbot: Any) -> Any:
    """Open `path` in napari and in the workbench; return its image, its masks and the bench."""
    from napari_mirage import commands

    image, labels = viewer.open(path, plugin="mirage-viewer")[:2]
    commands.correct()
    bench = _bench(viewer)
    qtbot.waitUntil(lambda: bench.correct_panel.tool == "pen", timeout=20_000)
    qtbot.wait(50)
    return image, labels, bench


def _entry(bench: Any, words: str) -> Any:
    return next((e for e in bench.messages.entries if words in e.message.text), None)


def test_masks_of_the_file_stay_in_sight_until_they_are_taken_over(
    plugin_viewer: Any, native: Path, qtbot: Any
) -> None:
    _, labels, bench = _open(plugin_viewer, native, qtbot)
    session = bench.desk.session
    assert labels.visible
    assert labels.data.any()
    assert not session.annotation.masks.labels.any()
    _entry(bench, "Masks came with this scan").message.do()
    np.testing.assert_array_equal(session.annotation.masks.labels, labels.data)
    assert len(session.history.done) == 1
    assert (labels.visible, labels.editable) == (False, False)
    assert _entry(bench, "Masks came with this scan") is None
    session.undo()
    assert not session.annotation.masks.labels.any()


def test_what_was_painted_before_the_workbench_opened_is_taken_over_too(
    plugin_viewer: Any, native: Path, qtbot: Any
) -> None:
    from napari_mirage import commands

    _, labels = plugin_viewer.open(native, plugin="mirage-viewer")[:2]
    labels.data[1, 30:34, 2:9] = 3
    commands.paint_masks()
    bench = _bench(plugin_viewer)
    qtbot.waitUntil(lambda: _entry(bench, "Masks came") is not None, timeout=20_000)
    _entry(bench, "Masks came").message.do()
    assert (bench.desk.session.annotation.masks.labels[1, 30:34, 2:9] == 3).all()


def test_masks_that_are_the_work_already_are_a_picture_until_the_scan_is_closed(
    plugin_viewer: Any, native: Path, qtbot: Any
) -> None:
    _, labels, bench = _open(plugin_viewer, native, qtbot)
    _entry(bench, "Masks came").message.do()
    bench.desk.opener.close_scan()
    qtbot.waitUntil(lambda: labels.editable, timeout=5_000)
    plugin_viewer.layers.clear()
    _, again, _ = _open(plugin_viewer, native, qtbot)
    assert (again.visible, again.editable) == (False, False)
    assert _entry(bench, "Masks came") is None


def test_classes_go_by_their_names_and_those_that_are_not_here_are_named(
    plugin_viewer: Any, native: Path, qtbot: Any
) -> None:
    from napari_mirage import commands

    _, labels = plugin_viewer.open(native, plugin="mirage-viewer")[:2]
    labels.metadata = {**labels.metadata, "classes": {1: "SRF", 9: "Vitreous"}}
    data = np.zeros_like(labels.data)
    data[0, 3:6, 4:9], data[2, 3:6, 4:9] = 1, 9
    labels.data = data
    commands.correct()
    bench = _bench(plugin_viewer)
    qtbot.waitUntil(lambda: _entry(bench, "Masks came") is not None, timeout=20_000)
    message = _entry(bench, "Masks came").message
    assert "No class here for: Vitreous." in message.hint
    message.do()
    masks = bench.desk.session.annotation.masks
    assert np.unique(masks.labels).tolist() == [0, masks.scheme.by_name("SRF").value]
    assert labels.visible  # what was left out is not lost


def test_the_file_is_not_written_over_with_less_than_is_seen(
    plugin_viewer: Any, native: Path, qtbot: Any
) -> None:
    _, labels, bench = _open(plugin_viewer, native, qtbot)
    before = native.read_bytes()
    with pytest.raises(ExportError, match="not part of the work yet"):
        plugin_viewer.layers.save(str(native), plugin="mirage-viewer")
    assert native.read_bytes() == before
    _entry(bench, "Masks came").message.do()
    plugin_viewer.layers.save(str(native), plugin="mirage-viewer")
    np.testing.assert_array_equal(read_native(native).masks.labels, labels.data)


def test_true_masks_of_a_sample_make_room_and_it_is_said(plugin_viewer: Any, qtbot: Any) -> None:
    from napari_mirage import commands

    labels = plugin_viewer.open_sample("mirage-viewer", "simulated_eye")[1]
    commands.correct()
    bench = _bench(plugin_viewer)
    qtbot.waitUntil(lambda: _entry(bench, "true masks") is not None, timeout=30_000)
    assert not labels.visible
    _entry(bench, "true masks").message.do()
    np.testing.assert_array_equal(bench.desk.session.annotation.masks.labels, labels.data)


def test_the_masks_of_another_grader_cannot_be_painted_on_nor_taken_over(
    plugin_viewer: Any, tmp_path: Path, qtbot: Any
) -> None:
    with Project.create(tmp_path / "study") as project:
        record = project.add_scan(make_project_scan(0))
        project.import_pixels(record, make_project_scan(0))
        session = project.session(record, "ben")
        draft = session.draft(1)
        draft.mask[2:6, 2:6] = 2
        session.commit(draft, "brush", "Brush")
        project.close_session(session)
    _, labels, bench = _open(plugin_viewer, tmp_path / "study", qtbot)
    assert labels.data.any()
    assert (labels.visible, labels.editable) == (False, False)
    message = _entry(bench, "ben").message
    assert message.do is None
    assert not bench.desk.session.annotation.masks.labels.any()
