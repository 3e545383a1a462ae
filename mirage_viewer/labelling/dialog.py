"""LabelSetDialog: what scans and B-scans of a project can be labelled as."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from mirage_viewer.guard import guarded
from mirage_viewer.panels.widgets import Picker, label, row
from mirage_viewer.theme import scaled

_WAS = Qt.ItemDataRole.UserRole
_MOST = 100
_HINT = (
    "Double click a label to rename it, drag it to move it. A label that is given somewhere can be "
    "renamed, not dropped. The project's log keeps who changed what. No names of patients."
)


@guarded
class LabelSetDialog(QDialog):
    """Names, and whether several may hold at once.

    Signals
    -------
    chosen(tuple, tuple, bool)
        Names; pairs of what some were called and are to be called; whether several may hold.
    """

    chosen = Signal(object, object, bool)

    def __init__(
        self, names: Sequence[str], several: bool, counts: Mapping[str, int], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Labels of the project")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(scaled(420), scaled(430))
        self._counts = dict(counts)
        self.list = QListWidget()
        self.list.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.list.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.list.setAccessibleName("Labels")
        self.fresh = QLineEdit()
        self.fresh.setPlaceholderText("A new label, such as CNV")
        self.fresh.setMaxLength(60)
        self.add, self.remove = QPushButton("Add"), QPushButton("Remove")
        self.kind = Picker()
        self.kind.addItem("One excludes the others, as CNV, DME, normal", False)
        self.kind.addItem("Several may hold at once, or none, as drusen, fluid", True)
        self.kind.setCurrentIndex(int(several))
        self.kind.setAccessibleName("Whether several labels may hold at once")
        self.hint = label(_HINT, "small")
        self.problem = label("", "error")
        for text in (self.hint, self.problem):
            text.setWordWrap(True)
        kinds = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(kinds.Ok | kinds.Cancel)
        for name in names:
            self._append(name, name)
        self._lay_out()
        self._connect()
        self.show_problem("")
        self._enable()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.addWidget(self.list, 1)
        layout.addLayout(row(self.fresh, self.add, self.remove, wide=self.fresh))
        layout.addWidget(self.kind)
        layout.addWidget(self.hint)
        layout.addWidget(self.problem)
        layout.addWidget(self.buttons)

    def _connect(self) -> None:
        self.add.clicked.connect(self._add)
        self.remove.clicked.connect(self._remove)
        self.fresh.textChanged.connect(self._enable)
        self.list.currentRowChanged.connect(self._enable)
        self.list.itemChanged.connect(lambda _: self._enable())
        self.buttons.accepted.connect(self._choose)
        self.buttons.rejected.connect(self.reject)
        for button in (self.add, self.remove):
            button.setAutoDefault(False)

    # ------------------------------------------------------------------ what is chosen

    @property
    def names(self) -> tuple[str, ...]:
        """The labels as they are to be called, in their order."""
        return tuple(_tidy(self.list.item(i).text()) for i in range(self.list.count()))

    @property
    def renamed(self) -> tuple[tuple[str, str], ...]:
        """What some were called, and are to be called."""
        items = [self.list.item(i) for i in range(self.list.count())]
        pairs = ((item.data(_WAS), _tidy(item.text())) for item in items)
        return tuple((was, now) for was, now in pairs if was and was != now)

    def take_renamed(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Take in what is called otherwise by now, in turn, even if the rest could not be."""
        items = [self.list.item(i) for i in range(self.list.count())]
        for was, now in pairs:
            self._counts[now] = self._counts.pop(was, 0)
            for item in items:
                if item.data(_WAS) == was:
                    item.setData(_WAS, now)

    def show_problem(self, words: str) -> None:
        """Say why it cannot be, or ``""``; what was chosen stays to be mended."""
        self.problem.setText(words)
        self.problem.setVisible(bool(words))
        self.setEnabled(True)

    def _choose(self) -> None:
        if self.fresh.text().strip():
            self._add()
        if any(not name for name in self.names):
            self.show_problem("A label needs a name.")
            return
        self.setEnabled(False)
        self.chosen.emit(self.names, self.renamed, bool(self.kind.currentData()))

    # ------------------------------------------------------------------ the list

    def _append(self, name: str, was: str) -> None:
        item = QListWidgetItem(name, self.list)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
        item.setData(_WAS, was)
        item.setToolTip(self._given(was) or "Not given yet")

    def _given(self, name: str) -> str:
        n = self._counts.get(name, 0)
        return "" if not n else "Given once" if n == 1 else f"Given {n} times"

    def _add(self) -> None:
        name = _tidy(self.fresh.text())
        if not name or name.casefold() in {n.casefold() for n in self.names}:
            self.show_problem(f"{name!r} is there already." if name else "")
            return
        self._append(name, "")
        self.list.setCurrentRow(self.list.count() - 1)
        self.fresh.clear()
        self.show_problem("")
        self.fresh.setFocus()

    def _remove(self) -> None:
        at = self.list.currentRow()
        if at >= 0:
            self.list.takeItem(at)
            self._enable()

    def _enable(self) -> None:
        self.add.setEnabled(bool(self.fresh.text().strip()) and self.list.count() < _MOST)
        item = self.list.currentItem()
        given = self._given(str(item.data(_WAS))) if item is not None else ""
        self.remove.setEnabled(item is not None and not given)
        self.remove.setToolTip(f"{given}; take it back there first" if given else "")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter in the field adds; elsewhere it is the dialog's."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.fresh.hasFocus():
            if self.fresh.text().strip():
                self._add()
            event.accept()
        else:
            super().keyPressEvent(event)


def _tidy(text: str) -> str:
    return " ".join(text.split())
