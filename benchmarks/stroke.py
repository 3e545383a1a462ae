"""A brush stroke and a surface drag: from the mouse event to the repaint, p50 and p95.

Real mouse events go to a shown canvas of a 496 × 1024 B-scan with 12 surfaces and a mask. The
peer is the same canvas repainting everything at every event: all labels coloured, all paths
rebuilt, the whole view drawn. CPU time of the process counts, because other programs on the
machine lengthen wall time only.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QMouseEvent, QPaintEvent
from qtpy.QtWidgets import QApplication

from benchmarks.eyes import speckled_session
from benchmarks.report import Result, emit
from mirage_core.annotate import BScanDraft, Session, ToolRunner
from mirage_core.annotate.tools.base import Rect, Tool
from mirage_core.annotate.tools.brush import Brush
from mirage_core.annotate.tools.pen import SurfacePen
from mirage_viewer.canvas import BScanCanvas

SHAPE = (3, 496, 1024)
VIEW = (1400, 760)
MOVES = 300
BAR_MS = 16.0


class CountingCanvas(BScanCanvas):
    """Counts its repaints, so that none is timed before it happened."""

    paints = 0

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint and count."""
        super().paintEvent(event)
        self.paints += 1


class FullCanvas(CountingCanvas):
    """Repaints everything at every event."""

    def _on_drawn(self, draft: BScanDraft, dirty: Rect) -> None:
        height, width = draft.mask.shape
        for item in self._picture.surfaces:
            nothing = np.full(width, np.nan, np.float32)
            item.set_depths(nothing, np.zeros(width, bool))
        super()._on_drawn(draft, Rect(0, height, 0, width))
        self.viewport().update()


def send(canvas: CountingCanvas, kind: QEvent.Type, z: float, x: float) -> None:
    """Send one mouse event at image point ``(z, x)`` px and wait until it is painted."""
    at = canvas.to_view(z, x)
    pressing = kind == QEvent.MouseButtonPress
    event = QMouseEvent(
        kind,
        QPointF(at),
        canvas.viewport().mapToGlobal(QPointF(at)),
        Qt.LeftButton if kind != QEvent.MouseMove else Qt.NoButton,
        Qt.LeftButton if pressing or kind == QEvent.MouseMove else Qt.NoButton,
        Qt.NoModifier,
    )
    before = canvas.paints
    QApplication.sendEvent(canvas.viewport(), event)
    give_up = time.monotonic() + 2.0
    while canvas.paints == before and time.monotonic() < give_up:
        QApplication.processEvents()
    QApplication.processEvents()
    if canvas.paints == before:
        raise RuntimeError("an event led to no repaint")


def stroke_ms(canvas: CountingCanvas, runner: ToolRunner, tool: Tool) -> np.ndarray:
    """Return the CPU time in ms of every move of one long stroke."""
    _, height, width = SHAPE
    runner.take(tool)
    runner.options = replace(runner.options, surface=9, mask_class=2, radius_px=12.0)
    xs = np.linspace(40, width - 40, MOVES)
    zs = 0.55 * height + 30 * np.sin(xs / 60)
    send(canvas, QEvent.MouseButtonPress, zs[0], xs[0])
    times = []
    for z, x in zip(zs[1:], xs[1:], strict=True):
        start = time.process_time()
        send(canvas, QEvent.MouseMove, z, x)
        times.append(1000 * (time.process_time() - start))
    send(canvas, QEvent.MouseButtonRelease, zs[-1], xs[-1])
    runner.take(None)
    return np.array(times)


def measure(kind: type[CountingCanvas], session: Session, tool: Tool) -> np.ndarray:
    """Return the times of one stroke with `tool` on a canvas of `kind`; then undo it."""
    canvas, runner = kind(), ToolRunner(session)
    canvas.resize(*VIEW)
    canvas.show()
    canvas.set_session(session, runner)
    canvas.show_b_scan(1)
    canvas.set_active_surface(9)
    for _ in range(5):
        QApplication.processEvents()
    times = stroke_ms(canvas, runner, tool)
    session.undo()
    canvas.set_session(None, None)
    canvas.close()
    return times


def main() -> int:
    """Measure both strokes on both canvases; print the figures."""
    app = QApplication.instance() or QApplication(sys.argv)
    session = speckled_session(*SHAPE)
    measure(CountingCanvas, session, Brush())
    for tool, title in ((Brush, "brush stroke"), (SurfacePen, "surface drag")):
        ours = measure(CountingCanvas, session, tool())
        peer = measure(FullCanvas, session, tool())
        (p50, p95), (peer_p50, peer_p95) = (np.percentile(t, (50, 95)) for t in (ours, peer))
        emit(
            Result(
                f"{title}, event to repaint, 496×1024 with 12 surfaces and mask",
                f"p95 ≤ {BAR_MS:.0f} ms",
                f"p50 {p50:.2f} ms, p95 {p95:.2f} ms",
                "repainting everything",
                f"p50 {peer_p50:.2f} ms, p95 {peer_p95:.2f} ms",
                float(peer_p95 / p95),
                bool(p95 <= BAR_MS),
            )
        )
    del app
    return 0


if __name__ == "__main__":
    sys.exit(main())
