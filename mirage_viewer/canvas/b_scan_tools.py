"""BScanTools: a B-scan view with a tool in hand: its cursor, its stroke, keys as its pointer."""

from __future__ import annotations

from dataclasses import replace

from qtpy.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from qtpy.QtGui import QCursor, QFocusEvent, QKeyEvent, QPainter
from qtpy.QtWidgets import QWidget

from mirage_core.annotate import BScanDraft, Session, ToolRunner
from mirage_core.annotate.tools.base import Guide, Rect
from mirage_core.annotate.tools.brush import Brush
from mirage_viewer.canvas.b_scan_view import BScanView
from mirage_viewer.canvas.badges import badge_rect, draw_badge
from mirage_viewer.canvas.items import PointerMark
from mirage_viewer.canvas.key_hand import KeyHand
from mirage_viewer.canvas.links import Links
from mirage_viewer.canvas.tool_looks import cursor_of, drawn_color, takes_away
from mirage_viewer.guard import guarded

_Z_MARK = 6.0
_MARGIN_VIEW_PX = 24
_ENDS = (Qt.Key_Return, Qt.Key_Enter)


@guarded
class BScanTools(BScanView):
    """One B-scan and the tools at work on it; Enter finishes a stroke, Esc drops it.

    Without a mouse `keys` is the pointer: Space presses the tool where it is and lets it go,
    Shift+Space presses it until the next Space, Ctrl+Space as with Ctrl held. As soon as the
    mouse moves the keys' pointer gives way, and Space pans again.

    Signals
    -------
    pointer_moved(float, float)
        Image point ``(z, x)`` in px under the pointer.
    pointer_left()
        The pointer is no longer over the image.
    crosshair_moved(float, float)
        The user put the crosshair at image point ``(z, x)`` px.
    """

    pointer_moved = Signal(float, float)
    pointer_left = Signal()
    crosshair_moved = Signal(float, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runner: ToolRunner | None = None
        self._runner_links = Links(self)
        self._against = False
        self._note = ""
        self.keys = KeyHand(self)
        self._mark = PointerMark()
        self._mark.setZValue(_Z_MARK)
        self._mark.setVisible(False)
        self.scene().addItem(self._mark)

    @property
    def runner(self) -> ToolRunner | None:
        """Who takes presses; None where nothing can be drawn."""
        return self._runner if not self._problem else None

    @property
    def note(self) -> str:
        """What the tool last could not do, or ``""``."""
        return self._note

    def set_session(self, session: Session | None, runner: ToolRunner | None, b: int = 0) -> None:
        """Show `session`, B-scan `b` of it, and let `runner` have the pointer."""
        self._runner_links.clear()
        self._runner = runner
        self.keys.forget()
        self.keys.hide()
        self._tell("")
        if runner is not None:
            self._runner_links.connect(runner.drawn, self._on_drawn)
            self._runner_links.connect(runner.guides_changed, self._on_guides)
            self._runner_links.connect(runner.ended, self._on_ended)
            self._runner_links.connect(runner.noted, self._tell)
            self._runner_links.connect(runner.changed, self.refresh_cursor)
        self.take_session(session, b)
        self.refresh_cursor()

    def show_b_scan(self, b: int) -> None:
        """Show B-scan `b`, or the nearest there is; a stroke in hand is finished first."""
        if self._runner is not None and self._session is not None:
            self._runner.go_to(min(max(b, 0), self._session.scan.n_b_scans - 1))
        self._tell("")
        super().show_b_scan(b)

    def finish_stroke(self) -> None:
        """End the stroke in hand."""
        self.keys.lift()
        if self._runner is not None:
            self._runner.finish()

    def _on_drawn(self, draft: BScanDraft, dirty: Rect) -> None:
        if self._session is not None and draft.b == self._b:
            self._picture.show_draft(draft, dirty, self._session.annotation)

    def _on_guides(self, guides: tuple[Guide, ...]) -> None:
        self._picture.guides.set_guides(guides)
        for guide in guides:
            if guide.kind == "circle":
                z, x = guide.points[0]
                self._place_ring(float(z), float(x), guide.radius_px)

    def _on_ended(self, _edit: object) -> None:
        self.keys.forget()

    def _tell(self, note: str) -> None:
        if note != self._note:
            self._note = note
            self.viewport().update()

    def paint_overlays(self, painter: QPainter, view: QRectF, exposed: QRectF) -> None:
        super().paint_overlays(painter, view, exposed)
        if self._note:
            font = self.overlay_font()
            size = badge_rect(font, self._note)
            # Scale bars lie at the left, badges and messages above.
            left, top = view.right() - size.width() - 8, view.bottom() - size.height() - 8
            draw_badge(painter, QPointF(left, top), self._note, font)

    # ------------------------------------------------------------------ how it looks

    def idle_cursor(self) -> QCursor | Qt.CursorShape:
        runner = self.runner
        if runner is None or runner.tool is None:
            return Qt.ArrowCursor
        return cursor_of(runner, self._against, self.devicePixelRatioF())

    def refresh_cursor(self) -> None:
        super().refresh_cursor()
        runner = self.runner
        if runner is not None:
            minus = takes_away(runner, self._against)
            self._picture.ring.set_look(drawn_color(runner), minus)
            self._mark.set_cursor(QCursor(self.idle_cursor()))
            if not isinstance(runner.tool, Brush):
                self._picture.ring.setVisible(False)
            elif self.keys.shown:
                self._place_ring(*self.crosshair, runner.options.radius_px)

    def _turn(self, against: bool) -> None:
        """Note whether the key is held that turns a stroke around."""
        if against is not self._against:
            self._against = against
            self.refresh_cursor()

    def _follow_pointer(self, z: float, x: float) -> None:
        runner = self.runner
        if runner is not None and isinstance(runner.tool, Brush):
            self._place_ring(z, x, runner.options.radius_px)
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

    def _round_brush(self, runner: ToolRunner) -> None:
        """Make a brush round on screen, whatever the aspect was when its options were made."""
        if runner.options.aspect != self._brush_aspect():
            runner.options = replace(runner.options, aspect=self._brush_aspect())

    def _move_crosshair(self, z: float, x: float) -> tuple[float, float]:
        height, width = self.image_size
        z, x = min(max(z, 0.0), height - 1.0), min(max(x, 0.0), width - 1.0)
        self.set_crosshair(z, x)
        self.crosshair_moved.emit(z, x)
        return z, x

    # ------------------------------------------------------------------ keys

    def point_at(self, z: float, x: float) -> tuple[float, float]:
        """Put crosshair and pointer at image point ``(z, x)``, or the nearest there is."""
        z, x = self._move_crosshair(z, x)
        runner = self.runner
        self._mark.setPos(x + 0.5, z + 0.5)
        self._mark.setVisible(runner is not None and runner.tool is not None)
        if not self._fitted:
            self.ensureVisible(QRectF(x, z, 1, 1), _MARGIN_VIEW_PX, _MARGIN_VIEW_PX)
        if runner is not None:
            self._round_brush(runner)
        self._follow_pointer(z, x)
        return z, x

    def stop_pointing(self) -> None:
        """Take the keys' pointer away."""
        self._mark.setVisible(False)
        self._picture.ring.setVisible(False)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.ShortcutOverride:
            busy = self._runner is not None and self._runner.busy
            if event.key() == Qt.Key_Space or (busy and event.key() in (*_ENDS, Qt.Key_Escape)):
                # These keys are the stroke's, not a menu entry's; Space must be seen let go.
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        runner, key = self._runner, event.key()
        if runner is not None and runner.busy:
            if key in _ENDS:
                self.finish_stroke()
                return
            if key == Qt.Key_Escape:
                runner.cancel()
                return
        if key == Qt.Key_Control:
            self._turn(True)
        if key == Qt.Key_Space and self.keys.shown and self._press_by_key(event):
            return
        super().keyPressEvent(event)

    def _press_by_key(self, event: QKeyEvent) -> bool:
        """Press, or let go what Shift+Space had pressed; return whether there is a tool."""
        if event.isAutoRepeat():
            return self.keys.down
        if self.keys.kept:
            self.keys.lift()
            return True
        held = event.modifiers()
        return self.keys.press(
            against=bool(held & Qt.ControlModifier), keep=bool(held & Qt.ShiftModifier)
        )

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key_Control:
            self._turn(False)
        let_go = event.key() == Qt.Key_Space and not event.isAutoRepeat()
        if let_go and self.keys.down and not self.keys.kept:
            self.keys.lift()
        super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._space_held = False
        self._turn(False)
        if not self.keys.kept:
            self.keys.lift()  # the key is let go elsewhere
        super().focusOutEvent(event)
