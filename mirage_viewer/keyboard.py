"""Which keys belong to the widget that holds the keyboard rather than to an action."""

from __future__ import annotations

from qtpy.QtCore import QObject, Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
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
_ALT_GR = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
_PRESS = {Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter}


def keeps_key(widget: QObject, event: QKeyEvent) -> bool:
    """Return whether `widget` uses the key of `event` itself, so that no shortcut may take it."""
    key = event.key()
    if isinstance(widget, QLineEdit | QTextEdit | QPlainTextEdit | QAbstractSpinBox):
        # AltGr is Ctrl+Alt to Windows: whoever types mm² must not label a B-scan.
        typed = event.text()
        return event.modifiers() & _ALT_GR == _ALT_GR and typed != "" and typed.isprintable()
    if key in _PRESS and QApplication.activePopupWidget() is not None:
        return False  # the list of a picker chooses by itself, before any shortcut
    if isinstance(widget, QAbstractItemView | QComboBox | QAbstractSlider):
        return key in _ARROWS | _PRESS
    return isinstance(widget, QAbstractButton) and key in _PRESS
