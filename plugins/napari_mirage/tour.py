"""The plugin's tour: a real viewer does the main job on a simulated eye and leaves pictures.

``python -m napari_mirage.tour --out docs/images`` makes those of ``docs/napari.md``.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari import Viewer
    from qtpy.QtWidgets import QWidget

    from napari_mirage.bench.bench import Bench

PICTURES = ("napari_segmented", "napari_correcting", "napari_measuring", "napari_teaching")
_SIZE = (1500, 940)
_PATIENCE_S = 300.0
_SURFACE, _LIFT_PX, _SPAN_PX = "ILM", 9, 120


class TourError(RuntimeError):
    """The plugin did not do what the tour expects of it."""


def take_pictures(out: Path) -> tuple[Path, ...]:
    """Go through the work in a viewer of its own; return the pictures written to `out`.

    Raises
    ------
    TourError
        If something does not come in time.
    """
    import napari
    from npe2 import plugin_manager

    from napari_mirage.bench.brought_masks import TOPIC
    from napari_mirage.bench.docks import WORKBENCH

    plugin_manager.discover()
    viewer = napari.Viewer(show=True, show_welcome_screen=False)
    viewer.window.resize(*_SIZE)
    viewer.open_sample("mirage-viewer", "simulated_eye")
    from napari_mirage.widgets import current_bench

    bench = current_bench()
    bench.docks.show(WORKBENCH)
    _command("segment_volume")
    _wait(lambda: bench.desk.editable and _segmented(bench), "segmenting")
    for topic in ("research", TOPIC):
        bench.messages.hush(topic)
    written = [_grab(viewer, out, PICTURES[0])]
    with _stroke(bench):
        written.append(_grab(viewer, out, PICTURES[1]))
    _command("undo")
    _command("measure")
    _wait(lambda: bench.desk.measuring.current, "measuring")
    _spin(1.0)
    written.append(_grab(viewer, out, PICTURES[2]))
    bench.desk.approve_all()
    _command("teach")
    teaching = bench.desk.teaching
    _wait(lambda: teaching.found is not None and teaching.counting is None, "counting")
    _spin(0.5)
    written.append(_save(bench.teach.dialog, out / f"{PICTURES[3]}.png"))
    bench.docks.hide("Teach")
    viewer.close()
    return tuple(written)


def _segmented(bench: Bench) -> bool:
    import numpy as np

    session = bench.desk.session
    known = session is not None and np.isfinite(session.annotation.surfaces.values).any()
    return bool(known) and bench.desk.models.run is None


@contextmanager
def _stroke(bench: Bench) -> Iterator[None]:
    """Hold the pen in the middle of a stroke above a surface."""
    _command("correct")
    session = bench.desk.session
    assert session is not None
    names = session.annotation.surfaces.names
    bench.correct_panel.choose_surface(names.index(_SURFACE))
    curve = session.annotation.surfaces.values[names.index(_SURFACE), bench.desk.b]
    first = len(curve) // 4
    runner = bench.desk.runner
    assert runner is not None
    from mirage_core.annotate.tools.base import Point

    columns = range(first, first + _SPAN_PX, 4)
    runner.press(Point(float(curve[first]) - _LIFT_PX, float(first)), False)
    for x in columns:
        runner.move(Point(float(curve[x]) - _LIFT_PX, float(x)))
    _spin(0.3)
    yield
    runner.release(Point(float(curve[columns[-1]]) - _LIFT_PX, float(columns[-1])))
    _spin(0.3)


def _command(name: str) -> None:
    from napari._app_model import get_app_model

    get_app_model().commands.execute_command(f"mirage-viewer.{name}").result()


def _grab(viewer: Viewer, out: Path, name: str) -> Path:
    from PIL import Image

    _spin(0.3)
    path = out / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = viewer.screenshot(canvas_only=False, flash=False)
    Image.fromarray(picture[..., :3]).save(path, optimize=True)
    return path


def _save(widget: QWidget, path: Path) -> Path:
    widget.grab().save(str(path))
    return path


def _wait(holds: Callable[[], Any], what: str) -> None:
    end = time.monotonic() + _PATIENCE_S
    while not holds():
        if time.monotonic() > end:
            raise TourError(f"The viewer did not finish {what}.")
        _spin(0.02)


def _spin(seconds: float) -> None:
    from qtpy.QtWidgets import QApplication

    end = time.monotonic() + seconds
    while True:
        QApplication.processEvents()
        if time.monotonic() > end:
            return
        time.sleep(0.01)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tour; return 0 if all pictures were written."""
    parser = argparse.ArgumentParser(prog="python -m napari_mirage.tour", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    out = parser.parse_args(argv).out.absolute()
    with tempfile.TemporaryDirectory() as own:
        # Settings and projects of its own; the user's stay as they are.
        os.environ["MIRAGE_CONFIG_DIR"] = str(Path(own) / "config")
        os.environ["MIRAGE_DATA_DIR"] = str(Path(own) / "data")
        os.environ["NAPARI_CONFIG"] = ""
        try:
            written = take_pictures(out)
        except TourError as error:
            sys.stderr.write(f"{error}\n")
            return 1
    for path in written:
        sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
