"""ClassesPage: the three cards of teaching classes."""

from __future__ import annotations

from qtpy.QtWidgets import QWidget

from mirage_viewer.teach_window.classes.choose import ClassChooseCard
from mirage_viewer.teach_window.classes.result import ClassResultCard
from mirage_viewer.teach_window.classes.run import ClassRunCard
from mirage_viewer.teach_window.steps import steps


class ClassesPage(QWidget):
    """Choose, watch, judge."""

    def __init__(self) -> None:
        super().__init__()
        self.choose, self.run, self.result = ClassChooseCard(), ClassRunCard(), ClassResultCard()
        steps(self, self.choose, self.run, self.result)

    def repaint_icons(self) -> None:
        """Draw the icons in the theme's colours again."""
        for card in (self.choose, self.run, self.result):
            card.repaint_icons()
