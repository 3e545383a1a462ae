"""SearchField: where one searches the worklist."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QLineEdit

from mirage_viewer.guard import guarded
from mirage_viewer.theme import icon


@guarded
class SearchField(QLineEdit):
    """A line with a clear button. Down goes to what was found; Escape clears, then leaves.

    Signals
    -------
    go_on()
    left()
    """

    go_on = Signal()
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setPlaceholderText("Search patients, devices, tags, notes")
        self.setAccessibleName("Search the worklist")
        self.setClearButtonEnabled(True)
        self._symbol = self.addAction(icon("search"), QLineEdit.ActionPosition.LeadingPosition)

    def repaint_icons(self) -> None:
        """Draw the icon in the theme's colours again."""
        self._symbol.setIcon(icon("search"))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Down, and Escape."""
        if event.key() == Qt.Key.Key_Down:
            self.go_on.emit()
        elif event.key() == Qt.Key.Key_Escape:
            if self.text():
                self.clear()
            else:
                self.left.emit()
        else:
            super().keyPressEvent(event)
