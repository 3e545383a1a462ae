"""SideTabs: tabs that ask for the room of the one in front, not of the highest of all."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QSize, QTimer
from qtpy.QtWidgets import QApplication, QScrollArea, QTabWidget

from mirage_viewer.guard import guarded

_LEAST_PX = 262
_FRAME_PX = 8


@guarded
class SideTabs(QTabWidget):
    """Beside the image, where panels stand over each other and scroll if they are too many."""

    def __init__(self) -> None:
        super().__init__()
        self.setDocumentMode(False)
        self._come = QTimer(self)
        self._come.setSingleShot(True)
        self._come.timeout.connect(self._come_into_view)
        self.currentChanged.connect(lambda _: self.make_room())

    def make_room(self, after_ms: int = 0) -> None:
        """Make room for what is in front, and bring it into view.

        A panel that grew by a part that was hidden needs a moment to know how much.
        """
        self._ask_for_room()
        if self.isVisible():
            self._come.start(after_ms)

    def _come_into_view(self) -> None:
        """Scroll to the panel that came to the front: its buttons stand at its end."""
        above = self.parentWidget()
        while above is not None and not isinstance(above, QScrollArea):
            above = above.parentWidget()
        self._ask_for_room()
        if above is not None:
            above.ensureWidgetVisible(self)

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
