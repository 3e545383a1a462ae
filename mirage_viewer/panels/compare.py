"""Compare: two graders' work on a scan, their agreement, and what the consensus takes over."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QHeaderView,
    QPushButton,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from mirage_core.annotate import Session, ToolRunner
from mirage_viewer.agreement_words import AgreementLine
from mirage_viewer.comparing import ENGINE, NOBODY, SHOWN, Candidate
from mirage_viewer.panels.fitting import NameButton, WrappedLabel
from mirage_viewer.panels.widgets import IconButton, Picker, dense_table, label, row
from mirage_viewer.theme import scaled

_TABLE_PX = 190
_COLUMNS = ("", "Bias", "Mean\nabs.\ndiff.", "p95", "Dice")
_WITH_ENGINE = ("", "Bias", "Error", "p95", "Dice")
_BETWEEN_GRADERS = (
    "",
    "How much deeper this work or the first grader's lies on average; below 0: shallower",
    "Mean absolute difference of the two: neither is taken for the truth",
    "95th percentile of the absolute difference",
    "Overlap of what both marked: 1 is the same, 0 none",
)
_OF_ENGINE = (
    "",
    "How much deeper this work lies than the model's on average; below 0: shallower",
    "Mean absolute error of the model against what was corrected or approved",
    "95th percentile of the absolute error",
    "Overlap of what both marked: 1 is the same, 0 none",
)


class ComparePanel(QWidget):
    """Pickers of two annotations, the table of their agreement, and adjudication.

    Signals
    -------
    pair_picked(int, int)
        Ids of the annotations to compare; :data:`NOBODY` as the second: stop.
    scope_picked(bool)
        The table is on all B-scans, or on the one shown.
    next_requested(), export_requested(), plot_requested()
    consensus_requested(bool)
        Open the consensus, or go back to one's own work.
    take_requested(int)
        The consensus takes the B-scan shown from the first (0) or the second (1).
    take_agreeing_requested()
        The consensus takes every B-scan on which both agree.
    """

    pair_picked = Signal(int, int)
    scope_picked = Signal(bool)
    next_requested = Signal()
    consensus_requested = Signal(bool)
    export_requested = Signal()
    plot_requested = Signal()
    take_requested = Signal(int)
    take_agreeing_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.one, self.other, self.scope = Picker(), Picker(), Picker()
        self.between = label("", "muted")
        self.one.setToolTip("Whose surfaces are drawn as lines")
        self.other.setToolTip("Whose surfaces are dashed over them")
        self.scope.addItem("All B-scans", True)
        self.scope.addItem("This B-scan", False)
        self.scope.setToolTip("Measured on all B-scans that both worked on, or on this one")
        self.next = IconButton("next", tooltip="Next B-scan on which they differ (Alt+Q)")
        self.save = IconButton("export", tooltip="Write the table as CSV")
        self.plot = IconButton("plot", tooltip="Bland-Altman plot of thickness")
        self.table = dense_table(_COLUMNS)
        self.table.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.table.header().setMinimumSectionSize(30)
        self.table.setMinimumHeight(scaled(_TABLE_PX))
        self.table.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.words = WrappedLabel("small")
        self.adjudicate = QPushButton("Consensus…")
        self.adjudicate.setToolTip("Open the consensus of this scan and decide B-scan by B-scan")
        self.leave = IconButton("close", tooltip="Back to my own work (Ctrl+Alt+M)")
        self.take_words = label("Take", "muted")
        self.takes = (NameButton("First"), NameButton("Second"))
        self.take_agreeing = QPushButton("Agreed")
        self.take_agreeing.setToolTip("The consensus takes all B-scans on which both agree (Alt+3)")
        for button in (self.adjudicate, *self.takes, self.take_agreeing):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._lay_out()
        self._connect()
        self._with_engine = False
        self.set_candidates((), NOBODY, NOBODY, consensus=False, why="")

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 0, 10, 9)
        layout.setSpacing(6)
        pickers = row(self.one, self.between, self.other)
        for picker in (self.one, self.other):
            picker.setMinimumContentsLength(4)  # two of them share the width of the panel
            pickers.setStretchFactor(picker, 1)
        layout.addLayout(pickers)
        layout.addLayout(
            row(self.scope, self.next, self.plot, self.save, self.leave, wide=self.scope)
        )
        layout.addWidget(self.table, 1)
        layout.addWidget(self.words)
        taking = row(self.take_words, *self.takes, self.take_agreeing, spacing=4)
        for button in (*self.takes, self.take_agreeing):
            taking.setStretchFactor(button, 1)
        layout.addWidget(self.adjudicate)
        layout.addLayout(taking)

    def _connect(self) -> None:
        self.one.activated.connect(self._picked)
        self.other.activated.connect(self._picked)
        self.scope.activated.connect(lambda _: self.scope_picked.emit(self.whole))
        self.next.clicked.connect(self.next_requested)
        self.save.clicked.connect(self.export_requested)
        self.plot.clicked.connect(self.plot_requested)
        self.adjudicate.clicked.connect(lambda: self.consensus_requested.emit(True))
        self.leave.clicked.connect(lambda: self.consensus_requested.emit(False))
        for i, button in enumerate(self.takes):
            button.clicked.connect(lambda _=False, at=i: self.take_requested.emit(at))
        self.take_agreeing.clicked.connect(self.take_agreeing_requested)

    @property
    def whole(self) -> bool:
        """True if the table is on all B-scans, not on the one shown."""
        return bool(self.scope.currentData())

    def set_session(self, session: Session | None, runner: ToolRunner | None) -> None:
        """Nothing here belongs to the session; who can be compared is told apart."""

    def set_candidates(
        self,
        candidates: Sequence[Candidate],
        one: int,
        other: int,
        *,
        consensus: bool,
        why: str,
        engine: Candidate | None = None,
    ) -> None:
        """List who can be compared.

        Parameters
        ----------
        candidates : sequence of Candidate
        one, other : int
            Ids of those that are; :data:`NOBODY` as `other` while nothing is.
        consensus : bool
            The work shown is the consensus, which can take B-scans over.
        why : str
            Why no grader can be compared, empty if one can.
        engine : Candidate or None
            What a model drew in the work shown.
        """
        for picker, chosen in ((self.one, one), (self.other, other)):
            picker.blockSignals(True)
            picker.clear()
            if picker is self.other:
                picker.addItem("nobody", NOBODY)
            for candidate in candidates:
                picker.addItem(candidate.title, candidate.id)
            if engine is not None and picker is self.other:
                picker.addItem(engine.title, engine.id)
            picker.setCurrentIndex(max(0, picker.findData(chosen)))
            picker.blockSignals(False)
        self.one.setVisible(consensus)
        self.between.setText("with" if consensus else "Compare with")
        self.other.setEnabled((bool(candidates) and not why) or engine is not None)
        comparing = other != NOBODY
        for widget in (self.scope, self.next, self.save, self.plot):
            widget.setEnabled(comparing)
        self.adjudicate.setVisible(not consensus)
        self.leave.setVisible(consensus)
        self.take_words.setVisible(consensus)
        self.adjudicate.setEnabled(bool(candidates) and not why)
        titles = {candidate.id: candidate.title for candidate in candidates}
        for i, (take, id) in enumerate(zip(self.takes, (one, other), strict=True)):
            whose = titles.get(id, ("the first", "the second")[i])
            take.setText(titles.get(id, ("First", "Second")[i]))
            take.setToolTip(f"The consensus takes this B-scan from {whose} (Alt+{i + 1})")
        self._with_engine = other == ENGINE
        for button in (*self.takes, self.take_agreeing):
            button.setVisible(consensus)
            button.setEnabled(comparing)
        if not comparing:
            usual = "Choose another grader's work to lay it over this one."
            self.show_lines((), why or usual)

    def show_lines(self, lines: Sequence[AgreementLine], words: str, unit: str = "") -> None:
        """Fill the table; `words` stand below it, `unit` is that of bias, difference and p95."""
        columns = _WITH_ENGINE if self._with_engine else _COLUMNS
        self.table.setHeaderLabels([f"in {unit}" if unit else "", *columns[1:]])
        tips = _OF_ENGINE if self._with_engine else _BETWEEN_GRADERS
        for i, tip in enumerate(tips):
            self.table.headerItem().setToolTip(i, tip)
            if i:
                at = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                self.table.headerItem().setTextAlignment(i, at)
        self.table.clear()
        for line in lines:
            item = QTreeWidgetItem([line.name, line.bias, line.error, line.p95, line.dice])
            for i in range(len(_COLUMNS)):
                item.setToolTip(i, line.detail)
                if i:
                    item.setTextAlignment(i, Qt.AlignmentFlag.AlignRight)
            self.table.addTopLevelItem(item)
        self.words.setText(words)

    def repaint_icons(self) -> None:
        """Draw the icons in the theme's colours again."""
        for button in (self.next, self.plot, self.save, self.leave):
            button.repaint_icon()

    def _picked(self) -> None:
        one = self.one.currentData()  # None where only a model can be compared with
        self.pair_picked.emit(SHOWN if one is None else int(one), int(self.other.currentData()))
