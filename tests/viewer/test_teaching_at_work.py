"""A tiny model, really taught from the window; the libraries stay in the worker."""

from __future__ import annotations

from typing import Any

import pytest

from tests.viewer.at_work import found_by
from tests.viewer.eyes import write_scan

_MAKE = """
import os, sys
from pathlib import Path
from tests.training.finetune.lessons import parted_base
parted_base(Path(os.environ["MIRAGE_DATA_DIR"]))
"""

_SCRIPT = """
import json, sys, time
from pathlib import Path
import numpy as np
from qtpy.QtWidgets import QApplication
from mirage_core.annotate import Proposal, State
from mirage_core.scan import Masks, Surfaces
from mirage_core.training.finetune import config
from mirage_viewer.settings import Settings
from mirage_viewer.teaching import Stage
from mirage_viewer.window_factory import make_window

STEPS = 3
few = config.PRESETS["few-shot"]
config.PRESETS["few-shot"] = few.changed(
    epochs=STEPS, least_steps=None, warmup_steps=1, views=2, prior_weight=0.0
)
app = QApplication([])
window = make_window(settings=Settings(engine="base", grader="Anna", research_notice_seen=True))
window.resize(1440, 900)
window.show()
window.begin()
desk, teaching = window.desk, window.desk.teaching

def wait(holds, what):
    end = time.monotonic() + 150
    while not holds():
        assert time.monotonic() < end, what
        app.processEvents()
        time.sleep(0.01)

desk.opener.open_path(Path(sys.argv[1]))
wait(lambda: desk.editable and desk.open_scan.record.imported, "opening")
wait(lambda: desk.models.engines.listing is not None, "models")
session = desk.session
n, height, width = session.scan.shape
depths = np.array([30, 36, 40], np.float32)[:, None, None]
curves = Surfaces(np.broadcast_to(depths, (3, n, width)).copy(), ("ILM", "RPE", "BM"))
masks = Masks.empty((n, height, width))
session.adopt(Proposal(tuple(range(n)), curves, None, masks, "truth", "Truth"))
session.set_state((0, 2, 4), State.APPROVED)
wait(lambda: not session.unsaved, "saving")
window.qt_actions.trigger("scan.teach")
wait(lambda: teaching.found is not None and teaching.counting is None, "counting")
dialog = window.teach.dialog
found = {"count": dialog.choose_card.count.text(), "problem": dialog.choose_card.problem.text()}
before = {i.name for i in desk.models.engines.listing.segmenters}
dialog.choose_card.title.setText("Mine")
dialog.choose_card.start.click()
wait(lambda: not teaching.at_work, "teaching")
assert teaching.stage is Stage.DONE, teaching.why
wait(lambda: bool(teaching.held_out.b_scans), "held-out B-scans")
found["steps"] = len(teaching.run.told.losses["final"])
found["held_out"] = sorted(c.b_scan for c in teaching.held_out.b_scans)
found["lines"] = [
    dialog.result_card.table.topLevelItem(i).text(0)
    for i in range(dialog.result_card.table.topLevelItemCount())
]
def new():
    listed = desk.models.engines.listing.segmenters
    return [i.title for i in listed if i.name not in before]
wait(new, "the new model")
found["new"] = new()
dialog.result_card.use.click()
found["chosen"] = desk.models.engines.info(desk.models.engines.chosen).title
found["modules"] = sorted({m.split(".")[0] for m in sys.modules})
window.close()
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what came of teaching a tiny model with three B-scans of a small eye."""
    folder = tmp_path_factory.mktemp("teaching")
    eye = str(write_scan(folder / "eye.npz"))
    return found_by(folder, [("-c", script, eye) for script in (_MAKE, _SCRIPT)], timeout_s=250)


def test_corrected_b_scans_of_the_eye_are_found(found: dict[str, Any]) -> None:
    assert found["count"] == "3 B-scans of 1 scan, 1 patient"
    assert not found["problem"]


def test_it_learns_and_is_measured_on_each_b_scan_left_out(found: dict[str, Any]) -> None:
    assert found["steps"] == 3
    assert found["held_out"] == [0, 2, 4]
    assert found["lines"][:3] == ["ILM, px", "RPE, px", "BM, px"]


def test_the_new_model_is_among_the_engines_and_can_be_chosen(found: dict[str, Any]) -> None:
    assert found["new"] == ["Mine"]
    assert found["chosen"] == "Mine"


def test_the_window_taught_it_without_the_libraries(found: dict[str, Any]) -> None:
    assert not {"torch", "timm", "torchvision"} & set(found["modules"])
