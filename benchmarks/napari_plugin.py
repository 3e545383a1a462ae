"""The plugin's canvas in napari, against bare napari showing the same image and masks.

Stepping: two viewers of one size on the same display are stepped in turns; a step ends when its
frame has been painted and OpenGL has finished. Ours shows surfaces, badges and crosshair as well,
and its slider leads the session's B-scan as in the plugin. A stroke: napari's own brush paints
the same disc on both; what ours adds is the edit, its record and the layer made equal again.
Needs a display (xvfb-run will do) and napari.
"""

from __future__ import annotations

import importlib.metadata
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Neither side waits for the display's refresh, and napari slices before it draws.
os.environ.setdefault("NAPARI_ASYNC", "0")
os.environ.setdefault("NAPARI_CONFIG", "")
os.environ.setdefault("vblank_mode", "0")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "plugins"))

import numpy as np
from qtpy.QtWidgets import QApplication

from benchmarks.eyes import speckled_session
from benchmarks.report import Result, emit
from benchmarks.stepping import ROUNDS, SHAPE, VIEW, round_of, until
from mirage_core.annotate import Session, ToolRunner

STROKES = 60
BAR_STEP = 0.9
BAR_STROKE_MS = 5.0


class Side:
    """One viewer, and its frames.

    Parameters
    ----------
    viewer : napari.Viewer
        With layers.
    """

    def __init__(self, viewer: Any) -> None:
        self.viewer = viewer
        viewer.window._qt_window.resize(VIEW[0] + 320, VIEW[1] + 160)
        viewer.show()
        self._scene = viewer.window._qt_viewer.canvas._scene_canvas
        self._scene.native.setFixedSize(*VIEW)
        self.draws = 0
        self._scene.events.draw.connect(self._drawn, position="last")
        until(lambda: self.draws > 0)
        viewer.reset_view()

    def _drawn(self, _event: object) -> None:
        self.draws += 1

    def frame(self, act: Callable[[], object]) -> None:
        """Do `act` and wait until it is painted."""
        from vispy.gloo import gl

        before = self.draws
        act()
        until(lambda: self.draws > before)
        self._scene.native.makeCurrent()
        gl.glFinish()

    def step(self, b: int) -> None:
        """Move the slider to B-scan `b` and wait for the frame."""
        self.frame(lambda: self.viewer.dims.set_current_step(0, b))


def bare(session: Session) -> tuple[Side, Any]:
    """Return napari with the volume as an array and the masks, and the masks' layer."""
    import napari

    viewer = napari.Viewer(show=False)
    volume = np.stack([session.scan.b_scan(b) for b in range(SHAPE[0])])
    viewer.add_image(volume, contrast_limits=(0, 255))
    masks = viewer.add_labels(session.annotation.masks.labels.copy(), opacity=0.35)
    return Side(viewer), masks


def ours(session: Session) -> tuple[Side, Any, Any]:
    """Return napari with our canvas, the masks' layer and the canvas."""
    import napari

    from napari_mirage.canvas import NapariCanvas

    viewer = napari.Viewer(show=False)
    canvas = NapariCanvas(viewer)
    canvas.set_session(session, ToolRunner(session))
    canvas.set_active_surface(9)
    canvas.b_picked.connect(canvas.show_b_scan)
    masks = next(layer for layer in viewer.layers if layer._type_string == "labels")
    return Side(viewer), masks, canvas


def stroke_ms(masks: Any) -> float:
    """Paint discs with napari's brush; return the median CPU time of one in ms."""
    masks.brush_size = 30
    times = []
    for n in range(STROKES):
        coord = (0, 120 + n, 100 + 9 * n)
        start = time.process_time()
        masks.paint(coord, 1 + n % 3)
        times.append(1000 * (time.process_time() - start))
    return float(np.median(times))


def main() -> int:
    """Step and paint on both sides in turns and print the ratios."""
    try:
        version = importlib.metadata.version("napari")
    except importlib.metadata.PackageNotFoundError:
        print("napari is not installed here; `make bench` prepares an environment with it.")
        return 1
    app = QApplication.instance() or QApplication(sys.argv)
    session = speckled_session(*SHAPE)
    bare_side, bare_masks = bare(session)
    our_side, our_masks, canvas = ours(session)
    for side in (bare_side, our_side):
        round_of(side.step)
    runs: tuple[list[np.ndarray], ...] = ([], [])
    for _ in range(ROUNDS):
        for run, side in zip(runs, (our_side, bare_side), strict=True):
            run.append(round_of(side.step)[1])
    mine, theirs = (float(np.median(np.concatenate(run))) for run in runs)
    ratio = theirs / mine
    emit(
        Result(
            "napari plugin: step through 97×496×768 with surfaces and masks",
            f"≥ {BAR_STEP:.1f}×",
            f"{mine:.1f} ms a step",
            f"napari {version}, image + labels only",
            f"{theirs:.1f} ms a step",
            ratio,
            ratio >= BAR_STEP,
        )
    )
    added = stroke_ms(our_masks) - stroke_ms(bare_masks)
    emit(
        Result(
            "napari plugin: what a stroke of napari's brush costs more, being an edit",
            f"≤ {BAR_STROKE_MS:.0f} ms",
            f"{added:.1f} ms",
            f"napari {version}",
            "0 ms",
            None,
            added <= BAR_STROKE_MS,
        )
    )
    canvas.close()
    for side in (bare_side, our_side):
        side.viewer.close()
    del app
    return 0


if __name__ == "__main__":
    sys.exit(main())
