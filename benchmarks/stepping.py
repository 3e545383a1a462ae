"""Stepping through 97 × 496 × 768 with layers and a mask, against napari's image + labels.

Both show the same window size on the same display and are stepped in turns; a step ends when
its frame has really been painted: ours when the widget's paint event has run, napari's when
vispy has drawn and OpenGL has finished. Needs a display (xvfb-run will do) and napari.
"""

from __future__ import annotations

import importlib.metadata
import os
import sys
import time
from collections.abc import Callable
from typing import Any

# Neither side waits for the display's refresh, and napari slices before it draws.
os.environ.setdefault("NAPARI_ASYNC", "0")
os.environ.setdefault("vblank_mode", "0")

import numpy as np
from qtpy.QtGui import QPaintEvent
from qtpy.QtWidgets import QApplication

from benchmarks.eyes import as_labels, speckled_session
from benchmarks.report import Result, emit
from mirage_core.annotate import Session
from mirage_viewer.canvas import BScanCanvas

SHAPE = (97, 496, 768)
VIEW = (1200, 780)
ROUNDS = 3
BAR = 3.0


class CountingCanvas(BScanCanvas):
    """Counts its repaints."""

    paints = 0

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint and count."""
        super().paintEvent(event)
        self.paints += 1


def until(condition: Callable[[], bool]) -> None:
    """Process events until `condition` holds."""
    give_up = time.monotonic() + 10.0
    while not condition():
        QApplication.processEvents()
        if time.monotonic() > give_up:
            raise RuntimeError("a frame was never painted")


def our_side(session: Session) -> Callable[[int], None]:
    """Return a function that shows B-scan `b` and waits until it is painted."""
    canvas = CountingCanvas()
    canvas.resize(*VIEW)
    canvas.show()
    canvas.set_session(session, None)
    until(lambda: canvas.paints > 0)

    def step(b: int) -> None:
        before = canvas.paints
        canvas.show_b_scan(b)
        until(lambda: canvas.paints > before)

    return step


def napari_side(volume: np.ndarray, labels: np.ndarray) -> Callable[[int], None]:
    """Return the same for napari, with layers and masks as one labels layer."""
    import napari
    from vispy.gloo import gl

    viewer: Any = napari.Viewer(ndisplay=2, show=False)
    viewer.add_image(volume, contrast_limits=(0, 255))
    viewer.add_labels(labels, opacity=0.4)
    window = viewer.window._qt_window
    window.resize(VIEW[0] + 320, VIEW[1] + 160)
    viewer.show()
    scene = viewer.window._qt_viewer.canvas._scene_canvas
    scene.native.setFixedSize(*VIEW)
    draws = [0]
    scene.events.draw.connect(lambda _event: draws.__setitem__(0, draws[0] + 1), position="last")
    until(lambda: draws[0] > 0)
    viewer.reset_view()

    def step(b: int) -> None:
        before = draws[0]
        viewer.dims.set_current_step(0, b)
        until(lambda: draws[0] > before)
        scene.native.makeCurrent()
        gl.glFinish()

    return step


def round_of(step: Callable[[int], None]) -> tuple[np.ndarray, np.ndarray]:
    """Step through all B-scans; return wall and CPU time of each step in ms."""
    wall, cpu = [], []
    for b in range(1, SHAPE[0]):
        wall_from, cpu_from = time.perf_counter(), time.process_time()
        step(b)
        wall.append(1000 * (time.perf_counter() - wall_from))
        cpu.append(1000 * (time.process_time() - cpu_from))
    step(0)
    return np.array(wall), np.array(cpu)


def main() -> int:
    """Step both in turns and print the ratio of the median steps."""
    try:
        version = importlib.metadata.version("napari")
    except importlib.metadata.PackageNotFoundError:
        print("napari is not installed here; `make bench` prepares an environment with it.")
        return 1
    app = QApplication.instance() or QApplication(sys.argv)
    session = speckled_session(*SHAPE)
    volume = np.stack([session.scan.b_scan(b) for b in range(SHAPE[0])])
    sides = (our_side(session), napari_side(volume, as_labels(session)))
    for side in sides:
        round_of(side)
    runs: tuple[list[tuple[np.ndarray, np.ndarray]], ...] = ([], [])
    for _ in range(ROUNDS):
        for run, side in zip(runs, sides, strict=True):
            run.append(round_of(side))
    walls = [float(np.median(np.concatenate([wall for wall, _ in run]))) for run in runs]
    cpus = [float(np.median(np.concatenate([cpu for _, cpu in run]))) for run in runs]
    ratio = walls[1] / walls[0]
    emit(
        Result(
            "step through 97×496×768 with layers and mask",
            f"≥ {BAR:.0f}× faster",
            f"{walls[0]:.1f} ms a step ({cpus[0]:.1f} ms CPU)",
            f"napari {version}, image + labels",
            f"{walls[1]:.1f} ms a step ({cpus[1]:.1f} ms CPU)",
            ratio,
            ratio >= BAR,
        )
    )
    del app
    return 0


if __name__ == "__main__":
    sys.exit(main())
