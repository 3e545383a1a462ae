"""A session on napari's canvas, and hands: real mouse and key events on it."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from mirage_core.annotate import Session, ToolRunner
from mirage_core.scan import ArrayPixels, Scan, Spacing

SHAPE = (5, 64, 96)
LEFT = Qt.MouseButton.LeftButton


def make_scan(seed: int = 1, shape: tuple[int, int, int] = SHAPE) -> Scan:
    """Return a scan with a bright band."""
    volume = np.random.default_rng(seed).integers(20, 60, shape, dtype=np.uint8)
    volume[:, shape[1] // 2 : shape[1] // 2 + 10] = 200
    return Scan(ArrayPixels(volume), Spacing.from_mm(0.12, 0.004, 0.006))


def make_session(scan: Scan | None = None) -> Session:
    """Return a session with an ILM at row 20 and RPE at row 45."""
    session = Session(scan or make_scan(), author="grader")
    names = session.annotation.surfaces.names
    session.annotation.surfaces.values[names.index("ILM")] = 20
    session.annotation.surfaces.values[names.index("RPE")] = 45
    return session


class Hands:
    """One canvas with one session, and the mouse on it.

    Parameters
    ----------
    viewer : napari.Viewer
    session : Session, optional
    read_only : bool
    """

    def __init__(
        self, viewer: Any, session: Session | None = None, *, read_only: bool = False
    ) -> None:
        from napari_mirage.canvas import NapariCanvas

        self.viewer = viewer
        self.session = session or make_session()
        self.runner = None if read_only else ToolRunner(self.session)
        self.canvas = NapariCanvas(viewer)
        self.canvas.undo_asked.connect(self.session.undo)
        self.canvas.redo_asked.connect(self.session.redo)
        self.canvas.set_session(self.session, self.runner)
        self.said: list[str] = []
        self.canvas.noted.connect(self.said.append)
        self.settle()

    def close(self) -> None:
        """Take the canvas away."""
        self.canvas.close()
        self.settle()

    @property
    def masks(self) -> Any:
        """The masks' layer."""
        return self.canvas._layers.keeper.layer

    @property
    def labels(self) -> np.ndarray:
        """The masks of the annotation ``[b, z, x]``."""
        return self.session.annotation.masks.labels

    @property
    def widget(self) -> Any:
        """The widget that napari draws on."""
        return self.canvas.viewport()

    def same(self) -> bool:
        """Return whether the layer shows the annotation, to the last pixel."""
        return np.array_equal(self.masks.data, self.labels)

    def settle(self) -> None:
        """Let Qt do what waits."""
        for _ in range(3):
            QApplication.processEvents()

    def place(self, z: float, x: float) -> QPoint:
        """Return where image point ``(z, x)`` px is on the widget."""
        image = self.canvas._layers.image
        world = image.data_to_world((self.canvas.b, z, x))
        view = self.viewer.window._qt_viewer.canvas.view
        at = view.scene.transform.map([world[-1], world[-2]])
        return QPoint(round(float(at[0])), round(float(at[1])))

    def press(self, z: float, x: float, *, held: Any = Qt.KeyboardModifier.NoModifier) -> None:
        """Press the left button at an image point."""
        QTest.mousePress(self.widget, LEFT, held, self.place(z, x))

    def move(
        self, z: float, x: float, *, drag: bool = True, held: Any = Qt.KeyboardModifier.NoModifier
    ) -> None:
        """Move the mouse to an image point; vispy drops moves that follow too fast."""
        QTest.qWait(25)
        place = self.place(z, x)
        event = QMouseEvent(
            QEvent.Type.MouseMove,
            QPointF(place),
            QPointF(self.widget.mapToGlobal(place)),
            Qt.MouseButton.NoButton,
            LEFT if drag else Qt.MouseButton.NoButton,
            held,
        )
        QApplication.sendEvent(self.widget, event)
        QTest.qWait(10)

    def release(self, z: float, x: float, *, held: Any = Qt.KeyboardModifier.NoModifier) -> None:
        """Let the left button go."""
        QTest.mouseRelease(self.widget, LEFT, held, self.place(z, x))

    def drag(self, points: list[tuple[float, float]], **how: Any) -> None:
        """Drag along image points."""
        self.press(*points[0], **how)
        for point in points[1:]:
            self.move(*point, **how)
        self.release(*points[-1], **how)

    def click(self, z: float, x: float) -> None:
        """Click with the left button."""
        self.drag([(z, x)])

    def double_click(self, z: float, x: float) -> None:
        """Click twice, as Qt reports it."""
        self.click(z, x)
        QTest.mouseDClick(self.widget, LEFT, pos=self.place(z, x))

    def key(self, key: Any, held: Any = Qt.KeyboardModifier.NoModifier) -> None:
        """Press a key with the canvas in focus."""
        QTest.keyClick(self.widget, key, held)
        self.settle()

    def step(self, b: int) -> None:
        """Move napari's slider."""
        self.viewer.dims.set_current_step(0, b)
        self.settle()
