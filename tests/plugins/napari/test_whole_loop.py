"""The whole loop in a viewer: open, segment in a worker, draw, undo, approve, teach, export."""

from __future__ import annotations

from typing import Any

import pytest

from tests.viewer.at_work import found_by
from tests.viewer.eyes import write_scan

_MAKE = """
import os
from pathlib import Path
from tests.training.finetune.lessons import parted_base
parted_base(Path(os.environ["MIRAGE_DATA_DIR"]))
"""

_LOOP = """
import json, os, sys, time
from pathlib import Path
import napari
import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication
from mirage_core.annotate import State
from mirage_core.io.export_hdf5 import read_native
from mirage_core.training.finetune import config
from mirage_viewer.settings import load_settings
from mirage_viewer.teaching import Stage
from napari._app_model import get_app_model
from npe2 import plugin_manager
from tests.plugins.napari.hands import Hands

few = config.PRESETS["few-shot"]
config.PRESETS["few-shot"] = few.changed(
    epochs=3, least_steps=None, warmup_steps=1, views=2, prior_weight=0.0
)
settings = load_settings()
settings.engine, settings.grader, settings.research_notice_seen = "base", "Anna", True
settings.save()
plugin_manager.discover()
viewer = napari.Viewer(show=True, show_welcome_screen=False)
viewer.window._qt_window.resize(1200, 900)
app = QApplication.instance()

def wait(holds, what):
    end = time.monotonic() + 150
    while not holds():
        assert time.monotonic() < end, what
        app.processEvents()
        time.sleep(0.01)

def command(name):
    get_app_model().commands.execute_command(f"mirage-viewer.{name}").result()

# open, and segment in a worker
viewer.open(sys.argv[1], plugin="mirage-viewer")
from napari_mirage.widgets import current_bench
bench = current_bench()
desk = bench.desk
wait(lambda: desk.models.engines.listing is not None, "models")
command("segment_volume")
wait(lambda: desk.editable and desk.open_scan.record.imported, "opening")
session = desk.session
names = session.annotation.surfaces.names
known = lambda: np.isfinite(session.annotation.surfaces.values[names.index("RPE")]).all()
wait(lambda: known() and desk.models.run is None, "segmenting")
found = {"layers": [layer.name.split(" ")[0] for layer in viewer.layers]}

# draw along the RPE with a real mouse, undo, redo
class OnBench(Hands):
    def __init__(self, bench):
        self.viewer, self.canvas, self.session = bench.viewer, bench.canvas, bench.desk.session

hands = OnBench(bench)
command("correct")
bench.correct_panel.choose_surface(names.index("RPE"))
values = lambda: session.annotation.surfaces.values
before = values().copy()
hands.drag([(20, x) for x in range(20, 52, 4)])
wait(lambda: not session.unsaved, "saving the stroke")
drawn = values().copy()
row = drawn[names.index("RPE"), desk.b]
found["drawn"] = [round(float(row[x])) for x in (24, 35, 46)]
same = lambda other: bool(np.array_equal(values(), other, equal_nan=True))
hands.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
found["undone"] = same(before)
command("redo")
found["redone"] = same(drawn)

# approve three B-scans and teach with them
session.set_state((0, 2, 4), State.APPROVED)
wait(lambda: not session.unsaved, "saving")
command("teach")
teaching = desk.teaching
wait(lambda: teaching.found is not None and teaching.counting is None, "counting")
dialog = bench.teach.dialog
dialog.choose_card.title.setText("Mine")
earlier = {i.name for i in desk.models.engines.listing.segmenters}
dialog.choose_card.start.click()
wait(lambda: not teaching.at_work, "teaching")
assert teaching.stage is Stage.DONE, teaching.why
new = lambda: [i.title for i in desk.models.engines.listing.segmenters if i.name not in earlier]
wait(new, "the new model")
found["new"] = new()
dialog.close()

# export by napari's own saving, and compare
target = str(Path(sys.argv[1]).with_name("out.h5"))
viewer.layers.selection = {layer for layer in viewer.layers if bench.canvas.shows(layer)}
viewer.layers.save(target, selected=True, plugin="mirage-viewer")
content = read_native(Path(target))
found["same_masks"] = bool(np.array_equal(content.masks.labels, session.annotation.masks.labels))
rpe = content.surfaces.values[content.surfaces.names.index("RPE"), desk.b]
found["same_surface"] = bool(np.array_equal(rpe, values()[names.index("RPE"), desk.b]))
found["torch"] = sorted({"torch", "timm"} & {m.split(".")[0] for m in sys.modules})
viewer.close()
app.processEvents()
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found(display: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what came of going once round with a tiny model and a small eye."""
    folder = tmp_path_factory.mktemp("loop")
    eye = str(write_scan(folder / "eye.npz"))
    return found_by(folder, [("-W", "ignore", "-c", s, eye) for s in (_MAKE, _LOOP)], 280)


def test_the_layers_are_the_scan_its_slo_and_the_masks(found: dict[str, Any]) -> None:
    assert sorted(found["layers"]) == ["Masks", "OCT", "SLO"]


def test_a_stroke_of_the_mouse_is_drawn_undone_and_redone(found: dict[str, Any]) -> None:
    assert found["drawn"] == [20, 20, 20]
    assert found["undone"]
    assert found["redone"]


def test_a_model_is_taught(found: dict[str, Any]) -> None:
    assert found["new"] == ["Mine"]


def test_what_napari_saves_is_the_work(found: dict[str, Any]) -> None:
    assert found["same_masks"]
    assert found["same_surface"]


def test_the_libraries_of_models_stay_in_the_worker(found: dict[str, Any]) -> None:
    assert found["torch"] == []
