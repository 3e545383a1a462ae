"""Real models, tiny and untrained, run from the window; their libraries stay in the worker."""

from __future__ import annotations

from typing import Any

import pytest

from tests.viewer.at_work import found_by
from tests.viewer.eyes import write_scan

_SCRIPT = """
import json, sys, time
from pathlib import Path
from qtpy.QtWidgets import QApplication
from mirage_viewer.settings import Settings
from mirage_viewer.window_factory import make_window

app = QApplication([])
window = make_window(settings=Settings(engine="layers", research_notice_seen=True))
window.resize(1440, 900)
window.show()
window.begin()
desk = window.desk

def wait(holds, what):
    end = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < end, what
        app.processEvents()
        time.sleep(0.01)

def run(action):
    assert window.qt_actions[action].isEnabled(), window.qt_actions[action].toolTip()
    window.qt_actions.trigger(action)
    wait(lambda: desk.models.run is None, action)
    assert not [e for e in window.messages.entries if e.message.level == "error"], action

desk.opener.open_path(Path(sys.argv[1]))
wait(lambda: desk.editable and desk.models.engines.listing is not None, "opening")
found = {"b": desk.b}
run("scan.segment_one")
edit = desk.session.history.done[-1]
found["edit"] = [edit.label, list(edit.b_scans)]
for action in ("imagine.layers", "imagine.slo", "imagine.b_scan"):
    run(action)
    found[action] = [
        view.imagined is not None and list(view.imagined.image.shape)
        for view in (window.canvas, window.slo)
    ]
run("scan.classify")
found["classes"] = window.model_windows.classes.rows
found["modules"] = sorted({m.split(".")[0] for m in sys.modules})
window.close()
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what came of a window's work with one model of every kind."""
    folder = tmp_path_factory.mktemp("models")
    eye = str(write_scan(folder / "eye.npz"))
    programs = [("-m", "tests.viewer.make_models"), ("-c", _SCRIPT, eye)]
    return found_by(folder, programs, timeout_s=200)


def test_a_model_segments_the_b_scan_that_is_shown(found: dict[str, Any]) -> None:
    label, b_scans = found["edit"]
    assert "Tiny layers · exact" in label
    assert b_scans == [found["b"]] == [2]


def test_a_model_imagines_on_the_grids_of_the_scan(found: dict[str, Any]) -> None:
    b_scan, slo = [64, 96], [100, 100]
    assert found["imagine.layers"] == [b_scan, False]
    assert found["imagine.slo"] == [b_scan, slo]
    assert found["imagine.b_scan"] == [b_scan, slo]


def test_a_model_classifies(found: dict[str, Any]) -> None:
    shares = dict(found["classes"])
    assert shares.keys() == {"normal", "AMD"}
    assert sum(shares.values()) == pytest.approx(1.0)


def test_the_window_ran_them_without_their_libraries(found: dict[str, Any]) -> None:
    assert "mirage_core" in found["modules"]
    assert not {"torch", "timm", "torchvision"} & set(found["modules"])
