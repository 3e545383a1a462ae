"""BScanStrip: one cell per B-scan with its state; a click goes there."""

from __future__ import annotations

from collections.abc import Iterable

from qtpy.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import (
    QColor,
    QFont,
    QFontInfo,
    QFontMetricsF,
    QHelpEvent,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

from mirage_core.annotate import Change, Session, Target
from mirage_core.scan import State
from mirage_viewer.canvas.background import Background
from mirage_viewer.canvas.colors import CANVAS_BACKGROUND, STATE_STYLES
from mirage_viewer.canvas.links import Links
from mirage_viewer.canvas.thumbnails import thumbnail
from mirage_viewer.guard import guarded

_MARGIN = 8.0
_BAND = 14.0
_POINTER = 7.0
_LEGEND = 18.0
_SMALLEST_THUMBNAIL = 22.0
_THUMBNAIL_WIDTH = 44.0
_GLYPH_FROM = 11.0
"""Cell width from which the glyph of a state is drawn."""
_QUEUED = 5
_QUEUE_DOT = 5.0
_TICK = 3
_GAP_FROM = 5.0
"""Cell width from which cells stand apart."""


@guarded
class BScanStrip(QWidget):
    """All B-scans in a row: states as colours, thumbnails where there is room.

    Signals
    -------
    picked(int)
        The B-scan that the user clicked or dragged to.
    stepped(int)
        The wheel was turned over the strip.
    """

    picked = Signal(int)
    stepped = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Preferred)
        self.setMinimumHeight(int(_BAND + _POINTER + _LEGEND + 8))
        self.setMouseTracking(True)
        self.setAccessibleName("B-scans and their states")
        self._session: Session | None = None
        self._links = Links(self)
        self._states: tuple[State, ...] = ()
        self._b = 0
        self._queue: tuple[int, ...] = ()
        self._offered: frozenset[int] = frozenset()
        self._wheel_angle = 0
        self._thumbnails: dict[int, QImage] = {}
        self._asked: set[int] = set()
        self._background = Background(self)
        self._background.done.connect(self._on_thumbnail)

    @property
    def current(self) -> int:
        """The B-scan that is marked."""
        return self._b

    def set_session(self, session: Session | None) -> None:
        """Show the B-scans of `session`."""
        self._links.clear()
        self._background.clear()
        self._thumbnails.clear()
        self._asked.clear()
        self._session, self._b, self._queue, self._offered = session, 0, (), frozenset()
        self._states = ()
        if session is not None:
            self._links.connect(session.changed, self._on_changed)
            self._states = session.annotation.b_scan_states()
        self._ask_for_thumbnails()
        self.update()

    def set_current(self, b: int) -> None:
        """Mark B-scan `b`."""
        if b != self._b:
            before, self._b = self._b, b
            for marked in (before, b):
                self.update(self._mark_rect(marked).adjusted(-6, -8, 6, 4).toAlignedRect())

    def set_queue(self, order: tuple[int, ...]) -> None:
        """Mark the B-scans that are to be looked at next, the first of `order` most."""
        if order[:_QUEUED] != self._queue:
            self._queue = order[:_QUEUED]
            self.update()

    def set_offered(self, b_scans: Iterable[int]) -> None:
        """Tick the B-scans that what is offered would change."""
        offered = frozenset(b_scans)
        if offered != self._offered:
            self._offered = offered
            self.update()

    def tick_rect(self, b: int) -> QRectF:
        """Return where the tick of B-scan `b` is drawn: right below its state."""
        band = self._band_rect(b)
        return QRectF(band.left(), band.bottom() + 1, max(band.width(), 2), _TICK)

    def sizeHint(self) -> QSize:
        return QSize(600, 92)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.minimumHeight())

    def cell_rect(self, b: int) -> QRectF:
        """Return where B-scan `b` is drawn, thumbnails and band together."""
        width = self._cell_width()
        return QRectF(_MARGIN + b * width, _POINTER, width, self.height() - _POINTER - _LEGEND)

    def b_scan_at(self, x: float) -> int | None:
        """Return the B-scan at widget coordinate `x`, the nearest beyond the ends."""
        if not self._states:
            return None
        b = int((x - _MARGIN) // self._cell_width())
        return min(max(b, 0), len(self._states) - 1)

    def _cell_width(self) -> float:
        return max(self.width() - 2 * _MARGIN, 1.0) / max(len(self._states), 1)

    def _on_changed(self, change: Change) -> None:
        if self._session is None or Target.STATES not in change.targets:
            return
        states = list(self._states)
        for b in change.b_scans:
            states[b] = self._session.annotation.b_scan_state(b)
        self._states = tuple(states)
        self.update()

    # The band and the thumbnails share the height above the legend.
    def _band_rect(self, b: int) -> QRectF:
        cell = self.cell_rect(b)
        gap = 1 if cell.width() >= _GAP_FROM else 0
        # Whole pixels, so that narrow cells neither blend nor leave seams.
        left, right = round(cell.left()), round(cell.right())
        return QRectF(left, cell.bottom() - _BAND, max(right - left - gap, 1), _BAND)

    def _groups(self) -> list[tuple[int, QRectF]]:
        """Return the B-scan and place of every thumbnail there is room for."""
        cell = self._cell_width()
        height = self.height() - _POINTER - _LEGEND - _BAND - 3
        if self._session is None or height < _SMALLEST_THUMBNAIL:
            return []
        _, rows, columns = self._session.scan.shape
        whole = height * columns / rows
        per = max(1, round(_THUMBNAIL_WIDTH / cell))
        groups = []
        for first in range(0, len(self._states), per):
            count = min(per, len(self._states) - first)
            room = count * cell - 1
            # Few B-scans have wide cells: a thumbnail is never wider than its B-scan.
            width = min(room, whole)
            left = _MARGIN + first * cell + (room - width) / 2
            groups.append((first + count // 2, QRectF(left, _POINTER, width, height)))
        return groups

    def _ask_for_thumbnails(self) -> None:
        session = self._session
        if session is None:
            return
        for b, _ in self._groups():
            if b not in self._asked:
                self._asked.add(b)
                self._background.submit(b, lambda b=b, scan=session.scan: thumbnail(scan, b))

    def _on_thumbnail(self, b: object, image: object) -> None:
        if isinstance(b, int) and isinstance(image, QImage):
            self._thumbnails[b] = image
            self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._ask_for_thumbnails()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.LeftButton:
            self._pick(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.LeftButton:
            self._pick(event.position().x())

    def _pick(self, x: float) -> None:
        b = self.b_scan_at(x)
        if b is not None and b != self._b:
            self.picked.emit(b)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._wheel_angle += event.angleDelta().y() or event.angleDelta().x()
        notches = int(self._wheel_angle / 120)
        self._wheel_angle -= notches * 120
        if notches:
            self.stepped.emit(-notches)
        event.accept()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.ToolTip and isinstance(event, QHelpEvent):
            text = self.tip_at(event.pos().x(), event.pos().y())
            if text:
                QToolTip.showText(event.globalPos(), text, self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def tip_at(self, x: float, y: float) -> str:
        """Return the tooltip of a place: the B-scan, counted from 1, and its state."""
        b = self.b_scan_at(x)
        if b is None or y > self.height() - _LEGEND:
            return ""
        text = f"B-scan {b + 1}: {STATE_STYLES[self._states[b]].title}"
        if b in self._queue:
            text += f", number {self._queue.index(b) + 1} to look at (Q)"
        if b in self._offered:
            text += ", what is offered changes it"
        return text

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.Antialiasing, True)
        if not self._states:
            painter.setPen(self._quiet())
            painter.drawText(self.rect(), Qt.AlignCenter, "No B-scans yet")
            return
        self._paint_thumbnails(painter, QRectF(event.rect()))
        self._paint_band(painter)
        self._paint_offered(painter)
        self._paint_queue(painter)
        self._paint_current(painter)
        self._paint_legend(painter)

    def _paint_thumbnails(self, painter: QPainter, exposed: QRectF) -> None:
        painter.setRenderHint(QPainter.SmoothPixmapTransform, True)
        for b, place in self._groups():
            if not place.intersects(exposed):
                continue
            painter.fillRect(place, CANVAS_BACKGROUND)
            image = self._thumbnails.get(b)
            if image is None:
                continue
            # Cut to the shape of the cell rather than squeezed: the retina stays recognisable.
            ratio = place.width() / place.height()
            width = min(float(image.width()), image.height() * ratio)
            height = min(float(image.height()), image.width() / ratio)
            left, top = (image.width() - width) / 2, (image.height() - height) / 2
            painter.drawImage(place, image, QRectF(left, top, width, height))

    def _paint_band(self, painter: QPainter) -> None:
        font = QFont(self.font())
        font.setPixelSize(int(_BAND) - 3)
        font.setBold(True)
        painter.setFont(font)
        # Hundreds of cells are narrower than a pixel or two: blended, their colours would lie.
        painter.setRenderHint(QPainter.Antialiasing, False)
        for b, state in enumerate(self._states):
            style, band = STATE_STYLES[state], self._band_rect(b)
            painter.fillRect(band, style.qcolor)
            if style.glyph and band.width() >= _GLYPH_FROM:
                painter.setPen(QColor(0, 0, 0))
                painter.drawText(band, Qt.AlignCenter, style.glyph)
        painter.setRenderHint(QPainter.Antialiasing, True)

    def _paint_offered(self, painter: QPainter) -> None:
        """Underline the B-scans that an offer changes, in the color of the mark."""
        for b in self._offered:
            painter.fillRect(self.tick_rect(b), self.palette().color(QPalette.WindowText))

    def _paint_queue(self, painter: QPainter) -> None:
        """Put a dot over each of the next B-scans to look at, fainter from one to the next."""
        color = QColor(self.palette().color(QPalette.WindowText))
        painter.setPen(Qt.NoPen)
        for turn, b in enumerate(self._queue):
            color.setAlphaF(1 - turn / (len(self._queue) + 1))
            painter.setBrush(color)
            place = QPointF(self.cell_rect(b).center().x(), _POINTER / 2)
            painter.drawEllipse(place, _QUEUE_DOT / 2, _QUEUE_DOT / 2)

    def _paint_current(self, painter: QPainter) -> None:
        frame = self._mark_rect(min(self._b, len(self._states) - 1))
        color = self.palette().color(QPalette.WindowText)
        painter.setBrush(Qt.NoBrush)
        painter.setPen(QPen(self.palette().color(QPalette.Window), 4))
        painter.drawRect(frame)
        painter.setPen(QPen(color, 2))
        painter.drawRect(frame)
        tip = QPointF(frame.center().x(), _POINTER - 0.5)
        painter.setPen(Qt.NoPen)
        painter.setBrush(color)
        painter.drawPolygon(QPolygonF([tip, tip + QPointF(-5, -6), tip + QPointF(5, -6)]))

    def _mark_rect(self, b: int) -> QRectF:
        cell = self.cell_rect(b)
        # On a strip of hundreds a cell is a hair: the mark keeps a width one can see.
        if cell.width() < 6:
            return QRectF(cell.center().x() - 2.5, cell.top(), 5, cell.height())
        return cell.adjusted(0, 0, -1, 0)

    def _paint_legend(self, painter: QPainter) -> None:
        font = QFont(self.font())
        font.setPixelSize(round(QFontInfo(font).pixelSize() * 0.92))
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        middle = self.height() - _LEGEND / 2 + 1
        at = _MARGIN
        counts = {state: self._states.count(state) for state in State}
        for state, style in STATE_STYLES.items():
            text = f"{style.title} {counts[state]}"
            width = 16 + metrics.horizontalAdvance(text) + 16
            if not counts[state] or at + width > self.width():
                continue
            box = QRectF(at, middle - 5, 10, 10)
            painter.fillRect(box, style.qcolor)
            if style.glyph:
                painter.setPen(QColor(0, 0, 0))
                painter.drawText(box.adjusted(-3, -3, 3, 3), Qt.AlignCenter, style.glyph)
            painter.setPen(self._quiet())
            place = QRectF(at + 16, middle - _LEGEND / 2, width, _LEGEND)
            painter.drawText(place, Qt.AlignVCenter | Qt.AlignLeft, text)
            at += width

    def _quiet(self) -> QColor:
        color = QColor(self.palette().color(QPalette.WindowText))
        color.setAlpha(190)
        return color
