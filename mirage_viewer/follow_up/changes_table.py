"""ChangesTable: each figure at both visits and its change; sorted by any column."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtGui import QBrush, QColor
from qtpy.QtWidgets import QHeaderView, QTreeWidgetItem, QWidget

from mirage_viewer.follow_up.words import ChangeLine
from mirage_viewer.panels.widgets import column, dense_table
from mirage_viewer.theme import current_colors, scaled

COLUMNS = (
    "Structure",
    "Region",
    "Figure",
    "Baseline",
    "Later",
    "Change",
    "Unit",
    "Approved",
    "Note",
)
_NUMBERS = (3, 4, 5, 7)
_CHANGE, _APPROVED, _NOTE = 5, 7, 8
_STRUCTURE_PX = 170
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class _Item(QTreeWidgetItem):
    """A row that knows by what each of its columns is sorted."""

    def __init__(self, line: ChangeLine, place: int) -> None:
        super().__init__(list(line.cells))
        self.line, self.place = line, place

    def __lt__(self, other: QTreeWidgetItem) -> bool:
        at = self.treeWidget().sortColumn()
        if at < 0 or not isinstance(other, _Item):
            return False
        mine, its = self.line.keys[at], other.line.keys[at]
        if mine == its:
            return self.place < other.place
        if isinstance(mine, str) or isinstance(its, str):
            return str(mine) < str(its)
        # What is not known stands below what is, whichever way it is sorted.
        last = self.treeWidget().header().sortIndicatorOrder() == Qt.SortOrder.AscendingOrder
        if mine != mine or its != its:
            unknown = mine != mine
            if unknown and its != its:
                return self.place < other.place
            return unknown != last
        return mine < its


class ChangesTable(QWidget):
    """The table of changes."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: tuple[ChangeLine, ...] = ()
        self.table = dense_table(COLUMNS)
        self.table.setAccessibleName("Changes")
        self.table.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        header = self.table.header()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(_NOTE, QHeaderView.ResizeMode.Stretch)
        header.setSectionsClickable(True)
        header.setSortIndicatorShown(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.table.setSortingEnabled(True)
        for at in _NUMBERS:
            self.table.headerItem().setTextAlignment(at, _RIGHT)
        column(self, 0).addWidget(self.table)

    def show_lines(self, lines: Sequence[ChangeLine]) -> None:
        """Fill the table; how it is sorted stays."""
        self.lines = tuple(lines)
        quiet = QBrush(QColor(current_colors().muted))
        place = self.table.verticalScrollBar().value()
        items = []
        for i, line in enumerate(self.lines):
            item = _Item(line, i)
            for at in _NUMBERS:
                item.setTextAlignment(at, _RIGHT)
            if line.keys[_CHANGE] != line.keys[_CHANGE]:
                for at in range(len(line.cells)):
                    item.setForeground(at, quiet)
            item.setToolTip(_APPROVED, "Approved by a human at the baseline / at the later visit")
            item.setToolTip(_NOTE, line.cells[_NOTE])
            item.setToolTip(0, line.cells[0])
            items.append(item)
        self.table.setSortingEnabled(False)
        self.table.clear()
        self.table.addTopLevelItems(items)
        self.table.setSortingEnabled(True)
        for at in range(_NOTE):
            self.table.resizeColumnToContents(at)
        header = self.table.header()
        header.resizeSection(0, min(header.sectionSize(0), scaled(_STRUCTURE_PX)))
        self.table.verticalScrollBar().setValue(place)

    def text(self) -> str:
        """Return the table as it is sorted, columns by tabs."""
        rows = [COLUMNS]
        for i in range(self.table.topLevelItemCount()):
            item = self.table.topLevelItem(i)
            rows.append(tuple(item.text(at) for at in range(len(COLUMNS))))
        return "\n".join("\t".join(row) for row in rows)
