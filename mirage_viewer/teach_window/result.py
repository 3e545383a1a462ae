"""ResultCard: before and after on held-out B-scans, and what to do with the new model."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QHeaderView,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QTreeWidgetItem,
    QWidget,
)

from mirage_viewer.panels.widgets import Card, column, dense_table, label, look, row
from mirage_viewer.teaching.words import NO_BETTER, GainLine, counted
from mirage_viewer.theme import current_colors, icon

_COLUMNS = ("", "Before (95 %)", "After (95 %)", "In µm")
NOTHING_YET = (
    "Once it has learnt, old and new model are compared here on B-scans that were held back, "
    "structure by structure. A model that is no better than its parent is not suggested."
)
LEGEND = "Click one to see it: before in orange, after in cyan, over the grader's lines."


class ResultCard(Card):
    """The third step.

    Signals
    -------
    use_requested()
        Segment with the new model.
    picked(int)
        A held-out B-scan is to be looked at.
    again_requested()
        Put the result away and choose anew.
    """

    use_requested = Signal()
    picked = Signal(int)
    again_requested = Signal()

    def __init__(self) -> None:
        super().__init__("3  Before and after")
        self.verdict = label("", "heading")
        self.sentence = label(NOTHING_YET, "muted")
        for text in (self.verdict, self.sentence):
            text.setWordWrap(True)
        self.table = dense_table(_COLUMNS)
        self.table.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for i in range(1, len(_COLUMNS)):
            self.table.headerItem().setTextAlignment(i, Qt.AlignmentFlag.AlignRight)
        self.worst_title = label("Held-out B-scans, worst first", "muted")
        self.worst = QListWidget()
        self.worst.setProperty("look", "dense")
        self.worst.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.worst_hint = label(LEGEND, "small")
        self.worst_hint.setWordWrap(True)
        self.use = QPushButton()
        self.again = QPushButton("Teach again")
        self.again.setToolTip("Keep this model and choose anew")
        for button in (self.use, self.again):
            button.setAutoDefault(False)
        self._lay_out()
        self.use.clicked.connect(self.use_requested)
        self.again.clicked.connect(self.again_requested)
        self.worst.itemClicked.connect(lambda item: self.picked.emit(self.worst.row(item)))
        self.worst.itemActivated.connect(lambda item: self.picked.emit(self.worst.row(item)))
        self.forget()
        self.repaint_icons()

    def _lay_out(self) -> None:
        self.below = QWidget()
        low = column(self.below, 4)
        low.addWidget(self.worst_title)
        low.addWidget(self.worst, 1)
        low.addWidget(self.worst_hint)
        self.body.addWidget(self.verdict)
        self.body.addWidget(self.sentence)
        self.body.addWidget(self.table, 3)
        self.body.addWidget(self.below, 2)
        self.body.addLayout(row(1, self.again, self.use))
        self.body.addStretch()

    def forget(self) -> None:
        """There is no result."""
        self.sentence.setText(NOTHING_YET)
        self._show_parts(False)

    def show_result(
        self, sentence: str, lines: Sequence[GainLine], *, suggested: bool, compared: bool
    ) -> None:
        """Show what was gained.

        Parameters
        ----------
        sentence : str
        lines : sequence of GainLine
        suggested : bool
            The new model is better than its parent.
        compared : bool
            There was something to compare.
        """
        colors = current_colors()
        self._show_parts(True)
        self.verdict.setText(
            "This model is better than its parent." if suggested else NO_BETTER if compared else ""
        )
        self.verdict.setVisible(suggested or compared)
        look(self.verdict, "good" if suggested else "warning")
        self.sentence.setText(sentence)
        self.table.clear()
        for line in lines:
            texts = [line.name, line.before, line.after, line.um]
            item = QTreeWidgetItem(texts)
            for at in range(1, len(_COLUMNS)):
                item.setTextAlignment(at, Qt.AlignmentFlag.AlignRight)
            for at in range(len(_COLUMNS)):
                item.setToolTip(at, f"On {counted(line.n_b_scans, 'held-out B-scan')}")
            if line.better is not None:
                item.setForeground(2, QColor(colors.good if line.better else colors.warning))
            self.table.addTopLevelItem(item)
        self.table.setVisible(bool(lines))
        self.use.setText("Use it from now on" if suggested else "Use it all the same")
        look(self.use, "primary" if suggested else "")
        self.repaint_icons()

    def show_used(self, used: bool) -> None:
        """Show whether the new model is in use."""
        self.use.setEnabled(not used)
        if used:
            self.use.setText("It is in use")

    def show_worst(self, titles: Sequence[str], elsewhere: str = "") -> None:
        """List held-out B-scans; `elsewhere` says why they cannot be opened, or is empty."""
        self.worst.clear()
        for title in titles:
            item = QListWidgetItem(title)
            item.setToolTip(title)
            self.worst.addItem(item)
        self.worst.setEnabled(not elsewhere)
        self.worst_hint.setText(elsewhere or LEGEND)
        self.below.setVisible(bool(titles))

    def repaint_icons(self) -> None:
        """Draw the icons in the theme's colours again."""
        primary = self.use.property("look") == "primary"
        self.use.setIcon(icon("check", current_colors().on_accent if primary else None))

    def _show_parts(self, there: bool) -> None:
        for widget in (self.verdict, self.table, self.below, self.use, self.again):
            widget.setVisible(there)
        look(self.sentence, "" if there else "muted")
