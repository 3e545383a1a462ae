"""WorklistFilter: leaves out the scans that are not wanted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from qtpy.QtCore import QModelIndex, QPersistentModelIndex, QSortFilterProxyModel, Qt

from mirage_viewer.worklist.criteria import Criteria
from mirage_viewer.worklist.lines import Line
from mirage_viewer.worklist.model import WorklistModel


class WorklistFilter(QSortFilterProxyModel):
    """The worklist with the scans that fit :attr:`criteria`; the model below sorts them."""

    def __init__(self, model: WorklistModel) -> None:
        super().__init__()
        self._model = model
        self.criteria = Criteria()
        self.setSourceModel(model)

    def change(self, **parts: Any) -> None:
        """Want other scans: `parts` are fields of :class:`Criteria`."""
        criteria = replace(self.criteria, **parts)
        if criteria == self.criteria:
            return
        if hasattr(self, "endFilterChange"):  # Qt 6.10 and later, where the other is deprecated
            self.beginFilterChange()
            self.criteria = criteria
            self.endFilterChange(QSortFilterProxyModel.Direction.Rows)
        else:
            self.criteria = criteria
            self.invalidateRowsFilter()

    def line(self, at: int) -> Line:
        """Return the scan in row `at` of what is listed."""
        return self._model.line(self.mapToSource(self.index(at, 0)).row())

    def row_of(self, scan_id: str) -> int:
        """Return the row of a scan in what is listed, -1 if it is not."""
        at = self._model.row_of(scan_id)
        return -1 if at < 0 else self.mapFromSource(self._model.index(at, 0)).row()

    def filterAcceptsRow(self, row: int, parent: QModelIndex | QPersistentModelIndex) -> bool:
        return self.criteria.accept(self._model.line(row))

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Let the model below sort."""
        self._model.sort(column, order)
