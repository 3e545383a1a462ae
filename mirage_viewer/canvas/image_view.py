"""ImageView: zoom, pan, fit and overlays that every image canvas shares."""

from __future__ import annotations

from enum import StrEnum

from qtpy.QtCore import QPoint, QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import (
    QCursor,
    QFont,
    QFontInfo,
    QFontMetricsF,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QResizeEvent,
    QShowEvent,
    QTransform,
    QWheelEvent,
)
from qtpy.QtWidgets import QFrame, QGraphicsScene, QGraphicsView, QWidget

from mirage_viewer.canvas.colors import CANVAS_BACKGROUND, OVERLAY_TEXT, QUIET_TEXT
from mirage_viewer.canvas.scale_bar import (
    draw_scale_bars,
    halo_text,
    scale_bar,
    scale_bars_rect,
)
from mirage_viewer.guard import guarded

WHEEL_NOTCH = 120
_ZOOM_PER_NOTCH = 1.25
_ZOOM_RANGE = (0.02, 64.0)
_FIT_MARGIN_VIEW_PX = 6
_LONGEST_BAR_VIEW_PX = 130.0


class AspectMode(StrEnum):
    """How rows relate to columns on screen."""

    UM = "1:1 µm"
    PX = "1:1 px"


@guarded
class ImageView(QGraphicsView):
    """A zoomable view of one image in scene coordinates ``(col, row)``, pixels as unit squares.

    Signals
    -------
    zoom_changed(float)
        View pixels per image column.
    """

    zoom_changed = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setScene(QGraphicsScene(self))
        self.setFrameShape(QFrame.NoFrame)
        self.setBackgroundBrush(CANVAS_BACKGROUND)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
        self.setViewportUpdateMode(QGraphicsView.MinimalViewportUpdate)
        self.setTransformationAnchor(QGraphicsView.NoAnchor)
        self.setResizeAnchor(QGraphicsView.NoAnchor)
        self.setFocusPolicy(Qt.StrongFocus)
        self.setMouseTracking(True)
        self.viewport().setMouseTracking(True)
        self._height = 0
        self._width = 0
        self._zoom = 1.0
        self._pixel_aspect = 1.0
        self._fitted = True
        self._panning_from: QPoint | None = None
        self._panning_button = Qt.NoButton
        self._space_held = False
        self._wheel_angle = 0

    @property
    def image_size(self) -> tuple[int, int]:
        """``(rows, columns)`` of the image, ``(0, 0)`` while there is none."""
        return self._height, self._width

    @property
    def zoom(self) -> float:
        """View pixels per image column."""
        return self._zoom

    @property
    def pixel_aspect(self) -> float:
        """Height of a row over the width of a column on screen."""
        return self._pixel_aspect

    def set_image_size(self, height: int, width: int, pixel_aspect: float) -> None:
        """Say how large the image is and how high a row is relative to the width of a column."""
        changed = (height, width, pixel_aspect) != (self._height, self._width, self._pixel_aspect)
        self._height, self._width, self._pixel_aspect = height, width, pixel_aspect
        if changed:
            if self._fitted:
                self.fit()
            else:
                self._apply(self._zoom, self._center())

    def to_image(self, at: QPointF) -> tuple[float, float]:
        """Return image ``(z, x)`` px, pixel centres at integers, of a point of the viewport."""
        inverse, _ = self.viewportTransform().inverted()
        scene = inverse.map(QPointF(at))
        return scene.y() - 0.5, scene.x() - 0.5

    def to_view(self, z: float, x: float) -> QPointF:
        """Return the viewport point of image ``(z, x)`` px."""
        return self.viewportTransform().map(QPointF(x + 0.5, z + 0.5))

    def contains(self, z: float, x: float) -> bool:
        """Return whether image point ``(z, x)`` px lies on the image."""
        return -0.5 <= z < self._height - 0.5 and -0.5 <= x < self._width - 0.5

    def fit(self) -> None:
        """Show the whole image as large as possible, now and after every resize."""
        self._fitted = True
        if not self._height or not self._width:
            return
        size = self.viewport().size() - 2 * QSize(_FIT_MARGIN_VIEW_PX, _FIT_MARGIN_VIEW_PX)
        zoom = min(
            max(size.width(), 16) / self._width,
            max(size.height(), 16) / (self._height * self._pixel_aspect),
        )
        self._apply(zoom, QPointF(self._width / 2, self._height / 2))

    def zoom_by(self, factor: float, anchor: QPointF | None = None) -> None:
        """Zoom by `factor`, keeping the image point under `anchor` (viewport; centre) in place."""
        if not self._height:
            return
        middle = QPointF(self.viewport().width() / 2, self.viewport().height() / 2)
        anchor = QPointF(anchor) if anchor is not None else middle
        z, x = self.to_image(anchor)
        low, high = _ZOOM_RANGE
        zoom = min(max(self._zoom * factor, low), high)
        self._fitted = False
        away = middle - anchor
        center = QPointF(
            x + 0.5 + away.x() / zoom, z + 0.5 + away.y() / (zoom * self._pixel_aspect)
        )
        self._apply(zoom, center)

    def actual_pixels(self) -> None:
        """Show one image column per view pixel."""
        self.zoom_by(1.0 / self._zoom)

    def pan_by(self, dx: int, dy: int) -> None:
        """Move the image by view pixels."""
        self._fitted = False
        horizontal, vertical = self.horizontalScrollBar(), self.verticalScrollBar()
        horizontal.setValue(horizontal.value() - dx)
        vertical.setValue(vertical.value() - dy)

    def grab_image(self) -> QImage:
        """Return what the view shows, overlays included."""
        return self.viewport().grab().toImage()

    def _center(self) -> QPointF:
        return self.mapToScene(self.viewport().rect()).boundingRect().center()

    def _apply(self, zoom: float, center: QPointF) -> None:
        """Set zoom and centre; the image may be panned until half the view is empty."""
        changed = zoom != self._zoom
        self._zoom = zoom
        half_x = self.viewport().width() / 2 / zoom
        half_y = self.viewport().height() / 2 / (zoom * self._pixel_aspect)
        image = QRectF(0, 0, self._width, self._height)
        self.setTransform(QTransform.fromScale(zoom, zoom * self._pixel_aspect))
        self.setSceneRect(image.adjusted(-half_x, -half_y, half_x, half_y))
        self.centerOn(center)
        self.viewport().update()
        if changed:
            self.zoom_changed.emit(zoom)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._fitted:
            self.fit()
        else:
            self._apply(self._zoom, self._center())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._fitted:
            self.fit()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        super().scrollContentsBy(dx, dy)
        # Qt scrolls pixels, and the overlays, which stay in place, with them.
        self.viewport().update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        angle = event.angleDelta().y() or event.angleDelta().x()
        if event.modifiers() & Qt.ControlModifier:
            self.zoom_by(_ZOOM_PER_NOTCH ** (angle / WHEEL_NOTCH), event.position())
        else:
            self._wheel_angle += angle
            notches = int(self._wheel_angle / WHEEL_NOTCH)
            self._wheel_angle -= notches * WHEEL_NOTCH
            if notches:
                self.wheel_notches(notches, event)
        event.accept()

    def wheel_notches(self, notches: int, event: QWheelEvent) -> None:
        """Answer a turn of the wheel without Ctrl; positive is away from the user."""
        self.zoom_by(_ZOOM_PER_NOTCH**notches, event.position())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key_Space and not event.isAutoRepeat():
            self._space_held = True
            self.refresh_cursor()
        elif event.key() != Qt.Key_Space:
            # QGraphicsView would scroll on arrow keys, which belong to the window's actions.
            event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key_Space and not event.isAutoRepeat():
            self._space_held = False
            self.refresh_cursor()
        else:
            event.ignore()

    @property
    def panning(self) -> bool:
        """True while the image is dragged."""
        return self._panning_from is not None

    def begin_pan(self, event: QMouseEvent) -> bool:
        """Begin to pan if `event` asks for it (middle button, or Space and left); return if so."""
        wants = event.button() == Qt.MiddleButton or (
            event.button() == Qt.LeftButton and self._space_held
        )
        if wants:
            self._panning_from = event.position().toPoint()
            self._panning_button = event.button()
            self.refresh_cursor()
        return wants

    def go_on_panning(self, event: QMouseEvent) -> bool:
        """Pan while a pan is in hand; return whether one is."""
        if self._panning_from is None:
            return False
        if not event.buttons() & self._panning_button:
            self.end_pan(self._panning_button)
            return False
        here = event.position().toPoint()
        self.pan_by(here.x() - self._panning_from.x(), here.y() - self._panning_from.y())
        self._panning_from = here
        return True

    def end_pan(self, button: Qt.MouseButton) -> bool:
        """End the pan that `button` began; return whether there was one."""
        if self._panning_from is None or button != self._panning_button:
            return False
        self._panning_from = None
        self.refresh_cursor()
        return True

    def refresh_cursor(self) -> None:
        """Show what the pointer would do here."""
        if self._panning_from is not None:
            self.viewport().setCursor(Qt.ClosedHandCursor)
        elif self._space_held:
            self.viewport().setCursor(Qt.OpenHandCursor)
        else:
            self.viewport().setCursor(self.idle_cursor())

    def idle_cursor(self) -> QCursor | Qt.CursorShape:
        """Return the pointer's shape while nothing is dragged."""
        return Qt.ArrowCursor

    def mm_per_px(self) -> tuple[float | None, float | None]:
        """Return the spacing of rows and columns in mm, None where unknown."""
        return None, None

    def drawForeground(self, painter: QPainter, rect: QRectF) -> None:
        painter.save()
        exposed = self.mapFromScene(rect).boundingRect().adjusted(-2, -2, 2, 2)
        painter.resetTransform()
        self.paint_overlays(painter, QRectF(self.viewport().rect()), QRectF(exposed))
        painter.restore()

    def paint_overlays(self, painter: QPainter, view: QRectF, exposed: QRectF) -> None:
        """Draw over the image in view coordinates; only what meets `exposed` needs to be."""
        if self._height:
            self.paint_scale_bars(painter, view, exposed)

    def paint_scale_bars(self, painter: QPainter, view: QRectF, exposed: QRectF) -> None:
        """Draw a scale bar for columns and one for rows."""
        mm_z, mm_x = self.mm_per_px()
        longest = min(_LONGEST_BAR_VIEW_PX, view.width() / 3, view.height() / 3)
        if longest < 24:
            return
        horizontal = scale_bar(self._zoom, mm_x, longest)
        vertical = scale_bar(self._zoom * self._pixel_aspect, mm_z, longest)
        if scale_bars_rect(view, horizontal, vertical).intersects(exposed):
            draw_scale_bars(painter, view, horizontal, vertical, self.overlay_font())

    def overlay_font(self, scale: float = 1.0) -> QFont:
        """Return the font of overlay text, `scale` times the widget's."""
        font = QFont(self.font())
        # Under a style sheet a font has a size in px only; points would differ between systems.
        font.setPixelSize(round(QFontInfo(font).pixelSize() * 0.92 * scale))
        return font

    def paint_note(self, painter: QPainter, at: QPointF, text: str) -> QRectF:
        """Write `text` with a halo, its top left at `at`; return the rectangle it covers."""
        font = self.overlay_font()
        metrics = QFontMetricsF(font)
        painter.setRenderHint(QPainter.Antialiasing, True)
        halo_text(painter, at + QPointF(0, metrics.ascent()), text, font)
        return QRectF(at.x(), at.y(), metrics.horizontalAdvance(text), metrics.height())

    def paint_message(self, painter: QPainter, view: QRectF, title: str, text: str) -> None:
        """Write a message in the middle of an empty view."""
        area = view.adjusted(24, 16, -24, -16)
        big = self.overlay_font(1.25)
        height = QFontMetricsF(big).height()
        middle = area.center().y()
        painter.setFont(big)
        painter.setPen(OVERLAY_TEXT)
        above = QRectF(area.left(), middle - 2.6 * height, area.width(), 2.4 * height)
        painter.drawText(above, Qt.AlignHCenter | Qt.AlignBottom | Qt.TextWordWrap, title)
        painter.setFont(self.overlay_font())
        painter.setPen(QUIET_TEXT)
        below = QRectF(area.left(), middle + 0.2 * height, area.width(), 6 * height)
        painter.drawText(below, Qt.AlignHCenter | Qt.AlignTop | Qt.TextWordWrap, text)
