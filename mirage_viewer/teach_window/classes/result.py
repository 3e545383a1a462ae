"""ClassResultCard: how well the classes are told on patients held back, and the new model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QPushButton, QSizePolicy, QTreeWidget, QTreeWidgetItem, QWidget

from mirage_core import RESEARCH_USE_ONLY
from mirage_viewer.panels.widgets import Card, column, dense_table, label, look, row
from mirage_viewer.teach_classes.words import NOT_MEASURED, class_lines, summary
from mirage_viewer.teach_window.plot import Line, LinePlot
from mirage_viewer.theme import current_colors, icon, scaled

if TYPE_CHECKING:
    from mirage_core.training.classify.report import ClassReport

_COLUMNS = ("", "Examples", "AUROC (95 %)", "AUPRC (95 %)", "Sensitivity", "Specificity")
_PLOT_PX = 250
NOTHING_YET = (
    "Once it has learnt, it is told here how well it tells the classes on patients that were held "
    "back: each class against the rest, what is mistaken for what, and how far its probabilities "
    "can be believed."
)
_CONFUSION = "Rows: as labelled. Columns: as told."


class ClassResultCard(Card):
    """The third step.

    Signals
    -------
    use_requested()
        Classify with the new model.
    again_requested()
        Put the result away and choose anew.
    """

    use_requested = Signal()
    again_requested = Signal()

    def __init__(self) -> None:
        super().__init__("3  How well it tells them")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.sentence, self.summary = label(NOTHING_YET, "muted"), label("")
        self.notice = label(RESEARCH_USE_ONLY, "small")
        for text in (self.sentence, self.summary, self.notice):
            text.setWordWrap(True)
        self.table = dense_table(_COLUMNS)
        self.confusion_title = label(_CONFUSION, "muted")
        self.confusion = dense_table(("",))
        self.plot = LinePlot("sure, %", "Right, %", (0.0, 100.0))
        self.use = QPushButton("Classify with it")
        self.again = QPushButton("Teach again")
        self.again.setToolTip("Keep this model and choose anew")
        for button in (self.use, self.again):
            button.setAutoDefault(False)
        self._lay_out()
        self.use.clicked.connect(self.use_requested)
        self.again.clicked.connect(self.again_requested)
        self.forget()
        self.repaint_icons()

    def _lay_out(self) -> None:
        self.matrix = QWidget()
        matrix = column(self.matrix, 4)
        matrix.addWidget(self.confusion_title)
        matrix.addWidget(self.confusion, 1)
        self.plot.setFixedWidth(scaled(_PLOT_PX))
        self.below = QWidget()
        below = column(self.below, 0)
        below.addLayout(row(self.matrix, self.plot, spacing=14, wide=self.matrix))
        self.body.addWidget(self.sentence)
        self.body.addWidget(self.table, 1)
        self.body.addWidget(self.summary)
        self.body.addWidget(self.below, 1)
        self.body.addLayout(row(self.notice, self.again, self.use, wide=self.notice))
        self.body.addStretch()

    def forget(self) -> None:
        """There is no result."""
        self.sentence.setText(NOTHING_YET)
        look(self.sentence, "muted")
        for widget in (self.table, self.summary, self.below, self.use, self.again, self.notice):
            widget.setVisible(False)

    def show_result(self, title: str, report: ClassReport | None) -> None:
        """Show what came of teaching the model called `title`; None: it was not measured."""
        said = report.sentence if report is not None else NOT_MEASURED
        self.sentence.setText(f"{title}. {said}")
        look(self.sentence, "")
        for ending in (self.use, self.again, self.notice):
            ending.setVisible(True)
        for figures in (self.table, self.summary, self.below):
            figures.setVisible(report is not None)
        if report is None:
            return
        self.summary.setText(summary(report))
        self._fill_table(report)
        self._fill_confusion(report)
        bins = {round(100 * b.confidence): 100 * b.accuracy for b in report.calibration}
        exact = Line({0: 0.0, 100: 100.0}, "muted", "exact", 1.0)
        self.plot.show_lines((exact, Line(bins, "accent", "this model")))

    def show_used(self, used: bool) -> None:
        """Show whether the new model is the one that classifies."""
        self.use.setText("Classify this scan" if used else "Classify with it")

    def _fill_table(self, report: ClassReport) -> None:
        self.table.clear()
        for line in class_lines(report):
            texts = [line.name, line.n, line.auroc, line.auprc, line.sensitivity, line.specificity]
            self.table.addTopLevelItem(_numbers(self.table, texts))

    def _fill_confusion(self, report: ClassReport) -> None:
        """Fill the matrix; what was told right stands on the diagonal, in colour."""
        self.matrix.setVisible(bool(report.confusion))
        names = [c.name for c in report.classes]
        self.confusion.clear()
        self.confusion.setColumnCount(len(names) + 1)
        self.confusion.setHeaderLabels(["", *names])
        right = QColor(current_colors().selection)
        for k, counts in enumerate(report.confusion):
            item = _numbers(self.confusion, [names[k], *(str(n) for n in counts)])
            item.setBackground(k + 1, right)
            for told, n in enumerate(counts):
                item.setToolTip(told + 1, f"{n} labelled {names[k]}, told {names[told]}")
            self.confusion.addTopLevelItem(item)

    def repaint_icons(self) -> None:
        """Draw the icons in the theme's colours again."""
        self.use.setIcon(icon("classes"))
        for k in range(self.confusion.topLevelItemCount()):
            right = QColor(current_colors().selection)
            self.confusion.topLevelItem(k).setBackground(k + 1, right)
        self.plot.update()


def _numbers(table: QTreeWidget, texts: list[str]) -> QTreeWidgetItem:
    """Return a row whose cells beyond the first, and their heads, stand at the right."""
    item = QTreeWidgetItem(texts)
    for at in range(1, len(texts)):
        item.setTextAlignment(at, Qt.AlignmentFlag.AlignRight)
        table.headerItem().setTextAlignment(at, Qt.AlignmentFlag.AlignRight)
    return item
