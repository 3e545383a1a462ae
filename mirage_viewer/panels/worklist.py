"""Worklist: the scans of the project and how far they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from mirage_core.annotate import State
from mirage_viewer.panels.widgets import label

if TYPE_CHECKING:
    from mirage_core.project.records import WorklistRow


class WorklistPanel(QWidget):
    """The project's scans with what is done on them; nothing of the patient is shown.

    Signals
    -------
    scan_picked(str)
        Id of a scan that was clicked.
    """

    scan_picked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = label("Scans in this project", "heading")
        self.list = QListWidget()
        self.list.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.list.setWordWrap(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.empty = label("Scans you open are listed here.", "muted")
        self.empty.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 10)
        layout.setSpacing(6)
        layout.addWidget(self.title)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.empty, 1, Qt.AlignmentFlag.AlignTop)
        self.list.itemClicked.connect(self._clicked)
        self.set_rows(())

    def set_rows(self, rows: Sequence[WorklistRow], current: str = "") -> None:
        """Show `rows`, newest first; `current` is the id of the scan that is open."""
        self.list.clear()
        for row in reversed(rows):
            states = row.annotations[0].states if row.annotations else ()
            item = QListWidgetItem(f"{row.scan.pseudonym} · {row.scan.title}\n{_progress(states)}")
            item.setData(Qt.ItemDataRole.UserRole, row.scan.id)
            item.setToolTip(
                f"{row.scan.title}\nAdded {row.scan.added.astimezone():%Y-%m-%d %H:%M}"
                + ("" if row.scan.imported else "\nNot copied into the project yet")
            )
            self.list.addItem(item)
        self.set_current(current)
        self.list.setVisible(bool(rows))
        self.empty.setVisible(not rows)

    def set_current(self, scan_id: str) -> None:
        """Mark the scan that is open."""
        for i in range(self.list.count()):
            if self.list.item(i).data(Qt.ItemDataRole.UserRole) == scan_id:
                self.list.setCurrentRow(i)
                return
        self.list.setCurrentRow(-1)

    def _clicked(self, item: QListWidgetItem) -> None:
        self.scan_picked.emit(str(item.data(Qt.ItemDataRole.UserRole)))


def _progress(states: Sequence[State]) -> str:
    if not states or max(states) <= State.VENDOR:
        return "not started"
    n = len(states)
    approved = sum(s is State.APPROVED for s in states)
    corrected = sum(s is State.EDITED for s in states)
    if approved == n:
        return "all approved"
    known = sum(s is not State.UNSEEN for s in states)
    predicted = "predicted" if known == n else f"{known} of {n} predicted"
    begun = f"{corrected} edited" if corrected else predicted
    return f"{approved} of {n} approved" if approved else f"{begun}, 0 of {n} approved"
