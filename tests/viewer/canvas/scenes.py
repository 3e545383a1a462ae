"""A small eye, real pointer events, and a look at pixels."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QColor, QMouseEvent, QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QWidget

from mirage_core.annotate import Annotation, Session
from mirage_core.scan import (
    Acquisition,
    ArrayPixels,
    LinePosition,
    Scan,
    ScanGeometry,
    ScanPattern,
    Spacing,
    State,
)
from mirage_viewer.canvas.image_view import ImageView

N, HEIGHT, WIDTH = 5, 60, 80


class BrokenPixels(ArrayPixels):
    """A volume one of whose B-scans cannot be read."""

    def __init__(self, volume: np.ndarray, broken: int) -> None:
        super().__init__(volume)
        self._broken = broken

    def display(self, b: int) -> np.ndarray:
        if b == self._broken:
            raise OSError(5, "Input/output error", "/scans/some-name.vol")
        return super().display(b)


def grey_volume() -> np.ndarray:
    """Return a volume whose B-scan ``b`` has the grey value ``40 + 20 b`` everywhere."""
    volume = np.empty((N, HEIGHT, WIDTH), np.uint8)
    volume[:] = (40 + 20 * np.arange(N, dtype=np.uint8))[:, None, None]
    return volume


def raster(superior_to_inferior: bool | None = True, assumed: bool = False) -> ScanGeometry:
    """Return level B-scans on SLO rows 20, 40, 60 … from column 10 to 89."""
    lines = tuple(LinePosition((20.0 + 20 * b, 10.0), (20.0 + 20 * b, 89.0)) for b in range(N))
    return ScanGeometry(
        ScanPattern.RASTER, lines, superior_to_inferior, (0.01, 0.01), positions_assumed=assumed
    )


def small_scan(**changes: object) -> Scan:
    """Return a scan of 5 × 60 × 80 with an SLO of 120 × 100."""
    parts: dict[str, object] = {
        "pixels": ArrayPixels(grey_volume()),
        "spacing": Spacing.from_mm(0.12, 0.004, 0.012),
        "geometry": raster(),
        "slo": np.full((120, 100), 70, np.uint8),
        "acquisition": Acquisition(),
    }
    return Scan(**{**parts, **changes})  # type: ignore[arg-type]


def small_session(**changes: object) -> Session:
    """Return a session in which RPE and BM are predicted at 30 and 40 px."""
    scan = small_scan(**changes)
    annotation = Annotation.for_scan(scan)
    for name, depth in (("RPE", 30.0), ("BM", 40.0)):
        row = annotation.surfaces.index(name)
        annotation.surfaces.values[row] = depth
        annotation.confidence[row] = 0.9
        annotation.states[row] = State.PREDICTED
    return Session(scan, annotation, author="a grader")


def show(qtbot, widget: QWidget, width: int = 500, height: int = 400) -> None:
    """Show `widget` and wait until it is painted."""
    qtbot.addWidget(widget)
    widget.resize(width, height)
    widget.show()
    qtbot.waitExposed(widget)
    QApplication.processEvents()


def view_point(view: ImageView, z: float, x: float) -> QPoint:
    """Return the viewport pixel that shows image point ``(z, x)`` px."""
    at = view.to_view(z, x)
    return QPoint(int(np.floor(at.x())), int(np.floor(at.y())))


def color_at(view: ImageView, z: float, x: float) -> QColor:
    """Return the colour on screen at image point ``(z, x)`` px."""
    QApplication.processEvents()
    return view.grab_image().pixelColor(view_point(view, z, x))


def near(a: QColor, b: QColor | tuple[int, int, int], tolerance: int = 12) -> bool:
    """Return whether two colours look alike."""
    other = b if isinstance(b, QColor) else QColor(*b)
    pairs = zip(a.getRgb()[:3], other.getRgb()[:3], strict=True)
    return all(abs(p - q) <= tolerance for p, q in pairs)


def click(view: ImageView, z: float, x: float, button: Qt.MouseButton = Qt.LeftButton) -> None:
    """Click at image point ``(z, x)`` px."""
    QTest.mouseClick(view.viewport(), button, Qt.NoModifier, view_point(view, z, x))


def drag(
    view: ImageView, points: list[tuple[float, float]], button: Qt.MouseButton = Qt.LeftButton
) -> None:
    """Press at the first image point, move through the others, release at the last."""
    target = view.viewport()
    # Places on screen are taken first: a pan moves the image under the pointer.
    places = [view_point(view, *point) for point in points]
    QTest.mousePress(target, button, Qt.NoModifier, places[0])
    for place in places[1:]:
        move_to(view, place, button)
    QTest.mouseRelease(target, button, Qt.NoModifier, places[-1])


def move(view: ImageView, z: float, x: float, button: Qt.MouseButton = Qt.NoButton) -> None:
    """Move the pointer to image point ``(z, x)`` px, with `button` held down."""
    move_to(view, view_point(view, z, x), button)


def move_to(view: ImageView, place: QPoint, button: Qt.MouseButton = Qt.NoButton) -> None:
    """Move the pointer to `place` of the viewport, with `button` held down."""
    at = QPointF(place)
    event = QMouseEvent(
        QEvent.MouseMove,
        at,
        view.viewport().mapToGlobal(at),
        Qt.NoButton,
        button,
        Qt.NoModifier,
    )
    QApplication.sendEvent(view.viewport(), event)


def wheel(
    widget: QWidget, at: QPointF, angle: int, modifiers: Qt.KeyboardModifier = Qt.NoModifier
) -> None:
    """Turn the wheel by `angle` eighths of a degree at `at`."""
    event = QWheelEvent(
        at,
        widget.mapToGlobal(at),
        QPoint(),
        QPoint(0, angle),
        Qt.NoButton,
        modifiers,
        Qt.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)
