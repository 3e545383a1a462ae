"""Which keys belong to the widget that holds the keyboard rather than to an action."""

from __future__ import annotations

from qtpy.QtCore import QObject, Qt
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QApplication,
    QComboBox,
)

_ARROWS = {
    Qt.Key.Key_Up,
    Qt.Key.Key_Down,
    Qt.Key.Key_Left,
    Qt.Key.Key_Right,
    Qt.Key.Key_Home,
    Qt.Key.Key_End,
    Qt.Key.Key_PageUp,
    Qt.Key.Key_PageDown,
}
_PRESS = {Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter}


def keeps_key(widget: QObject, key: int) -> bool:
    """Return whether `widget` uses `key` itself, so that no shortcut may take it."""
    if key in _PRESS and QApplication.activePopupWidget() is not None:
        return False  # the list of a picker chooses by itself, before any shortcut
    if isinstance(widget, QAbstractItemView | QComboBox | QAbstractSlider):
        return key in _ARROWS | _PRESS
    return isinstance(widget, QAbstractButton) and key in _PRESS
