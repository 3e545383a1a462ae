"""Pointers that say what the tool in hand will do."""

from __future__ import annotations

from functools import lru_cache

from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QCursor, QPainter, QPen, QPixmap

from mirage_viewer.theme.icons import STROKE, draw_icon

SIZE_PX = 32
HOT_PX = 7
"""Where in the picture, from its left and its top, the pointer points."""
_ICON_AT_PX, _ICON_PX = 12, 19
_SIGN_AT_PX = 27.0
_GAP_PX, _ARM_PX, _SIGN_PX = 2.0, 6.0, 3.2
_WHITE, _DARK = "#ffffff", "#000000"


@lru_cache(maxsize=256)
def tool_cursor(icon_name: str, color: str = _WHITE, sign: str = "", ratio: float = 1.0) -> QCursor:
    """Return a cross that points, with the icon of a tool below.

    Everything has a dark rim, so that it is seen on bright tissue and on dark ground alike.

    Parameters
    ----------
    icon_name : str
        A key of :data:`~mirage_viewer.theme.icons.ICONS`.
    color : str
        ``#rrggbb`` of the cross: that of what is drawn.
    sign : str
        ``"+"`` or ``"-"`` beside the icon, or empty.
    ratio : float
        Device pixels per pixel of the screen it is shown on.
    """
    return QCursor(_picture(icon_name, color, sign, ratio), HOT_PX, HOT_PX)


def _picture(icon_name: str, color: str, sign: str, ratio: float) -> QPixmap:
    side = round(SIZE_PX * ratio)
    pixmap = QPixmap(side, side)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    into = QRectF(_ICON_AT_PX, _ICON_AT_PX, _ICON_PX, _ICON_PX)
    draw_icon(painter, icon_name, into, _DARK, STROKE + 3.2)
    draw_icon(painter, icon_name, into, _WHITE, STROKE + 0.3)
    # Half a pixel off the whole ones, so that lines of one pixel are sharp.
    hot = QPointF(HOT_PX + 0.5, HOT_PX + 0.5)
    for ink, width in ((_DARK, 3.0), (color, 1.0)):
        painter.setPen(QPen(QColor(ink), width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
        for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            way = QPointF(x, y)
            painter.drawLine(hot + way * _GAP_PX, hot + way * _ARM_PX)
    if sign:
        _draw_sign(painter, sign)
    painter.end()
    return pixmap


def _draw_sign(painter: QPainter, sign: str) -> None:
    middle = QPointF(_SIGN_AT_PX, HOT_PX + 0.5)
    for ink, width in ((_DARK, 4.4), (_WHITE, 2.0)):
        painter.setPen(QPen(QColor(ink), width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.SquareCap))
        painter.drawLine(middle - QPointF(_SIGN_PX, 0), middle + QPointF(_SIGN_PX, 0))
        if sign == "+":
            painter.drawLine(middle - QPointF(0, _SIGN_PX), middle + QPointF(0, _SIGN_PX))
