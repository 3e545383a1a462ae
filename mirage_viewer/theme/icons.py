"""Icons, drawn here as SVG strokes on a 24 by 24 grid and coloured for the theme in use."""

from __future__ import annotations

from functools import lru_cache

from qtpy.QtCore import QByteArray, QRectF, Qt
from qtpy.QtGui import QIcon, QPainter, QPixmap

from mirage_viewer.theme.apply import current_colors

# Paths and shapes only; stroke, caps and colour are added when they are drawn. `C` stands for
# the colour where a shape is filled.
ICONS: dict[str, str] = {
    "open": '<path d="M3 18V6h6l2 2.5h9V11"/><path d="M3 18l3.2-7H22l-3.2 7z"/>',
    "project": '<path d="M3 19V6h6l2 2.5h10V19z"/><path d="M8.5 14l2.5 2.5 4.5-4.5"/>',
    "eye": '<path d="M2.5 12C6 6.5 18 6.5 21.5 12 18 17.5 6 17.5 2.5 12z"/>'
    '<circle cx="12" cy="12" r="3"/>',
    "eye_off": '<path d="M2.5 12C6 6.5 18 6.5 21.5 12 18 17.5 6 17.5 2.5 12z"/>'
    '<path d="M4 20L20 4"/>',
    "segment": '<path d="M3 9c3-3.5 6-3.5 9 0s6 3.5 9 0"/>'
    '<path d="M3 14c3-3.5 6-3.5 9 0s6 3.5 9 0"/>'
    '<path d="M3 19c3-3.5 6-3.5 9 0s6 3.5 9 0"/>'
    '<path d="M18 1.5l.9 2 2 .9-2 .9-.9 2-.9-2-2-.9 2-.9z" fill="C" stroke="none"/>',
    "segment_one": '<rect x="3" y="5" width="18" height="14" rx="1.5"/>'
    '<path d="M5.5 12c2.2-2.5 4.3-2.5 6.5 0s4.3 2.5 6.5 0"/>',
    "undo": '<path d="M8 4L3.5 8.5 8 13"/><path d="M4 8.5h9.5a6 6 0 0 1 0 12H9"/>',
    "redo": '<path d="M16 4l4.5 4.5L16 13"/><path d="M20 8.5h-9.5a6 6 0 0 0 0 12H15"/>',
    "approve": '<circle cx="12" cy="12" r="9"/><path d="M7.5 12.5l3 3 6-6.5"/>',
    "export": '<path d="M12 15V3.5"/><path d="M7.5 8L12 3.5 16.5 8"/>'
    '<path d="M4 13.5V20h16v-6.5"/>',
    "fit": '<path d="M3.5 8.5v-5h5M15.5 3.5h5v5M20.5 15.5v5h-5M8.5 20.5h-5v-5"/>'
    '<rect x="8" y="9" width="8" height="6"/>',
    "one_to_one": '<path d="M4.5 8.5L7 6.5V18M16.5 8.5L19 6.5V18"/>'
    '<circle cx="12" cy="10" r="1" fill="C"/><circle cx="12" cy="15.5" r="1" fill="C"/>',
    "zoom_in": '<circle cx="10.5" cy="10.5" r="6.5"/><path d="M15.5 15.5L21 21"/>'
    '<path d="M10.5 7.5v6M7.5 10.5h6"/>',
    "zoom_out": '<circle cx="10.5" cy="10.5" r="6.5"/><path d="M15.5 15.5L21 21"/>'
    '<path d="M7.5 10.5h6"/>',
    "navigate": '<path d="M12 3v18M3 12h18"/><path d="M9.5 5.5L12 3l2.5 2.5M9.5 18.5L12 21'
    'l2.5-2.5M5.5 9.5L3 12l2.5 2.5M18.5 9.5L21 12l-2.5 2.5"/>',
    "pen": '<path d="M4 20l1-4.5L16.5 4 20 7.5 8.5 19z"/><path d="M14 6.5l3.5 3.5"/>',
    "spline": '<path d="M4 17C8 17 8 7 12 7s4 8 8 8"/>'
    '<circle cx="4" cy="17" r="2" fill="C"/><circle cx="12" cy="7" r="2" fill="C"/>'
    '<circle cx="20" cy="15" r="2" fill="C"/>',
    "pull": '<path d="M3 19c5 0 5.5-9 9-9s4 9 9 9"/><circle cx="12" cy="10" r="2" fill="C"/>'
    '<path d="M12 7V2.5M9.5 5L12 2.5 14.5 5"/>',
    "snap": '<path d="M5 4v7a7 7 0 0 0 14 0V4h-4.5v7a2.5 2.5 0 0 1-5 0V4z"/>'
    '<path d="M5 8h4.5M14.5 8H19"/>',
    "undefine": '<path d="M3 12c1.5-2 3-3 4.5-3M16.5 15c1.5 0 3-1 4.5-3"/>'
    '<path d="M9.5 8.5l5 7M14.5 8.5l-5 7"/>',
    "brush": '<path d="M20.5 3.5L11 13"/><path d="M11 13c-3-1-5.5.5-5.8 3.5-.1 1.5-.9 2.5-2.2'
    ' 3 2.5 1.3 8.5 1.5 9-3.2.1-1.3-.3-2.5-1-3.3z" fill="C"/>',
    "eraser": '<path d="M8.5 19.5l-5-5L14 4l6 6-9.5 9.5z"/><path d="M8 10l6 6M8.5 19.5H20"/>',
    "polygon": '<path d="M5 8l8-4.5 6.5 6-3 9.5H7z"/>'
    '<circle cx="5" cy="8" r="1.6" fill="C"/><circle cx="13" cy="3.5" r="1.6" fill="C"/>'
    '<circle cx="19.5" cy="9.5" r="1.6" fill="C"/><circle cx="16.5" cy="19" r="1.6" fill="C"/>'
    '<circle cx="7" cy="19" r="1.6" fill="C"/>',
    "fill": '<path d="M4 12.5L11.5 5l7 7-6 6.5H9.5z"/><path d="M4.5 12.5h13.5"/>'
    '<path d="M9 2.5l3 3"/><path d="M20.5 15.5c1.3 2 1.8 3 .9 3.9-.6.6-1.8.5-2.2-.3-.4-1 .3-2'
    ' 1.3-3.6z" fill="C"/>',
    "box": '<path d="M3.5 7.5v-4h4M16.5 3.5h4v4M20.5 16.5v4h-4M7.5 20.5h-4v-4"/>'
    '<path d="M8 12.5c-1-2.5 1-5 4-4.5s5 2.5 4 5-3 3-5 2.5-2.5-1.5-3-3z" fill="C"/>',
    "scribble": '<path d="M3 17C4 10 7 4.5 9 6S7 17 10 17.5 14.5 6 17 7.5 14.5 18 21 15"/>',
    "contrast": '<circle cx="12" cy="12" r="8.5"/><path d="M12 3.5a8.5 8.5 0 0 1 0 17z" fill="C"/>',
    "auto": '<path d="M3.5 19L9 4.5h1L15.5 19M5.5 14h8"/><path d="M19 3l.8 2.2L22 6l-2.2.8L19'
    ' 9l-.8-2.2L16 6l2.2-.8z" fill="C" stroke="none"/>',
    "aspect": '<path d="M4 4v16h16"/><path d="M4 8h3M4 12h2M4 16h3M8 20v-3M12 20v-2M16 20v-3"/>',
    "crosshair": '<circle cx="12" cy="12" r="6"/><path d="M12 2.5v6M12 15.5v6M2.5 12h6M15.5'
    ' 12h6"/>',
    "models": '<path d="M12 2.8l8 4.4v9.6l-8 4.4-8-4.4V7.2z"/><path d="M4.3 7.4L12 11.7l7.7-4.3"/>'
    '<path d="M12 11.7v9.3"/>',
    "teach": '<path d="M2 9.5l10-5 10 5-10 5z"/><path d="M6 11.7v4.6c3 2.8 9 2.8 12 0v-4.6"/>'
    '<path d="M22 9.5V15"/>',
    "pause": '<path d="M8 5.5v13M16 5.5v13" stroke-width="3"/>',
    "classes": '<path d="M4 20V4"/><path d="M4 7h14M4 12h9M4 17h5" stroke-width="3"/>',
    "layers": '<path d="M12 3.5l9 4.5-9 4.5L3 8z"/><path d="M3 12l9 4.5 9-4.5"/>'
    '<path d="M3 16l9 4.5 9-4.5"/>',
    "mask": '<path d="M6 13c-2-4 2-8 6-7 5 1 8 5 6 9s-5 4-7 3-4-2-5-5z" fill="C"/>',
    "plot": '<path d="M4 4v16h16"/><path d="M7 12h13" stroke-dasharray="2.5 2.5"/>'
    '<circle cx="9" cy="9" r="1.5" fill="C"/><circle cx="13" cy="14.5" r="1.5" fill="C"/>'
    '<circle cx="17" cy="8" r="1.5" fill="C"/>',
    "theme": '<circle cx="12" cy="12" r="4"/><path d="M12 2.5V5M12 19v2.5M2.5 12H5M19 12h2.5'
    'M5.3 5.3L7 7M17 17l1.7 1.7M5.3 18.7L7 17M17 7l1.7-1.7"/>',
    "keyboard": '<rect x="2.5" y="6" width="19" height="12" rx="2"/>'
    '<path d="M6 10h.01M10 10h.01M14 10h.01M18 10h.01M8 14h8"/>',
    "search": '<circle cx="10.5" cy="10.5" r="6.5"/><path d="M15.5 15.5L21 21"/>',
    "previous": '<path d="M15 4.5L7.5 12l7.5 7.5"/>',
    "next": '<path d="M9 4.5l7.5 7.5L9 19.5"/>',
    "history": '<path d="M3.5 12a8.5 8.5 0 1 0 2.8-6.3"/><path d="M3.5 4v4.5H8"/>'
    '<path d="M12 7.5V12l3.5 2"/>',
    "close": '<path d="M6 6l12 12M18 6L6 18"/>',
    "info": '<circle cx="12" cy="12" r="9"/><path d="M12 11v6M12 7.5h.01"/>',
    "warning": '<path d="M12 3.5L22 20.5H2z"/><path d="M12 10v5M12 17.8h.01"/>',
    "error": '<path d="M8 3h8l5 5v8l-5 5H8l-5-5V8z"/><path d="M12 7.5v6M12 16.8h.01"/>',
    "stop": '<rect x="6" y="6" width="12" height="12" rx="1.5" fill="C"/>',
    "lock": '<rect x="5" y="11" width="14" height="9.5" rx="1.5"/>'
    '<path d="M8 11V7.5a4 4 0 0 1 8 0V11"/>',
    "check": '<path d="M5 12.5l4.5 4.5L19 7"/>',
    "ruler": '<path d="M3 16.5L16.5 3 21 7.5 7.5 21z"/>'
    '<path d="M7 12.5l2 2M10 9.5l2 2M13 6.5l2 2"/>',
    "table": '<rect x="3" y="4.5" width="18" height="15" rx="1.5"/>'
    '<path d="M3 9.5h18M3 14.5h18M9 9.5v10"/>',
    "tag": '<path d="M3.5 4.5v7l9 9 8-8-9-9h-7z"/><circle cx="7.8" cy="8.3" r="1.3" fill="C"/>',
    "drop": '<path d="M12 3v11M7.5 10l4.5 4.5L16.5 10"/><path d="M4 15v5h16v-5"/>',
}
_SIZES_PX = (16, 20, 24, 32, 40, 48, 64, 96)
STROKE = 1.7
"""Width of an icon's lines on its grid of 24."""


def icon(name: str, color: str | None = None) -> QIcon:
    """Return the icon called `name` for the theme in use; KeyError if there is none.

    Parameters
    ----------
    name : str
        A key of :data:`ICONS`.
    color : str, optional
        ``#rrggbb``; the theme's text colour by default.
    """
    colors = current_colors()
    return _icon(name, color or colors.text, colors.disabled)


@lru_cache(maxsize=256)
def _icon(name: str, color: str, disabled: str) -> QIcon:
    made = QIcon()
    for size in _SIZES_PX:
        made.addPixmap(_pixmap(name, color, size))
        made.addPixmap(_pixmap(name, disabled, size), QIcon.Mode.Disabled)
    return made


def _pixmap(name: str, color: str, size_px: int) -> QPixmap:
    pixmap = QPixmap(size_px, size_px)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    draw_icon(painter, name, QRectF(0, 0, size_px, size_px), color)
    painter.end()
    return pixmap


def draw_icon(
    painter: QPainter, name: str, into: QRectF, color: str, width: float = STROKE
) -> None:
    """Draw the icon called `name` with lines `width` wide on its grid of 24; KeyError if none."""
    from qtpy.QtSvg import QSvgRenderer

    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" '
        f'stroke="{color}" stroke-width="{width}" stroke-linecap="round" stroke-linejoin="round">'
        f"{ICONS[name].replace(chr(34) + 'C' + chr(34), chr(34) + color + chr(34))}</svg>"
    )
    QSvgRenderer(QByteArray(svg.encode())).render(painter, into)
