"""A stroke of napari's brush is durable before the call that painted it returns."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from mirage_core.project import Project
from tests.project.eyes import make_scan

PROGRAM = """
import os, signal, sys
from pathlib import Path
import napari
from mirage_core.annotate import ToolRunner
from mirage_core.project import Project
from napari_mirage.canvas import NapariCanvas

project = Project.open(Path(sys.argv[1]))
session = project.session(project.worklist()[0].scan, "grader")
canvas = NapariCanvas(napari.Viewer(show=False))
canvas.set_session(session, ToolRunner(session))
masks = canvas._layers.keeper.layer
masks.brush_size = 5
masks.paint((1, 20, 20), 2)
masks.paint((3, 20, 30), 3)
print("painted", flush=True)
os.kill(os.getpid(), signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
"""


def test_what_naparis_brush_painted_survives_a_kill(tmp_path: Path, viewer: Any) -> None:
    # The fixture is wanted for its skip where there is no display.
    folder = tmp_path / "study"
    scan = make_scan()
    with Project.create(folder) as project:
        record = project.import_pixels(project.add_scan(scan), scan)
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=root,
        env=_environment(root),
    )
    assert "painted" in done.stdout, done.stderr
    with Project.open(folder) as project:
        session = project.session(record, "grader")
        assert session.annotation.masks.labels[1, 20, 20] == 2
        assert [edit.tool for edit in session.history.done] == ["napari script"] * 2
        assert session.undo() is not None
        assert session.annotation.masks.labels[3, 20, 30] == 0


def _environment(root: Path) -> dict[str, str]:
    import os

    path = os.pathsep.join([str(root), str(root / "plugins"), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": path, "NAPARI_CONFIG": ""}
