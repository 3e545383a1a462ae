"""Put a theme on the application: palette and style sheet."""

from __future__ import annotations

from qtpy.QtGui import QColor, QFontInfo, QPalette
from qtpy.QtWidgets import QApplication, QWidget

from mirage_viewer.theme.colors import DARK, THEMES, Colors
from mirage_viewer.theme.sheet import style_sheet

_PROPERTY = "mirageTheme"
_DESIGNED_FOR_PX = 13


def current_colors() -> Colors:
    """Return the colours of the theme in use."""
    app = QApplication.instance()
    name = app.property(_PROPERTY) if app is not None else None
    return THEMES.get(name, DARK)


def apply_theme(name: str) -> Colors:
    """Give the whole application the theme called `name` (``dark`` or ``light``)."""
    colors = THEMES.get(name, DARK)
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    app.setProperty(_PROPERTY, colors.name)
    app.setStyle("Fusion")  # the same on every system, and it obeys the palette
    app.setPalette(_palette(colors))
    app.setStyleSheet(style_sheet(colors, text_px()))
    return colors


def wear_theme(widget: QWidget, name: str) -> Colors:
    """Give `widget` and what is in it the theme called `name`, in a program with its own look."""
    colors = THEMES.get(name, DARK)
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    app.setProperty(_PROPERTY, colors.name)
    widget.setPalette(_palette(colors))
    widget.setStyleSheet(style_sheet(colors, text_px()))
    return colors


def text_px() -> int:
    """Return the height of ordinary text in px: a little more than the system's own choice."""
    return max(QFontInfo(QApplication.font()).pixelSize() + 1, _DESIGNED_FOR_PX)


def scaled(length_px: int) -> int:
    """Return a length that was chosen for ordinary text, for text of the size in use."""
    return round(length_px * text_px() / _DESIGNED_FOR_PX)


def _palette(c: Colors) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette()
    for r, color in (
        (role.Window, c.window),
        (role.WindowText, c.text),
        (role.Base, c.panel),
        (role.AlternateBase, c.raised),
        (role.Text, c.text),
        (role.PlaceholderText, c.muted),
        (role.Button, c.raised),
        (role.ButtonText, c.text),
        (role.BrightText, c.error),
        (role.Highlight, c.selection),
        (role.HighlightedText, c.text),
        (role.ToolTipBase, c.raised),
        (role.ToolTipText, c.text),
        (role.Link, c.info),
        (role.Mid, c.border),
        (role.Dark, c.border),
        (role.Light, c.hover),
    ):
        palette.setColor(r, QColor(color))
    for r in (role.Text, role.ButtonText, role.WindowText):
        palette.setColor(QPalette.ColorGroup.Disabled, r, QColor(c.disabled))
    return palette
