"""WorklistModel: the scans of a project as a table; it sorts them itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from mirage_viewer.worklist.columns import ABOUT, Column, in_order
from mirage_viewer.worklist.lines import Line, progress_words
from mirage_viewer.worklist.pictures import Pictures

if TYPE_CHECKING:
    from mirage_core.project.label_set import Label
    from mirage_core.project.records import WorklistRow

Index = QModelIndex | QPersistentModelIndex

LINE_ROLE = Qt.ItemDataRole.UserRole
"""The :class:`Line` of a row."""
_FEW = 64
"""So many scans that came or went are put in or taken out one by one, so that the place in the
list and the choice stay; beyond, the list is another one."""
_NOWHERE = QModelIndex()


class WorklistModel(QAbstractTableModel):
    """Scans as rows, :class:`Column` as columns.

    A proxy that sorted would compare rows in Python thousands of times at every letter typed;
    here sorting is done once, and a filter on top only leaves rows out.

    Parameters
    ----------
    pictures : Pictures
        Asked for a thumbnail when its row is drawn, not before.
    """

    def __init__(self, pictures: Pictures) -> None:
        super().__init__()
        self._pictures = pictures
        self._added: list[Line] = []
        self._lines: list[Line] = []
        self._labels: Mapping[str, tuple[Label, ...]] = {}
        self._column, self._falling = Column.PSEUDONYM, False
        pictures.arrived.connect(self._picture_arrived)

    # ------------------------------------------------------------------ what is there

    @property
    def lines(self) -> Sequence[Line]:
        """The scans, in the order shown."""
        return self._lines

    def line(self, at: int) -> Line:
        """Return the scan in row `at`."""
        return self._lines[at]

    def row_of(self, scan_id: str) -> int:
        """Return the row of a scan, -1 if it is not there."""
        return next((i for i, n in enumerate(self._lines) if n.row.scan.id == scan_id), -1)

    def set_rows(self, rows: Sequence[WorklistRow]) -> None:
        """Show `rows`, which are in the order they were added; what did not change stays."""
        before = {line.row.scan.id: line for line in self._lines}
        self._added = []
        for row in rows:
            known, labels = before.get(row.scan.id), self._labels.get(row.scan.id, ())
            same = known is not None and known.row == row and known.labels == labels
            self._added.append(known if known is not None and same else Line.of(row, labels))
        wanted = in_order(self._added, self._column, falling=self._falling)
        there = {line.row.scan.id for line in wanted}
        if len(before.keys() ^ there) > _FEW or not before:
            self.beginResetModel()
            self._lines = wanted
            self.endResetModel()
            return
        self._take_out(before.keys() - there)
        self._renew({line.row.scan.id: line for line in wanted})
        self._put_in([line for line in wanted if line.row.scan.id not in before])
        self._arrange(wanted)

    def set_labels(self, labels: Mapping[str, tuple[Label, ...]]) -> None:
        """Show what scans are labelled as, by their ids."""
        self._labels = labels
        self.set_rows([line.row for line in self._added])

    def _take_out(self, gone: set[str]) -> None:
        for i in reversed(range(len(self._lines))):
            if self._lines[i].row.scan.id in gone:
                self.beginRemoveRows(QModelIndex(), i, i)
                del self._lines[i]
                self.endRemoveRows()

    def _renew(self, by_id: dict[str, Line]) -> None:
        for i, line in enumerate(self._lines):
            fresh = by_id[line.row.scan.id]
            if fresh is not line:
                self._lines[i] = fresh
                self.dataChanged.emit(self.index(i, 0), self.index(i, len(Column) - 1))

    def _put_in(self, fresh: list[Line]) -> None:
        if fresh:
            n = len(self._lines)
            self.beginInsertRows(QModelIndex(), n, n + len(fresh) - 1)
            self._lines += fresh
            self.endInsertRows()

    def _arrange(self, wanted: list[Line]) -> None:
        """Put the same lines into another order; what is chosen stays chosen."""
        if self._lines == wanted:
            return
        self.layoutAboutToBeChanged.emit()
        places = {line.row.scan.id: i for i, line in enumerate(wanted)}
        before = self.persistentIndexList()
        after = [self.index(places[self._lines[i.row()].row.scan.id], i.column()) for i in before]
        self._lines = wanted
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by one column."""
        if column not in ABOUT:
            return
        self._column, self._falling = Column(column), order == Qt.SortOrder.DescendingOrder
        self._arrange(in_order(self._added, self._column, falling=self._falling))

    # ------------------------------------------------------------------ what Qt asks

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._lines)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(Column)

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return ABOUT[Column(section)].title
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        line, column = self._lines[index.row()], Column(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return ABOUT[column].text(line)
        if role == LINE_ROLE:
            return line
        if role == Qt.ItemDataRole.DecorationRole and column is Column.PICTURE:
            return self._pictures.of(line.row.scan)
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip(line, column)
        return None

    def _picture_arrived(self, scan_id: str) -> None:
        at = self.row_of(scan_id)
        if at >= 0:
            place = self.index(at, Column.PICTURE)
            self.dataChanged.emit(place, place, [Qt.ItemDataRole.DecorationRole])


def tip(line: Line, column: Column) -> str:
    """Return what a cell says when the pointer rests on it."""
    row = line.row
    if column is Column.NOTE:
        return row.remark.note
    if column is Column.LABELS:
        return line.label_tip
    if column is Column.TAGS:
        return ", ".join(row.remark.tags)
    if column in (Column.WORK, Column.GRADERS):
        return "\n".join(
            f"{a.annotator}: {progress_words(a.states)}" for a in row.annotations if a.n_events
        )
    words = [row.scan.title, f"Added {row.scan.added.astimezone():%Y-%m-%d %H:%M}"]
    if not row.scan.imported:
        words.append("Not copied into the project yet")
    if row.duplicate_of is not None:
        words.append(
            f"Exactly the pixels of a scan of {row.duplicate_of.pseudonym} that was here first"
        )
    return "\n".join(words)
