"""VisitList: the visits of the eye; one is the baseline, one is compared with it."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import QHeaderView, QToolButton, QTreeWidgetItem, QWidget

from mirage_viewer.follow_up.visits import VisitLine
from mirage_viewer.panels.widgets import column, dense_table
from mirage_viewer.theme import scaled

_COLUMNS = ("Visit", "Device", "B-scans", "Work measured", "Role", "")
_WORK, _ROLE, _BUTTON = 3, 4, 5
_ROW_PX, _HEADER_PX = 25, 34
_FEWEST, _MOST = 3, 5
BASELINE, COMPARED = "Baseline", "Compared"


class VisitList(QWidget):
    """A row for each visit. Choosing one compares it with the baseline.

    Signals
    -------
    picked(str), baseline_wanted(str)
        Id of a scan.
    """

    picked = Signal(str)
    baseline_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.table = dense_table(_COLUMNS)
        self.table.setAccessibleName("Visits")
        self.table.setSelectionMode(self.table.SelectionMode.SingleSelection)
        header = self.table.header()
        header.setSectionResizeMode(_WORK, QHeaderView.ResizeMode.Stretch)
        self.table.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.table.currentItemChanged.connect(self._chosen)
        self.buttons: dict[str, QToolButton] = {}
        self._lines: tuple[VisitLine, ...] = ()
        self._showing = False
        column(self, 0).addWidget(self.table)

    def show_visits(self, visits: Sequence[VisitLine], first: str, later: str) -> None:
        """List `visits`, and which two are compared."""
        self._showing = True
        if tuple(visits) != self._lines:
            self._fill(tuple(visits))
        for row, line in enumerate(self._lines):
            item = self.table.topLevelItem(row)
            role = {first: BASELINE, later: COMPARED}.get(line.id, "")
            item.setText(_ROLE, role)
            font = self.table.font()
            font.setBold(bool(role))
            for at in range(_ROLE + 1):
                item.setFont(at, font)
            button = self.buttons.get(line.id)
            if button is not None:
                # Hidden, the table would show it again.
                button.setEnabled(line.id != first)
                button.setText("Take as baseline" if line.id != first else "")
            if line.id == later:
                self.table.setCurrentItem(item)
        self._showing = False

    def _fill(self, lines: tuple[VisitLine, ...]) -> None:
        self._lines = lines
        self.table.clear()
        self.buttons.clear()
        for line in lines:
            item = QTreeWidgetItem([line.day_words, line.device, line.size, line.state, ""])
            item.setToolTip(_WORK, line.state)
            item.setData(0, Qt.ItemDataRole.UserRole, line.id)
            item.setDisabled(not line.stored)
            item.setSizeHint(_WORK, QSize(0, scaled(_ROW_PX)))
            self.table.addTopLevelItem(item)
            # The last has nothing after it that could be compared with it.
            if line.stored and line is not lines[-1]:
                button = QToolButton()
                button.setProperty("look", "words")
                button.setAccessibleName(f"Take {line.day_words} as baseline")
                button.clicked.connect(lambda _=False, id=line.id: self.baseline_wanted.emit(id))
                self.table.setItemWidget(item, _BUTTON, button)
                self.buttons[line.id] = button
        rows = min(max(len(lines), _FEWEST), _MOST)
        self.table.setFixedHeight(scaled(_HEADER_PX + rows * _ROW_PX))

    def _chosen(self, item: QTreeWidgetItem | None) -> None:
        if item is not None and not self._showing:
            self.picked.emit(str(item.data(0, Qt.ItemDataRole.UserRole)))
