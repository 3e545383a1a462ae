"""A tiny model, really taught to tell labels from the window, and asked why; no torch in it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.viewer.at_work import found_by

_MAKE = """
import os, sys
from pathlib import Path
from mirage_core.project import LabelSet, Project
from tests.training.classify.eyes import base, scan_of
base(Path(os.environ["MIRAGE_DATA_DIR"]))
with Project.create(Path(sys.argv[1])) as project:
    project.labels.set_label_set(LabelSet(("dark", "bright")), "Anna")
    for seed in range(4):
        scan = scan_of((0, 1, 0, 1), seed)
        record = project.import_pixels(project.add_scan(scan, "Anna"), scan)
        project.set_pseudonym(record, f"P{seed}")
        for b, name in enumerate(("dark", "bright", "dark")):
            project.labels.set(record.id, [name], "Anna", b_scan=b)
"""

_SCRIPT = """
import json, sys, time
from pathlib import Path
from qtpy.QtWidgets import QApplication
from mirage_viewer.settings import Settings
from mirage_viewer.teaching import Stage
from mirage_viewer.window_factory import make_window

app = QApplication([])
window = make_window(
    project=Path(sys.argv[1]), settings=Settings(grader="Anna", research_notice_seen=True)
)
window.resize(1440, 900)
window.show()
window.begin()
desk, teaching = window.desk, window.desk.class_teaching

def wait(holds, what):
    end = time.monotonic() + 300
    while not holds():
        assert time.monotonic() < end, what
        app.processEvents()
        time.sleep(0.01)

wait(lambda: len(window.worklist.page.model.lines) == 4, "worklist")
desk.opener.open_record(window.worklist.page.model.lines[0].row.scan.id)
wait(lambda: desk.editable, "opening")
wait(lambda: bool(desk.labelling.known.names), "labels")
desk.show_b_scan(3)
window.qt_actions.trigger("labels.b_scan_2")
wait(lambda: not desk.labelling._shown, "labelling")
window.teach.show(classes=True)
page = window.teach.dialog.classes
wait(lambda: teaching.found is not None and not teaching.counting, "counting")
found = {"count": page.choose.count.text(), "problem": page.choose.problem.text()}
teaching.want(base="base")
wait(lambda: teaching.found.base[0] == "base" and not teaching.counting, "counting")
page.choose.start.click()
wait(lambda: not teaching.at_work, "teaching")
assert teaching.stage is Stage.DONE, teaching.why
wait(lambda: desk.models.engines.classifiers, "the new model")
found["sentence"] = page.result.sentence.text()
found["lines"] = [
    page.result.table.topLevelItem(i).text(0) for i in range(page.result.table.topLevelItemCount())
]
page.result.use.click()
found["used"] = teaching.used
desk.show_b_scan(1)
wait(lambda: desk.models.run is None and "classify" not in desk.circumstances.why, "ready")
window.model_windows.classify(whole=False)
shown = window.model_windows.classes
wait(lambda: desk.models.run is None and shown.rows, "classifying")
found["rows"] = dict(shown.rows)
shown.whys["bright"].click()
wait(lambda: desk.models.run is None, "explaining")
evidence = desk.models.explaining.shown
found["said"] = [e.message.text for e in window.messages.entries]
found["evidence"] = window.canvas.evidence
found["heat"] = list(evidence.heat.shape), float(evidence.heat.max())
found["modules"] = sorted({m.split(".")[0] for m in sys.modules})
window.close()
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what came of teaching a tiny model with thirteen labelled B-scans."""
    folder = tmp_path_factory.mktemp("classes")
    study = str(folder / "study")
    return found_by(folder, [("-c", script, study) for script in (_MAKE, _SCRIPT)], timeout_s=600)


def test_what_was_labelled_is_counted_the_last_one_too(found: dict[str, Any]) -> None:
    assert found["count"] == "13 labelled B-scans of 4 patients"
    assert not found["problem"]


def test_it_learns_and_is_measured_on_patients_held_back(found: dict[str, Any]) -> None:
    assert "On 13 examples of 4 patients held back" in found["sentence"]
    assert found["lines"] == ["dark", "bright", "mean"]
    assert found["used"]


def test_the_new_model_classifies_and_shows_why_on_the_b_scans_own_grid(
    found: dict[str, Any],
) -> None:
    assert set(found["rows"]) == {"dark", "bright"}
    assert sum(found["rows"].values()) == pytest.approx(1, abs=1e-4)
    assert found["evidence"].startswith("What speaks for bright")
    assert found["heat"] == [[60, 72], 1.0]


def test_the_window_did_all_of_it_without_the_libraries(found: dict[str, Any]) -> None:
    assert not {"torch", "timm", "sklearn", "torchvision"} & set(found["modules"])
