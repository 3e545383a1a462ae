"""BScanCanvas: shows one B-scan with its annotation and feeds pointer events to the tools."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum, auto

from qtpy.QtCore import QEvent, QPointF, Qt, Signal
from qtpy.QtGui import QEnterEvent, QFocusEvent, QKeyEvent, QMouseEvent, QWheelEvent
from qtpy.QtWidgets import QWidget

from mirage_core.annotate import BScanDraft, Session, ToolRunner
from mirage_core.annotate.tools.base import Guide, Point, Rect
from mirage_core.annotate.tools.brush import Brush
from mirage_viewer.canvas.b_scan_view import BScanView
from mirage_viewer.canvas.links import Links
from mirage_viewer.guard import guarded


class _Drag(Enum):
    """What the pressed button does until it is released."""

    NOTHING = auto()
    TOOL = auto()
    CROSSHAIR = auto()
    CONTRAST = auto()


@guarded
class BScanCanvas(BScanView):
    """One B-scan with its annotation, the crosshair and the tools at work on it.

    Wheel: step. Ctrl+wheel: zoom at the pointer. Middle button or Space and drag: pan. Right
    drag: contrast (sideways brightness, up and down range). Left: the tool in hand, or the
    crosshair when there is none. Double click and Enter finish a stroke of several clicks, Esc
    drops it.

    Signals
    -------
    pointer_moved(float, float)
        Image point ``(z, x)`` in px under the pointer.
    pointer_left()
        The pointer is no longer over the image.
    stepped(int)
        The user asked for the B-scan so many further on; the canvas does not move by itself.
    crosshair_moved(float, float)
        The user put the crosshair at image point ``(z, x)`` px.
    """

    pointer_moved = Signal(float, float)
    pointer_left = Signal()
    stepped = Signal(int)
    crosshair_moved = Signal(float, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runner: ToolRunner | None = None
        self._runner_links = Links(self)
        self._drag = _Drag.NOTHING
        self._button = Qt.NoButton
        self._drag_from = QPointF()
        self._levels_from = (0, 255)

    def set_session(self, session: Session | None, runner: ToolRunner | None, b: int = 0) -> None:
        """Show `session`, B-scan `b` of it, and let `runner` have the pointer."""
        self._runner_links.clear()
        self._runner, self._drag = runner, _Drag.NOTHING
        if runner is not None:
            self._runner_links.connect(runner.drawn, self._on_drawn)
            self._runner_links.connect(runner.guides_changed, self._on_guides)
        self.take_session(session, b)

    def show_b_scan(self, b: int) -> None:
        """Show B-scan `b`, or the nearest there is; a stroke in hand is finished first."""
        if self._runner is not None and self._session is not None:
            self._runner.go_to(min(max(b, 0), self._session.scan.n_b_scans - 1))
        super().show_b_scan(b)

    def _on_drawn(self, draft: BScanDraft, dirty: Rect) -> None:
        if self._session is not None and draft.b == self._b:
            self._picture.show_draft(draft, dirty, self._session.annotation)

    def _on_guides(self, guides: tuple[Guide, ...]) -> None:
        self._picture.guides.set_guides(guides)
        for guide in guides:
            if guide.kind == "circle":
                z, x = guide.points[0]
                self._place_ring(float(z), float(x), guide.radius_px)

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
            self._press_left(event.position())

    def _press_left(self, position: QPointF) -> None:
        z, x = self.to_image(position)
        runner = self._runner
        if runner is not None and runner.tool is not None:
            self._drag = _Drag.TOOL
            # A brush is round on screen, whatever the aspect was when its options were made.
            if runner.options.aspect != self._brush_aspect():
                runner.options = replace(runner.options, aspect=self._brush_aspect())
            runner.press(Point(z, x))
        elif self.contains(z, x):
            self._drag = _Drag.CROSSHAIR
            self._move_crosshair(z, x)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        event.accept()
        runner = self._runner
        if event.button() == Qt.LeftButton and runner is not None and runner.busy:
            runner.finish()
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
        self._picture.ring.setVisible(False)
        self.pointer_left.emit()

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.refresh_cursor()

    def _follow_pointer(self, z: float, x: float) -> None:
        brush = self._runner is not None and isinstance(self._runner.tool, Brush)
        if brush and not self._problem:
            assert self._runner is not None
            self._place_ring(z, x, self._runner.options.radius_px)
        else:
            self._picture.ring.setVisible(False)
        if self.contains(z, x):
            self.pointer_moved.emit(z, x)
        else:
            self.pointer_left.emit()

    def _place_ring(self, z: float, x: float, radius_px: float) -> None:
        self._picture.ring.place(z, x, radius_px * self._brush_aspect(), radius_px)

    def _brush_aspect(self) -> float:
        """Rows per column of equal length on screen."""
        return 1.0 / self.pixel_aspect

    def _move_crosshair(self, z: float, x: float) -> None:
        height, width = self.image_size
        z, x = min(max(z, 0.0), height - 1.0), min(max(x, 0.0), width - 1.0)
        self.set_crosshair(z, x)
        self.crosshair_moved.emit(z, x)

    def _drag_contrast(self, position: QPointF) -> None:
        """Sideways moves the middle of the grey range, up and down changes its width."""
        low, high = self._levels_from
        moved = position - self._drag_from
        middle = (low + high) / 2 - moved.x() / 2
        half = max((high - low) / 2 * 2 ** (moved.y() / 150), 2.0)
        self.set_contrast(round(middle - half), round(middle + half), self._gamma)

    def idle_cursor(self) -> Qt.CursorShape:
        has_tool = self._runner is not None and self._runner.tool is not None
        return Qt.CrossCursor if has_tool else Qt.ArrowCursor

    def event(self, event: QEvent) -> bool:
        if (
            event.type() == QEvent.ShortcutOverride
            and self._runner is not None
            and self._runner.busy
            and event.key() in (Qt.Key_Return, Qt.Key_Enter, Qt.Key_Escape)
        ):
            # While a stroke is in hand these keys are the stroke's, not a menu entry's.
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        runner = self._runner
        if runner is not None and runner.busy:
            if event.key() in (Qt.Key_Return, Qt.Key_Enter):
                runner.finish()
                return
            if event.key() == Qt.Key_Escape:
                runner.cancel()
                return
        super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._space_held = False
        super().focusOutEvent(event)
