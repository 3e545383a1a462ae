"""History: what was changed, newest first; a moment can be looked at, and B-scans brought back."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QAbstractListModel, QModelIndex, Qt, Signal
from qtpy.QtGui import QFont
from qtpy.QtWidgets import QListView, QVBoxLayout, QWidget

from mirage_core.annotate import MASKS, Edit, Session, ToolRunner
from mirage_viewer.panels.widgets import Picker, label, row

_EVERYTHING = ""
_OPENED = "As it was opened"


class HistoryModel(QAbstractListModel):
    """Edits that redo would bring back, those in effect, newest first, and the beginning.

    Nothing is made for an edit before it is seen, so that thousands cost nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self._session: Session | None = None

    def set_session(self, session: Session | None) -> None:
        """List the history of `session`."""
        self._session = session
        self.refresh()

    def refresh(self) -> None:
        """Read the history again."""
        self.beginResetModel()
        self.endResetModel()

    def n_done(self, at: int) -> int | None:
        """Return how many edits were in effect at the moment of row `at`; None: it is undone."""
        assert self._session is not None
        n = len(self._session.history.done) - (at - len(self._session.history.undone))
        return n if at >= len(self._session.history.undone) else None

    def edit(self, at: int) -> Edit | None:
        """Return the edit in row `at`, None for the beginning."""
        assert self._session is not None
        history = self._session.history
        if at < len(history.undone):
            return history.undone[at]
        n = len(history.done) - (at - len(history.undone))
        return history.done[n - 1] if n else None

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        if self._session is None:
            return 0
        history = self._session.history
        n = len(history.undone) + len(history.done)
        return n + 1 if n else 0

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or self._session is None:
            return None
        edit = self.edit(index.row())
        undone = self.n_done(index.row()) is None
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{edit.time.astimezone():%H:%M}   {edit.label}" if edit else _OPENED
        if role == Qt.ItemDataRole.ToolTipRole and edit is not None:
            when = f"{edit.time.astimezone():%Y-%m-%d %H:%M:%S}"
            end = "\nUndone; redo brings it back" if undone else ""
            return f"{edit.label}\n{edit.author}, {when}, with {edit.tool}{end}"
        if role == Qt.ItemDataRole.FontRole and undone:
            font = QFont()
            font.setStrikeOut(True)
            return font
        return None


class HistoryPanel(QWidget):
    """The history as a list; below it, what of a B-scan to bring back to the chosen moment.

    Signals
    -------
    moment_picked(int, int, object)
        Number of edits in effect then, a B-scan that the last of them touched (-1: any), and the
        structures to bring back (None: all).
    b_scan_picked(int)
        Go to this B-scan.
    """

    moment_picked = Signal(int, int, object)
    b_scan_picked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = HistoryModel()
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setUniformItemSizes(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setToolTip("Click a change to see the B-scan as it was after it")
        self.what = Picker()
        self.what.setToolTip("What the B-scan shown gets back from the chosen moment")
        self.empty = label("Nothing changed yet.", "muted")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 9, 10, 9)
        layout.addWidget(self.list, 1)
        layout.addLayout(row(label("Bring back", "muted"), self.what, wide=self.what))
        layout.addWidget(self.empty, 1)
        self.list.clicked.connect(lambda index: self._picked(index.row()))
        self.list.activated.connect(lambda index: self._picked(index.row()))
        self.what.activated.connect(lambda _: self._picked(self.list.currentIndex().row()))
        self.set_session(None, None)

    def set_session(self, session: Session | None, runner: ToolRunner | None) -> None:
        """List the history of `session`."""
        self.model.set_session(session)
        self.what.clear()
        if session is not None:
            self.what.addItem("the whole B-scan", _EVERYTHING)
            for name in session.annotation.structures:
                self.what.addItem("masks" if name == MASKS else name, name)
        self._show_or_hide()

    def show_b_scan(self, b: int) -> None:
        """Nothing here depends on the B-scan shown."""

    def refresh(self) -> None:
        """Read the history again."""
        self.model.refresh()
        self._show_or_hide()

    def _show_or_hide(self) -> None:
        some = self.model.rowCount() > 0
        self.empty.setVisible(not some)
        self.list.setVisible(some)
        self.what.setEnabled(some)

    def _picked(self, at: int) -> None:
        if not 0 <= at < self.model.rowCount():
            return
        edit, n_done = self.model.edit(at), self.model.n_done(at)
        b = edit.b_scans[0] if edit is not None and edit.b_scans else -1
        if n_done is None:
            if b >= 0:
                self.b_scan_picked.emit(int(b))
            return
        chosen = self.what.currentData()
        self.moment_picked.emit(n_done, int(b), None if chosen == _EVERYTHING else (chosen,))
