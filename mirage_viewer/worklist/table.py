"""WorklistTable: the table of scans, by mouse and by key."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QEvent, QModelIndex, Qt, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from mirage_viewer.guard import guarded
from mirage_viewer.theme import scaled
from mirage_viewer.worklist.columns import ABOUT, Column
from mirage_viewer.worklist.delegate import LineDelegate
from mirage_viewer.worklist.filter import WorklistFilter
from mirage_viewer.worklist.lines import Line
from mirage_viewer.worklist.model import Index

_ROW_PX = 66
_BOUNDS = {
    Column.PSEUDONYM: (200, 330),
    Column.DEVICE: (80, 200),
    Column.GRADERS: (80, 130),
    Column.TAGS: (80, 168),
}
"""Least and most width in px of the columns that are fitted to what they hold."""
_MEASURED = 40
_OPEN = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


@guarded
class WorklistTable(QTableView):
    """One row a scan. Arrows move, Enter and double click open, letters begin a search.

    Signals
    -------
    opened(str)
        Id of the scan that is wanted.
    chosen()
        Another row is the current one, or none.
    left()
        Escape was pressed.
    typed(str)
        Text that is meant for the search field.
    """

    opened = Signal(str)
    chosen = Signal()
    left = Signal()
    typed = Signal(str)

    def __init__(self, rows: WorklistFilter) -> None:
        super().__init__()
        self._rows = rows
        self._delegate = LineDelegate()
        self._fitted = False
        self.setModel(rows)
        self.setItemDelegate(self._delegate)
        self.setAccessibleName("Scans of this project")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)  # Tab goes on to tags and note
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setMouseTracking(True)
        self.setCornerButtonEnabled(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(scaled(_ROW_PX))
        header = self.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setHighlightSections(False)
        header.setStretchLastSection(True)
        header.setMinimumSectionSize(scaled(40))
        header.setSortIndicator(Column.PSEUDONYM, Qt.SortOrder.AscendingOrder)
        for column, about in ABOUT.items():
            self.setColumnWidth(column, scaled(about.width))
        header.setSectionResizeMode(Column.PICTURE, QHeaderView.ResizeMode.Fixed)
        self.setSortingEnabled(True)
        self.doubleClicked.connect(self._open)
        self.entered.connect(lambda index: self._hover(index.row()))

    def fit(self, lines: Sequence[Line]) -> None:
        """Make columns as wide as what they hold, within bounds, the first time that there are any.

        Parameters
        ----------
        lines : sequence of Line
        """
        if self._fitted or not lines:
            return
        self._fitted = True
        metrics = self.fontMetrics()
        for column, (least, most) in _BOUNDS.items():
            text = ABOUT[column].text
            if column is Column.PSEUDONYM:
                text = _title
            longest = sorted({text(line) for line in lines}, key=len)[-_MEASURED:]
            widest = max(metrics.horizontalAdvance(words) for words in longest)
            self.setColumnWidth(column, min(max(widest + 18, scaled(least)), scaled(most)))

    @property
    def current_id(self) -> str:
        """Id of the scan in the current row, ``""`` for none."""
        index = self.currentIndex()
        return self._rows.line(index.row()).row.scan.id if index.isValid() else ""

    def choose(self, scan_id: str) -> None:
        """Make the row of a scan the current one, if it is listed."""
        at = self._rows.row_of(scan_id)
        if at >= 0:
            self.choose_row(at)

    def choose_row(self, at: int) -> None:
        """Make row `at` the current one, and bring it into view."""
        if 0 <= at < self._rows.rowCount():
            index = self._rows.index(at, Column.PSEUDONYM)
            self.setCurrentIndex(index)
            self.scrollTo(index)

    def open_current(self) -> None:
        """Want the scan of the current row, or of the first where none is current."""
        index = self.currentIndex()
        self._open(index if index.isValid() else self._rows.index(0, 0))

    def _open(self, index: QModelIndex) -> None:
        if index.isValid():
            self.opened.emit(self._rows.line(index.row()).row.scan.id)

    def _hover(self, at: int) -> None:
        before, self._delegate.hovered = self._delegate.hovered, at
        for row in {before, at} - {-1}:
            top = self.rowViewportPosition(row)
            self.viewport().update(0, top, self.viewport().width(), self.rowHeight(row))

    def currentChanged(self, current: Index, previous: Index) -> None:
        """Tell that another row is the current one."""
        super().currentChanged(current, previous)
        if current.row() != previous.row() or current.isValid() != previous.isValid():
            self.chosen.emit()

    def keyboardSearch(self, search: str) -> None:
        """Let typing search: the whole of the list, not only its first column."""
        self.typed.emit(search)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open with Enter, leave with Escape; Home and End go to the first and the last scan."""
        if event.key() in _OPEN and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            self.open_current()
        elif event.key() == Qt.Key.Key_Home:
            self.choose_row(0)
        elif event.key() == Qt.Key.Key_End:
            self.choose_row(self._rows.rowCount() - 1)
        elif event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """No row is under the pointer any more."""
        self._hover(-1)
        super().leaveEvent(event)


def _title(line: Line) -> str:
    return line.row.scan.title
