"""BScanCanvas: shows one B-scan with its annotation and feeds pointer events to the tools."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum, auto

from qtpy.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from qtpy.QtGui import QEnterEvent, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QWheelEvent
from qtpy.QtWidgets import QWidget

from mirage_core.annotate import BScanDraft, Change, Session, Target, ToolRunner
from mirage_core.annotate.tools.base import Guide, Point, Rect
from mirage_core.annotate.tools.brush import Brush
from mirage_core.scan import FLUID_SCHEME, State
from mirage_viewer.canvas.b_scan_cache import BScanCache, why
from mirage_viewer.canvas.b_scan_picture import BScanPicture
from mirage_viewer.canvas.badges import badge_rect, draw_badge
from mirage_viewer.canvas.colors import STATE_STYLES
from mirage_viewer.canvas.contrast import auto_levels
from mirage_viewer.canvas.guard import guarded
from mirage_viewer.canvas.image_view import AspectMode, ImageView

_AHEAD = 3
"""B-scans decoded ahead in the direction of stepping."""


class _Drag(Enum):
    """What the pressed button does until it is released."""

    NOTHING = auto()
    TOOL = auto()
    CROSSHAIR = auto()
    CONTRAST = auto()


@guarded
class BScanCanvas(ImageView):
    """One B-scan with surfaces, masks, crosshair, guides and scale bars.

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
    contrast_changed(int, int)
        Grey levels shown black and white.
    """

    pointer_moved = Signal(float, float)
    pointer_left = Signal()
    stepped = Signal(int)
    crosshair_moved = Signal(float, float)
    contrast_changed = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture = BScanPicture(self.scene())
        self._session: Session | None = None
        self._runner: ToolRunner | None = None
        self._cache: BScanCache | None = None
        self._b = 0
        self._problem = ""
        self._aspect_mode = AspectMode.PX
        self._levels = (0, 255)
        self._gamma = 1.0
        self._crosshair_wanted = True
        self._mask_wanted = True
        self._drag = _Drag.NOTHING
        self._drag_from = QPointF()
        self._levels_from = (0, 255)
        self._picture.set_contrast(0, 255, 1.0)

    @property
    def b(self) -> int:
        """The B-scan shown."""
        return self._b

    @property
    def problem(self) -> str:
        """Why the B-scan cannot be shown, or ``""``."""
        return self._problem

    @property
    def contrast(self) -> tuple[int, int]:
        """Grey levels shown black and white."""
        return self._levels

    @property
    def gamma(self) -> float:
        """Exponent between the two grey levels; under 1 brightens."""
        return self._gamma

    @property
    def aspect_mode(self) -> AspectMode:
        """How rows relate to columns on screen, as asked for."""
        return self._aspect_mode

    @property
    def crosshair(self) -> tuple[float, float]:
        """Image point ``(z, x)`` px of the crosshair."""
        return self._picture.crosshair.z, self._picture.crosshair.x

    def set_session(self, session: Session | None, runner: ToolRunner | None) -> None:
        """Show `session`, from its first B-scan on, and let `runner` have the pointer."""
        self._disconnect()
        self._session, self._runner = session, runner
        self._b, self._problem, self._drag = 0, "", _Drag.NOTHING
        self._picture.ring.setVisible(False)
        self._picture.guides.set_guides(())
        if session is None:
            self._picture.set_structures((), FLUID_SCHEME)
            self._show_nothing()
            return
        self._cache = BScanCache(session.scan)
        session.changed.connect(self._on_changed)
        if runner is not None:
            runner.drawn.connect(self._on_drawn)
            runner.guides_changed.connect(self._on_guides)
        annotation = session.annotation
        self._picture.set_structures(annotation.surfaces.names, annotation.masks.scheme)
        _, height, width = session.scan.shape
        self._fitted = True
        self._picture.crosshair.move_to(height / 2, width / 2, height, width)
        self._set_size()
        self.show_b_scan(0)

    def show_b_scan(self, b: int) -> None:
        """Show B-scan `b`, or the nearest there is; a stroke in hand is finished first."""
        if self._session is None or self._cache is None:
            return
        b = min(max(b, 0), self._session.scan.n_b_scans - 1)
        if self._runner is not None:
            self._runner.go_to(b)
        onwards = 1 if b >= self._b else -1
        self._b = b
        try:
            image = self._cache.get(b)
        except Exception as error:
            # Any reader's failure costs this B-scan only; the others and the work stay.
            self._problem = why(error)
            self._picture.set_all_visible(False)
        else:
            self._problem = ""
            self._picture.set_all_visible(True)
            self._picture.show_image(image)
        self._picture.show_annotation(self._session.annotation, b)
        self._apply_visibility()
        ahead = [b + onwards * k for k in range(1, _AHEAD + 1)]
        self._cache.ahead([*ahead[:1], b - onwards, *ahead[1:]])
        self.viewport().update()

    def refresh_spacing(self) -> None:
        """Take over that the session's scan got another spacing; zoom and B-scan stay."""
        self._set_size()
        self.viewport().update()

    def _disconnect(self) -> None:
        if self._cache is not None:
            self._cache.close()
            self._cache = None
        if self._session is not None:
            self._session.changed.disconnect(self._on_changed, missing_ok=True)
        if self._runner is not None:
            self._runner.drawn.disconnect(self._on_drawn, missing_ok=True)
            self._runner.guides_changed.disconnect(self._on_guides, missing_ok=True)

    def _show_nothing(self) -> None:
        self._picture.set_all_visible(False)
        self.set_image_size(0, 0, 1.0)
        self._apply_visibility()
        self.viewport().update()

    def _set_size(self) -> None:
        if self._session is None:
            return
        scan = self._session.scan
        _, height, width = scan.shape
        dz, dx = scan.spacing.z.mm, scan.spacing.x.mm
        aspect = 1.0
        if self._aspect_mode is AspectMode.UM and dz is not None and dx is not None:
            aspect = dz / dx
        self.set_image_size(height, width, aspect)

    def _on_changed(self, change: Change) -> None:
        session = self._session
        if session is None or self._b not in change.b_scans:
            return
        if change.targets & {Target.SURFACES, Target.CONFIDENCE}:
            self._picture.show_surfaces(session.annotation, self._b)
        if Target.MASKS in change.targets:
            for patch in change.edit.patches:
                if patch.target is Target.MASKS and self._b in patch.b_scans:
                    _, z, x = patch.where
                    labels = session.annotation.masks.labels[self._b]
                    self._picture.mask.update_labels(labels, z.start, z.stop, x.start, x.stop)
        if Target.STATES in change.targets:
            self.viewport().update(self._badge_rect().toAlignedRect())

    def _on_drawn(self, draft: BScanDraft, dirty: Rect) -> None:
        if self._session is not None and draft.b == self._b:
            self._picture.show_draft(draft, dirty, self._session.annotation)

    def _on_guides(self, guides: tuple[Guide, ...]) -> None:
        self._picture.guides.set_guides(guides)
        for guide in guides:
            if guide.kind == "circle":
                z, x = guide.points[0]
                self._place_ring(float(z), float(x), guide.radius_px)

    def set_contrast(self, low: int, high: int, gamma: float = 1.0) -> None:
        """Show grey `low` black and `high` white, with ``t ** gamma`` between them."""
        low = min(max(int(low), 0), 254)
        high = min(max(int(high), low + 1), 255)
        changed = (low, high) != self._levels
        if changed or gamma != self._gamma:
            self._levels, self._gamma = (low, high), gamma
            self._picture.set_contrast(low, high, gamma)
        if changed:
            self.contrast_changed.emit(low, high)

    def auto_contrast(self) -> None:
        """Choose the grey levels from the B-scan shown."""
        if self._session is not None and self._cache is not None and not self._problem:
            self.set_contrast(*auto_levels(self._cache.get(self._b)), self._gamma)

    def set_aspect(self, mode: AspectMode) -> None:
        """Show equal lengths equal (1:1 µm, if the spacing is known) or pixels square."""
        self._aspect_mode = mode
        self._set_size()

    def set_surface_visible(self, row: int, visible: bool) -> None:
        """Show or hide the surface in `row` of the annotation."""
        self._picture.set_surface_visible(row, visible)

    def set_surfaces_visible(self, visible: bool) -> None:
        """Show or hide all surfaces."""
        self._picture.set_surfaces_visible(visible)

    def set_active_surface(self, row: int) -> None:
        """Draw the surface in `row` of the annotation thicker than the others."""
        self._picture.set_active(row)

    def set_mask_visible(self, visible: bool) -> None:
        """Show or hide the mask overlay."""
        self._mask_wanted = visible
        self._apply_visibility()

    def set_mask_opacity(self, opacity: float) -> None:
        """Set how strongly the mask covers the image, 0..1."""
        self._picture.set_mask_opacity(opacity)

    def set_crosshair(self, z: float, x: float) -> None:
        """Put the crosshair at image point ``(z, x)`` px."""
        self._picture.crosshair.move_to(z, x, *self.image_size)

    def set_crosshair_visible(self, visible: bool) -> None:
        """Show or hide the crosshair."""
        self._crosshair_wanted = visible
        self._apply_visibility()

    def set_confidence_visible(self, visible: bool) -> None:
        """Say whether stretches that the engine is not sure of are dashed."""
        self._picture.set_unsure_shown(visible)
        if self._session is not None:
            self._picture.show_surfaces(self._session.annotation, self._b)

    def _apply_visibility(self) -> None:
        shown = self._session is not None and not self._problem
        self._picture.mask.setVisible(shown and self._mask_wanted)
        self._picture.crosshair.set_visible(shown and self._crosshair_wanted)

    def wheel_notches(self, notches: int, event: QWheelEvent) -> None:
        """Step: towards the user is onwards."""
        self.stepped.emit(-notches)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()
        if self._session is None or self.begin_pan(event):
            return
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
        if self.end_pan():
            return
        drag, self._drag = self._drag, _Drag.NOTHING
        if drag is _Drag.TOOL and self._runner is not None:
            self._runner.release(Point(*self.to_image(event.position())))

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

    def mm_per_px(self) -> tuple[float | None, float | None]:
        if self._session is None:
            return None, None
        spacing = self._session.scan.spacing
        return spacing.z.mm, spacing.x.mm

    def paint_overlays(self, painter: QPainter, view: QRectF, exposed: QRectF) -> None:
        session = self._session
        if session is None:
            self.paint_message(
                painter, view, "No scan is open", "Drop an OCT file here or press Ctrl+O"
            )
            return
        if self._problem:
            title = f"B-scan {self._b + 1} cannot be shown"
            self.paint_message(painter, view, title, self._problem)
        else:
            self.paint_scale_bars(painter, view, exposed)
        if self._badge_rect().intersects(exposed):
            self._paint_badges(painter, view)

    def _badge_rect(self) -> QRectF:
        width = float(self.viewport().width())
        return QRectF(0, 0, width, 16 + badge_rect(self.overlay_font(), "X").height())

    def _paint_badges(self, painter: QPainter, view: QRectF) -> None:
        assert self._session is not None
        scan = self._session.scan
        state = self._session.annotation.b_scan_state(self._b)
        style = STATE_STYLES[State(state)]
        font = self.overlay_font()
        place = f"B-scan {self._b + 1} / {scan.n_b_scans}"
        box = draw_badge(painter, QPointF(8, 8), place, font)
        text = f"{style.title} {style.glyph}".strip()
        draw_badge(painter, QPointF(box.right() + 6, 8), text, font, style.qcolor)
        if scan.acquisition.simulated:
            size = badge_rect(font, "simulated")
            draw_badge(painter, QPointF(view.right() - 8 - size.width(), 8), "simulated", font)
