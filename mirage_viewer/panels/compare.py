"""Compare: two graders' work on a scan, their agreement, and what the consensus takes over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QHeaderView,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from mirage_core.annotate import Session, ToolRunner
from mirage_viewer.panels.widgets import ElidedLabel, IconButton, Picker, label, row

NOBODY = -1
"""Id of no annotation: nothing is compared."""
_COLUMNS = ("", "Bias", "Error", "p95", "Dice")


@dataclass(frozen=True, slots=True)
class Candidate:
    """An annotation that can be compared: its id in the project and what it is called."""

    id: int
    title: str


@dataclass(frozen=True, slots=True)
class AgreementLine:
    """A line of the table, in words; `detail` says all there is to say of it."""

    name: str
    bias: str
    error: str
    p95: str
    dice: str
    detail: str


class ComparePanel(QWidget):
    """Pickers of two annotations, the table of their agreement, and adjudication.

    Signals
    -------
    pair_picked(int, int)
        Ids of the annotations to compare; :data:`NOBODY` as the second: stop.
    scope_picked(bool)
        The table is on all B-scans, or on the one shown.
    next_requested(), adjudicate_requested(), export_requested()
    take_requested(int)
        The consensus takes the B-scan shown from the first (0) or the second (1).
    take_agreeing_requested()
        The consensus takes every B-scan on which both agree.
    """

    pair_picked = Signal(int, int)
    scope_picked = Signal(bool)
    next_requested = Signal()
    adjudicate_requested = Signal()
    export_requested = Signal()
    take_requested = Signal(int)
    take_agreeing_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.one, self.other, self.scope = Picker(), Picker(), Picker()
        self.one.setToolTip("Whose surfaces are drawn as lines")
        self.other.setToolTip("Whose surfaces are dashed over them")
        self.scope.addItem("on all B-scans of both", True)
        self.scope.addItem("on this B-scan", False)
        self.next = IconButton("next", tooltip="Next B-scan on which they differ (Alt+Q)")
        self.save = IconButton("export", tooltip="Write the table as CSV")
        self.table = QTreeWidget()
        self.table.setColumnCount(len(_COLUMNS))
        self.table.setHeaderLabels(_COLUMNS)
        self.table.setRootIsDecorated(False)
        self.table.setUniformRowHeights(True)
        self.table.setProperty("look", "dense")
        self.table.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.table.setSelectionMode(QTreeWidget.SelectionMode.NoSelection)
        self.table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = self.table.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(30)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.words = ElidedLabel("small", 0)
        self.adjudicate = QPushButton("Consensus…")
        self.adjudicate.setToolTip("Open the consensus of this scan and decide B-scan by B-scan")
        self.takes = (QPushButton("Take first"), QPushButton("Take second"))
        for i, button in enumerate(self.takes):
            button.setToolTip(f"The consensus takes this B-scan from there (Alt+{i + 1})")
        self.take_agreeing = QPushButton("Take agreed")
        self.take_agreeing.setToolTip("The consensus takes all B-scans on which both agree (Alt+3)")
        for button in (self.adjudicate, *self.takes, self.take_agreeing):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._lay_out()
        self._connect()
        self.set_candidates((), NOBODY, NOBODY, consensus=False, why="")

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 9, 10, 9)
        layout.setSpacing(6)
        layout.addLayout(row(label("Compare", "muted"), self.one, wide=self.one))
        layout.addLayout(row(label("with", "muted"), self.other, wide=self.other))
        layout.addLayout(row(self.scope, self.next, self.save, wide=self.scope))
        layout.addWidget(self.table, 1)
        layout.addWidget(self.words)
        layout.addLayout(row(self.adjudicate, *self.takes, self.take_agreeing, spacing=4))

    def _connect(self) -> None:
        self.one.activated.connect(self._picked)
        self.other.activated.connect(self._picked)
        self.scope.activated.connect(lambda _: self.scope_picked.emit(self.whole))
        self.next.clicked.connect(self.next_requested)
        self.save.clicked.connect(self.export_requested)
        self.adjudicate.clicked.connect(self.adjudicate_requested)
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
            Why nothing can be compared, empty if something can.
        """
        for picker, chosen in ((self.one, one), (self.other, other)):
            picker.blockSignals(True)
            picker.clear()
            if picker is self.other:
                picker.addItem("nobody", NOBODY)
            for candidate in candidates:
                picker.addItem(candidate.title, candidate.id)
            picker.setCurrentIndex(max(0, picker.findData(chosen)))
            picker.blockSignals(False)
        self.one.setEnabled(consensus and len(candidates) > 1)
        self.other.setEnabled(bool(candidates) and not why)
        comparing = other != NOBODY
        for widget in (self.scope, self.next, self.save):
            widget.setEnabled(comparing)
        self.adjudicate.setVisible(not consensus)
        self.adjudicate.setEnabled(bool(candidates) and not why)
        for button in (*self.takes, self.take_agreeing):
            button.setVisible(consensus)
            button.setEnabled(comparing)
        if not comparing:
            self.show_lines((), why or "Choose another grader's work to lay it over this one.")

    def show_lines(self, lines: Sequence[AgreementLine], words: str, unit: str = "") -> None:
        """Fill the table; `words` stand below it, `unit` is that of bias, error and p95."""
        self.table.setHeaderLabels(
            [_COLUMNS[0], *(f"{c} {unit}".strip() for c in _COLUMNS[1:4]), _COLUMNS[4]]
        )
        self.table.clear()
        for line in lines:
            item = QTreeWidgetItem([line.name, line.bias, line.error, line.p95, line.dice])
            for i in range(len(_COLUMNS)):
                item.setToolTip(i, line.detail)
                if i:
                    item.setTextAlignment(i, Qt.AlignmentFlag.AlignRight)
            self.table.addTopLevelItem(item)
        self.words.setText(words)
        self.words.setToolTip(words)

    def repaint_icons(self) -> None:
        """Draw the icons in the theme's colours again."""
        for button in (self.next, self.save):
            button.repaint_icon()

    def _picked(self) -> None:
        self.pair_picked.emit(int(self.one.currentData()), int(self.other.currentData()))
