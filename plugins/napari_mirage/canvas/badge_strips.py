"""BadgeStrip: words over napari's canvas: where one is, whose work it is, what a tool says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qtpy.QtCore import QPointF, QSize, Qt
from qtpy.QtGui import QColor, QFont, QFontInfo, QPainter, QPaintEvent
from qtpy.QtWidgets import QWidget

from mirage_viewer.canvas.badges import badge_rect, draw_badge
from mirage_viewer.guard import guarded

_GAP_PX = 6
_MARGIN_PX = 8


@dataclass(frozen=True)
class Badge:
    """Words after a dot of `color`, if there is one."""

    text: str
    color: QColor | None = None


Drawing = Callable[[QPainter, QPointF, float, QFont], object]
"""Draws a line of its own with its top left at a point, in so many px at most."""


@guarded
class BadgeStrip(QWidget):
    """Rows of badges in a corner of a canvas, as large as they are and no larger.

    Parameters
    ----------
    canvas : QWidget
        Over which it lies; the mouse does not notice it.
    low : bool
        In the lower right corner instead of the upper left one.
    """

    def __init__(self, canvas: QWidget, *, low: bool = False) -> None:
        super().__init__(canvas)
        self._low = low
        self._rows: list[tuple[Badge, ...] | Drawing] = []
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    @property
    def words(self) -> tuple[str, ...]:
        """What the badges say, row by row; nothing while none is seen."""
        rows = [row for row in self._rows if isinstance(row, tuple)]
        return tuple(badge.text for row in rows for badge in row) if self.isVisibleTo(None) else ()

    def show_rows(self, rows: list[tuple[Badge, ...] | Drawing]) -> None:
        """Show `rows`, badges each or a drawing of its own."""
        self._rows = [row for row in rows if row]
        self.setVisible(bool(self._rows))
        self.place()

    def place(self) -> None:
        """Take the room that is needed, in the corner."""
        if not self._rows:
            return
        canvas = self.parentWidget().size()
        size = self._needed(canvas.width())
        left = canvas.width() - size.width() if self._low else 0
        top = canvas.height() - size.height() if self._low else 0
        self.setGeometry(left, top, size.width(), size.height())
        self.update()

    def _needed(self, room: int) -> QSize:
        font = self._font()
        height = badge_rect(font, "X").height() + _GAP_PX
        width = 0.0
        lines = 0
        for row in self._rows:
            if isinstance(row, tuple):
                boxes = [badge_rect(font, b.text, dot=b.color is not None).width() for b in row]
                width = max(width, sum(boxes) + _GAP_PX * (len(boxes) - 1))
                lines += 1
            else:
                # Two lines at most, as wide as they like.
                width = max(width, room - 2 * _MARGIN_PX)
                lines += 2
        return QSize(round(width) + 2 * _MARGIN_PX, round(lines * height) + 2 * _MARGIN_PX)

    def _font(self) -> QFont:
        font = QFont(self.font())
        font.setPixelSize(max(round(QFontInfo(font).pixelSize() * 0.92), 9))
        return font

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        font = self._font()
        step = badge_rect(font, "X").height() + _GAP_PX
        at = QPointF(_MARGIN_PX, _MARGIN_PX)
        for row in self._rows:
            if isinstance(row, tuple):
                x = at.x()
                for badge in row:
                    box = draw_badge(painter, QPointF(x, at.y()), badge.text, font, badge.color)
                    x = box.right() + _GAP_PX
                at.setY(at.y() + step)
            else:
                row(painter, at, self.width() - 2 * _MARGIN_PX, font)
                at.setY(at.y() + 2 * step)
        painter.end()
