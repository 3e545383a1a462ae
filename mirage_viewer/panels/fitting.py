"""Words that must fit: a label as high as its lines, a button as narrow as there is room."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QPaintEvent, QResizeEvent
from qtpy.QtWidgets import (
    QLabel,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
)

from mirage_viewer.guard import guarded

_NARROWEST_PX = 44


@guarded
class WrappedLabel(QLabel):
    """Words on as many lines as they need; the room for them is asked for, not hoped for."""

    def __init__(self, name: str = "") -> None:
        super().__init__()
        self.setProperty("look", name)
        self.setWordWrap(True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)

    def setText(self, text: str) -> None:
        """Show `text`."""
        if text != self.text():
            super().setText(text)
            self._make_room()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Ask for as many lines as the words need at this width."""
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        self.setMinimumHeight(self.heightForWidth(self.width()) if self.text() else 0)


@guarded
class NameButton(QPushButton):
    """A button that bears a name, which may be long: what does not fit ends in an ellipsis."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def minimumSizeHint(self) -> QSize:
        """Return that it may be narrow."""
        return QSize(_NARROWEST_PX, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the button, and as much of the name as fits."""
        painter = QStylePainter(self)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        room = self.style().subElementRect(QStyle.SubElement.SE_PushButtonContents, option, self)
        name = self.fontMetrics().elidedText(
            option.text, Qt.TextElideMode.ElideRight, max(room.width(), self.width() - 16)
        )
        option.text = name.replace("&", "&&")  # no letter of a name is a key
        painter.drawControl(QStyle.ControlElement.CE_PushButton, option)
