"""History: what was changed, newest first; a click goes there."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from mirage_core.annotate import Edit, Session, ToolRunner
from mirage_viewer.panels.widgets import label

_MOST = 300


class HistoryPanel(QWidget):
    """The edits in effect, newest first, and above them those that redo would bring back.

    Signals
    -------
    b_scan_picked(int)
        Go to this B-scan.
    """

    b_scan_picked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session: Session | None = None
        self.list = QListWidget()
        self.list.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.empty = label("Nothing changed yet.", "muted")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 9, 10, 9)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.empty, 1)
        self.list.itemClicked.connect(self._clicked)
        self.refresh()

    def set_session(self, session: Session | None, runner: ToolRunner | None) -> None:
        """List the history of `session`."""
        self._session = session
        self.refresh()

    def show_b_scan(self, b: int) -> None:
        """Nothing here depends on the B-scan shown."""

    def refresh(self) -> None:
        """Read the history again."""
        self.list.clear()
        history = self._session.history if self._session is not None else None
        if history is not None:
            for edit in history.undone[:_MOST]:
                self._add(edit, undone=True)
            for edit in reversed(history.done[-_MOST:]):
                self._add(edit, undone=False)
        self.empty.setVisible(self.list.count() == 0)
        self.list.setVisible(self.list.count() > 0)

    def _add(self, edit: Edit, *, undone: bool) -> None:
        when = edit.time.astimezone().strftime("%H:%M")
        item = QListWidgetItem(f"{when}   {edit.label}")
        item.setToolTip(
            f"{edit.label}\n{edit.author}, {edit.time.astimezone():%Y-%m-%d %H:%M}"
            + ("\nUndone; redo brings it back" if undone else "")
        )
        item.setData(Qt.ItemDataRole.UserRole, edit.b_scans)
        if undone:
            font = item.font()
            font.setStrikeOut(True)
            item.setFont(font)
        self.list.addItem(item)

    def _clicked(self, item: QListWidgetItem) -> None:
        b_scans = item.data(Qt.ItemDataRole.UserRole)
        if b_scans:
            self.b_scan_picked.emit(int(b_scans[0]))
