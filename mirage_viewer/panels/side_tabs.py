"""SideTabs: tabs that ask for the room of the one in front, not of the highest of all."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QSize
from qtpy.QtWidgets import QApplication, QTabWidget

from mirage_viewer.guard import guarded

_LEAST_PX = 262
_FRAME_PX = 8


@guarded
class SideTabs(QTabWidget):
    """Beside the image, where panels stand over each other and scroll if they are too many."""

    def __init__(self) -> None:
        super().__init__()
        self.setDocumentMode(False)
        self.currentChanged.connect(lambda _: self._ask_for_room())

    def _ask_for_room(self) -> None:
        """Have what scrolls around it make room at once, before anything is painted squeezed."""
        self.updateGeometry()
        if self.parentWidget() is not None:
            QApplication.sendEvent(self.parentWidget(), QEvent(QEvent.Type.LayoutRequest))

    def minimumSizeHint(self) -> QSize:
        """Return the size below which something in front would be cut off."""
        size, shown = super().minimumSizeHint(), self.currentWidget()
        if shown is None:
            return size
        height = shown.minimumSizeHint().height() + self.tabBar().sizeHint().height() + _FRAME_PX
        return QSize(size.width(), max(_LEAST_PX, height))

    def sizeHint(self) -> QSize:
        """Return that size: panels below get what is left over anyway."""
        return self.minimumSizeHint()
