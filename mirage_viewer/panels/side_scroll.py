"""SideScroll: panels under each other that scroll, and are never cut off at the side."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QScrollArea, QWidget

from mirage_viewer.guard import guarded


@guarded
class SideScroll(QScrollArea):
    """What scrolls up and down only, wide enough for its content with the scroll bar beside it.

    Parameters
    ----------
    content : QWidget
    least_px : int
        Width below which it does not go, however narrow the content may be.
    """

    def __init__(self, content: QWidget, least_px: int) -> None:
        super().__init__()
        self._content, self._least_px = content, least_px
        self.setWidget(content)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._make_room()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Make room once the content asks for more of it."""
        done = super().eventFilter(watched, event)
        if watched is self._content and event.type() == QEvent.Type.LayoutRequest:
            self._make_room()
        return done

    def _make_room(self) -> None:
        content = self._content.minimumSizeHint().width()
        bar = self.verticalScrollBar().sizeHint().width()
        wanted = max(self._least_px, content + bar + 2 * self.frameWidth())
        if wanted != self.minimumWidth():
            self.setMinimumWidth(wanted)
