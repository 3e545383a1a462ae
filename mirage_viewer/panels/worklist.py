"""Worklist: the scans of the project and how far they are, in a narrow list beside the image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from qtpy.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from mirage_viewer.guard import guarded
from mirage_viewer.panels.widgets import IconButton, label, row
from mirage_viewer.worklist.criteria import Criteria, words_of
from mirage_viewer.worklist.lines import Line
from mirage_viewer.worklist.search import SearchField

if TYPE_CHECKING:
    from mirage_core.project.records import WorklistRow

# As the style sheet pads an entry, and what Qt leaves beside text.
_PAD_PX, _ABOVE_AND_BELOW_PX = 11, 10
_NO_SCANS = "Scans you open are listed here."
_NONE_FIT = "No scan fits what you search for."


@guarded
class _WholeText(QStyledItemDelegate):
    """Makes entries as high as their words need; a list forgets its own padding."""

    def __init__(self, shown: QListWidget) -> None:
        super().__init__()
        self._list = shown

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        """Return the size of an entry whose lines are broken at the width of the list."""
        width = self._list.viewport().width()
        room = QRect(0, 0, max(width - 2 * _PAD_PX, 1), 10_000)
        metrics, text = self._list.fontMetrics(), str(index.data())
        lines = metrics.boundingRect(room, int(Qt.TextFlag.TextWordWrap), text)
        return QSize(width, lines.height() + _ABOVE_AND_BELOW_PX)


class WorklistPanel(QWidget):
    """The project's scans with what is done on them; nothing of the patient is shown.

    Signals
    -------
    scan_picked(str)
        Id of a scan that was clicked.
    all_requested()
        The worklist is wanted as a page.
    """

    scan_picked = Signal(str)
    all_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: list[Line] = []
        self.title = label("Worklist", "heading")
        self.all_button = IconButton("table", tooltip="Show all of the worklist (Ctrl+Shift+W)")
        self.search = SearchField()
        self.search.setPlaceholderText("Search")
        self.list = QListWidget()
        self.list.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.list.setWordWrap(True)
        self.list.setResizeMode(QListWidget.ResizeMode.Adjust)
        self._heights = _WholeText(self.list)
        self.list.setItemDelegate(self._heights)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.empty = label(_NO_SCANS, "muted")
        self.empty.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 10)
        layout.setSpacing(6)
        layout.addLayout(row(self.title, 1, self.all_button))
        layout.addWidget(self.search)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.empty, 1, Qt.AlignmentFlag.AlignTop)
        self.list.itemClicked.connect(self._clicked)
        self.search.textChanged.connect(lambda _: self._show_found())
        self.search.go_on.connect(self.list.setFocus)
        self.all_button.clicked.connect(self.all_requested)
        self.set_rows(())

    def set_rows(self, rows: Sequence[WorklistRow], current: str = "") -> None:
        """Show `rows`, newest first; `current` is the id of the scan that is open."""
        before = [line.row.scan.id for line in self._lines]
        known = {line.row.scan.id: line for line in self._lines}
        fresh = []
        for entry in reversed(rows):
            line = known.get(entry.scan.id)
            fresh.append(line if line is not None and line.row == entry else Line.of(entry))
        self._lines, shown = fresh, self._lines
        if before == [line.row.scan.id for line in fresh]:
            for i, line in enumerate(fresh):
                if line is not shown[i]:
                    _write(self.list.item(i), line)
        else:
            self.list.clear()
            for line in fresh:
                item = QListWidgetItem()
                _write(item, line)
                self.list.addItem(item)
        self.set_current(current)
        self._show_found()

    def set_current(self, scan_id: str) -> None:
        """Mark the scan that is open."""
        for i, line in enumerate(self._lines):
            if line.row.scan.id == scan_id:
                self.list.setCurrentRow(i)
                return
        self.list.setCurrentRow(-1)

    def repaint_icons(self) -> None:
        """Draw the icons in the theme's colours again."""
        self.all_button.repaint_icon()
        self.search.repaint_icons()

    def _show_found(self) -> None:
        """List the scans that fit what is searched for."""
        wanted = Criteria(words_of(self.search.text()))
        n = 0
        for i, line in enumerate(self._lines):
            found = wanted.accept(line)
            n += found
            if self.list.isRowHidden(i) == found:
                self.list.setRowHidden(i, not found)
        self.search.setVisible(bool(self._lines))
        self.list.setVisible(bool(n))
        self.empty.setVisible(not n)
        self.empty.setText(_NONE_FIT if self._lines else _NO_SCANS)

    def _clicked(self, item: QListWidgetItem) -> None:
        self.scan_picked.emit(str(item.data(Qt.ItemDataRole.UserRole)))


def _write(item: QListWidgetItem, line: Line) -> None:
    scan = line.row.scan
    item.setText(f"{scan.pseudonym} · {scan.title}\n{line.words}")
    item.setData(Qt.ItemDataRole.UserRole, scan.id)
    item.setToolTip(
        f"{scan.title}\nAdded {scan.added.astimezone():%Y-%m-%d %H:%M}"
        + ("" if scan.imported else "\nNot copied into the project yet")
    )
