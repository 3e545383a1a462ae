"""Badges: short words on a dark plate over an image."""

from __future__ import annotations

from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QFont, QFontMetricsF, QPainter

from mirage_viewer.canvas.colors import OVERLAY_TEXT

_PLATE = QColor(0, 0, 0, 165)
_PAD_X, _PAD_Y, _DOT = 7.0, 3.0, 8.0


def badge_rect(font: QFont, text: str, *, dot: bool = False) -> QRectF:
    """Return the size of a badge at the origin."""
    metrics = QFontMetricsF(font)
    width = metrics.horizontalAdvance(text) + 2 * _PAD_X + (_DOT + 6 if dot else 0)
    return QRectF(0, 0, width, metrics.height() + 2 * _PAD_Y)


def draw_badge(
    painter: QPainter,
    at: QPointF,
    text: str,
    font: QFont,
    dot: QColor | None = None,
    *,
    plate: QColor = _PLATE,
    ink: QColor = OVERLAY_TEXT,
) -> QRectF:
    """Draw `text` with its top left at `at`, after a dot of colour if given; return its place."""
    rect = badge_rect(font, text, dot=dot is not None).translated(at)
    painter.setRenderHint(QPainter.Antialiasing, True)
    painter.setPen(Qt.NoPen)
    painter.setBrush(plate)
    painter.drawRoundedRect(rect, 4, 4)
    inner = rect.adjusted(_PAD_X, 0, -_PAD_X, 0)
    if dot is not None:
        painter.setBrush(dot)
        painter.drawEllipse(QPointF(inner.left() + _DOT / 2, rect.center().y()), _DOT / 2, _DOT / 2)
        inner.setLeft(inner.left() + _DOT + 6)
    painter.setPen(ink)
    painter.setFont(font)
    painter.drawText(inner, Qt.AlignVCenter | Qt.AlignLeft, text)
    return rect
