"""BScanCanvas: shows one B-scan with its annotation and feeds pointer events to the tools."""

from __future__ import annotations

from enum import Enum, auto

from qtpy.QtCore import QEvent, QPointF, Qt, Signal
from qtpy.QtGui import QEnterEvent, QMouseEvent, QWheelEvent
from qtpy.QtWidgets import QWidget

from mirage_core.annotate import Session, ToolRunner
from mirage_core.annotate.tools.base import Point
from mirage_viewer.canvas.b_scan_tools import BScanTools
from mirage_viewer.guard import guarded


class _Drag(Enum):
    """What the pressed button does until it is released."""

    NOTHING = auto()
    TOOL = auto()
    CROSSHAIR = auto()
    CONTRAST = auto()


@guarded
class BScanCanvas(BScanTools):
    """One B-scan with its annotation, the crosshair and the tools at work on it.

    Wheel: step. Ctrl+wheel: zoom at the pointer. Middle button or Space and drag: pan. Right
    drag: contrast (sideways brightness, up and down range). Left: the tool in hand, or the
    crosshair when there is none; with Ctrl a tool that can turns its stroke around. Double click
    finishes a stroke of several clicks.

    Signals
    -------
    stepped(int)
        The user asked for the B-scan so many further on; the canvas does not move by itself.
    """

    stepped = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._drag = _Drag.NOTHING
        self._button = Qt.NoButton
        self._drag_from = QPointF()
        self._levels_from = (0, 255)

    def set_session(self, session: Session | None, runner: ToolRunner | None, b: int = 0) -> None:
        """Show `session`, B-scan `b` of it, and let `runner` have the pointer."""
        self._drag = _Drag.NOTHING
        super().set_session(session, runner, b)

    def wheel_notches(self, notches: int, event: QWheelEvent) -> None:
        """Step: towards the user is onwards."""
        self.stepped.emit(-notches)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()
        busy = self._drag is not _Drag.NOTHING or self.panning
        # A second button while one is held belongs to nothing; the first goes on.
        if busy or self._session is None or self.begin_pan(event):
            return
        self._button = event.button()
        if event.button() == Qt.RightButton:
            self._drag, self._drag_from = _Drag.CONTRAST, event.position()
            self._levels_from = self._levels
        elif event.button() == Qt.LeftButton and not self._problem:
            self.keys.hide()
            self._press_left(event.position(), _turned(event))

    def _press_left(self, position: QPointF, against: bool) -> None:
        z, x = self.to_image(position)
        runner = self._runner
        if runner is not None and runner.tool is not None:
            self._drag = _Drag.TOOL
            self._round_brush(runner)
            runner.press(Point(z, x), against)
        elif self.contains(z, x):
            self._drag = _Drag.CROSSHAIR
            self._move_crosshair(z, x)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        event.accept()
        runner = self._runner
        if event.button() == Qt.LeftButton and runner is not None and runner.busy:
            self.finish_stroke()
        else:
            # Two quick strokes of a one-drag tool arrive as a double click, too.
            self.mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        event.accept()
        if self._session is None or self.go_on_panning(event):
            return
        if self._drag is not _Drag.NOTHING and not event.buttons() & self._button:
            # The release went elsewhere, to a dialog that opened meanwhile, say.
            self._end_drag(event.position())
        self._turn(_turned(event))
        self.keys.hide()
        z, x = self.to_image(event.position())
        if self._drag is _Drag.CONTRAST:
            self._drag_contrast(event.position())
        elif self._drag is _Drag.CROSSHAIR:
            self._move_crosshair(z, x)
        elif self._runner is not None and not self._problem:
            act = self._runner.move if self._drag is _Drag.TOOL else self._runner.hover
            act(Point(z, x))
        self._follow_pointer(z, x)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()
        if not self.end_pan(event.button()) and event.button() == self._button:
            self._end_drag(event.position())

    def _end_drag(self, position: QPointF) -> None:
        drag, self._drag = self._drag, _Drag.NOTHING
        if drag is _Drag.TOOL and self._runner is not None:
            self._runner.release(Point(*self.to_image(position)))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        if not self.keys.shown:
            self._picture.ring.setVisible(False)
            self.pointer_left.emit()

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.refresh_cursor()

    def _drag_contrast(self, position: QPointF) -> None:
        """Sideways moves the middle of the grey range, up and down changes its width."""
        low, high = self._levels_from
        moved = position - self._drag_from
        middle = (low + high) / 2 - moved.x() / 2
        half = max((high - low) / 2 * 2 ** (moved.y() / 150), 2.0)
        self.set_contrast(round(middle - half), round(middle + half), self._gamma)


def _turned(event: QMouseEvent) -> bool:
    """Return whether the key is held that turns a stroke around."""
    return bool(event.modifiers() & Qt.ControlModifier)
