"""Compare models: two engines on the scan, how they differ, and which is nearer to the grader."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QCheckBox,
    QHeaderView,
    QPushButton,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from mirage_viewer.canvas.colors import ONE, OTHER
from mirage_viewer.model_comparing import Scope
from mirage_viewer.model_words import ModelLine
from mirage_viewer.panels.widgets import (
    IconButton,
    Picker,
    dense_table,
    label,
    look,
    row,
    swatch,
)
from mirage_viewer.theme import current_colors, icon, scaled

_COLUMNS = ("", "Mean", "Bias", "p95", "", "")
_HEADER_TIPS = (
    "",
    "Mean distance between the two",
    "Mean difference; positive where the first lies deeper",
    "95th percentile of the distance between the two",
)
_SCOPES = (
    (Scope.HERE, "this B-scan"),
    (Scope.CORRECTED, "corrected B-scans"),
    (Scope.ALL, "all B-scans"),
)
_FIRST, _SECOND = 4, 5
_OFF_PX = 40


class CompareModelsPanel(QWidget):
    """Pickers of two engines, what they are run on, and the table of their differences.

    Signals
    -------
    pair_picked(str, str)
        Names of the engines.
    scope_picked(str)
        A :class:`~mirage_viewer.model_comparing.Scope`.
    run_requested(), cancel_requested()
    next_requested(), export_requested()
    work_shown(bool)
        The grader's own work is seen under the two, or not.
    """

    pair_picked = Signal(str, str)
    scope_picked = Signal(str)
    run_requested = Signal()
    cancel_requested = Signal()
    next_requested = Signal()
    export_requested = Signal()
    work_shown = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._running = False
        self._again: Callable[[], object] = lambda: None
        self.one, self.other, self.scope = Picker(), Picker(), Picker()
        self.one.setAccessibleName("First model, orange")
        self.other.setAccessibleName("Second model, cyan")
        for scope, words in _SCOPES:
            self.scope.addItem(words, str(scope))
        self.run = QPushButton("Compare")
        self.run.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.next = IconButton("next", tooltip="Next B-scan on which they differ (Alt+Q)")
        self.save = IconButton("export", tooltip="Write the table as CSV")
        self.work = QCheckBox("Show my work, too")
        self.work.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.work.setToolTip(
            "Under what the models found; while a tool is in hand it is shown anyway"
        )
        self.table = dense_table(_COLUMNS)
        self.table.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.table.header().setMinimumSectionSize(30)
        self.table.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for i in (_FIRST, _SECOND):
            self.table.header().setSectionResizeMode(i, QHeaderView.ResizeMode.Fixed)
            self.table.header().resizeSection(i, scaled(_OFF_PX))
        for i, tip in enumerate(_HEADER_TIPS):
            self.table.headerItem().setToolTip(i, tip)
            if i:
                self.table.headerItem().setTextAlignment(i, Qt.AlignmentFlag.AlignRight)
        self.words = label("", "small")
        self.words.setWordWrap(True)
        self._lay_out()
        self.one.activated.connect(self._picked)
        self.other.activated.connect(self._picked)
        self.scope.activated.connect(lambda _: self.scope_picked.emit(self.scope.currentData()))
        self.run.clicked.connect(self._pressed)
        self.next.clicked.connect(self.next_requested)
        self.save.clicked.connect(self.export_requested)
        self.work.toggled.connect(self.work_shown)
        self.show_lines((), "", against=False)
        self.show_state("", "", comparing=False)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 0, 10, 9)
        layout.setSpacing(6)
        layout.addWidget(self.one)
        layout.addWidget(self.other)
        layout.addLayout(row(self.scope, self.run, wide=self.scope))
        layout.addLayout(row(self.work, 1, self.next, self.save))
        layout.addWidget(self.words)
        layout.addWidget(self.table)
        layout.addStretch()

    def set_engines(self, engines: Sequence[tuple[str, str]], one: str, other: str) -> None:
        """Offer engines by name and title; `one` and `other` are chosen."""
        for picker, chosen, color in ((self.one, one, ONE), (self.other, other, OTHER)):
            picker.blockSignals(True)
            picker.clear()
            mark = swatch((color.red(), color.green(), color.blue()))
            for name, title in engines:
                picker.addItem(mark, title, name)
            picker.setCurrentIndex(picker.findData(chosen))
            picker.setToolTip(picker.currentText())
            picker.blockSignals(False)

    def set_scope(self, scope: Scope) -> None:
        """Show what they are compared on."""
        self.scope.setCurrentIndex(self.scope.findData(str(scope)))

    def show_state(
        self, running: str, why_not: str, *, comparing: bool, saved: bool = False
    ) -> None:
        """Show what can be done.

        Parameters
        ----------
        running : str
            How far the run is, empty while there is none.
        why_not : str
            Why none can be begun, empty if one can.
        comparing : bool
            There is something to look at.
        saved : bool
            There is a table that can be written to a file.
        """
        self._running = bool(running)
        self.run.setText("Cancel" if running else "Compare")
        look(self.run, "" if running else "primary")
        self.run.setIcon(icon("stop") if running else icon("models", current_colors().on_accent))
        self.run.setEnabled(bool(running) or not why_not)
        self.run.setToolTip(
            "Stop; nothing was changed"
            if running
            else why_not
            or "Run both and lay what they find over the image; your work stays as it is"
        )
        for widget in (self.one, self.other, self.scope):
            widget.setEnabled(not running)
        self.next.setEnabled(comparing)
        self.work.setEnabled(comparing)
        self.save.setEnabled(saved)

    def show_lines(
        self,
        lines: Sequence[ModelLine],
        words: str,
        unit: str = "",
        more: str = "",
        *,
        against: bool,
    ) -> None:
        """Fill the table.

        Parameters
        ----------
        lines : sequence of ModelLine
        words : str
            Below it.
        unit : str
            Of distances.
        more : str
            Tooltip of `words`.
        against : bool
            There is work of the grader that either was held against.
        """
        header = self.table.headerItem()
        header.setText(0, f"in {unit}" if unit else "")
        for column, color, number in ((_FIRST, ONE, "first"), (_SECOND, OTHER, "second")):
            header.setIcon(column, swatch((color.red(), color.green(), color.blue()), 11))
            header.setToolTip(
                column,
                f"How far the {number} is off what you corrected or approved: mean error of a "
                "surface, Dice of a mask; green where it is nearer",
            )
            self.table.setColumnHidden(column, not against)
        self._again = lambda: self.show_lines(lines, words, unit, more, against=against)
        self.table.clear()
        good = QColor(current_colors().good)
        for before, line in zip((None, *lines), lines, strict=False):
            if line.is_mask and not (before is not None and before.is_mask):
                self._add_heading("Dice of masks")
            texts = [line.name, line.apart, line.bias, line.p95, line.one, line.other]
            item = QTreeWidgetItem(texts)
            for i in range(len(texts)):
                item.setToolTip(i, line.detail)
                if i:
                    item.setTextAlignment(i, Qt.AlignmentFlag.AlignRight)
            if line.better is not None:
                column = (_FIRST, _SECOND)[line.better]
                font = item.font(column)
                font.setBold(True)
                item.setFont(column, font)
                item.setForeground(column, good)
            self.table.addTopLevelItem(item)
        self.table.setVisible(bool(lines))
        self.words.setText(words)
        self.words.setToolTip(more)
        self.words.setVisible(bool(words))
        # As high as what it holds: the side panel scrolls, not a table within it.
        count = self.table.topLevelItemCount()
        row_px = self.table.sizeHintForIndex(self.table.model().index(0, 0)).height()
        frame_px = self.table.header().sizeHint().height() + 2 * self.table.frameWidth() + 6
        self.table.setFixedHeight(frame_px + max(row_px, 0) * count)

    def repaint_icons(self) -> None:
        """Draw the icons in the theme's colours again."""
        for button in (self.next, self.save):
            button.repaint_icon()
        self._again()
        name = "stop" if self._running else "models"
        self.run.setIcon(icon(name, None if self._running else current_colors().on_accent))

    def _add_heading(self, text: str) -> None:
        item = QTreeWidgetItem([text])
        item.setForeground(0, QColor(current_colors().muted))
        self.table.addTopLevelItem(item)
        item.setFirstColumnSpanned(True)

    def _picked(self) -> None:
        self.pair_picked.emit(str(self.one.currentData()), str(self.other.currentData()))

    def _pressed(self) -> None:
        (self.cancel_requested if self._running else self.run_requested).emit()
