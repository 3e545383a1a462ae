"""Find a command: type a few letters, press Enter."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QModelIndex, QObject, Qt
from qtpy.QtGui import QColor, QIcon, QPainter, QPixmap
from qtpy.QtWidgets import (
    QDialog,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from mirage_viewer.actions import ActionRegistry
from mirage_viewer.guard import guarded
from mirage_viewer.qt_actions import QtActions, shortcut_text
from mirage_viewer.theme import current_colors, icon

_KEYS = Qt.ItemDataRole.UserRole + 1


@guarded
class _WithKeys(QStyledItemDelegate):
    """Draws the shortcut of an entry at its right edge."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        super().paint(painter, option, index)
        painter.save()
        painter.setPen(QColor(current_colors().muted))
        painter.drawText(
            option.rect.adjusted(0, 0, -12, 0),
            Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
            str(index.data(_KEYS) or ""),
        )
        painter.restore()


@guarded
class CommandPalette(QDialog):
    """A search over all actions; those that cannot be used now are shown grey."""

    def __init__(self, actions: QtActions, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Find a command")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setProperty("look", "palette")
        self.setWindowFlag(Qt.WindowType.FramelessWindowHint)
        self._actions = actions
        self._registry: ActionRegistry = actions.as_shown()
        self.line = QLineEdit()
        self.line.setPlaceholderText("What do you want to do?")
        self.list = QListWidget()
        self.list.setItemDelegate(_WithKeys(self.list))
        blank = QPixmap(24, 24)
        blank.fill(Qt.GlobalColor.transparent)
        self._no_icon = QIcon(blank)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 10, 10, 10)
        layout.addWidget(self.line)
        layout.addWidget(self.list)
        self.resize(560, 420)
        self.line.textChanged.connect(self._search)
        self.line.returnPressed.connect(self._do)
        self.line.installEventFilter(self)
        self.list.itemClicked.connect(lambda _item: self._do())
        self._search("")
        area = parent.rect()
        corner = parent.mapToGlobal(area.topLeft())
        self.move(corner.x() + (area.width() - self.width()) // 2, corner.y() + 90)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let the arrow keys move through the list while the line is typed in."""
        if event.type() == QEvent.Type.KeyPress:
            by = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(event.key())
            if by is not None and self.list.count():
                self.list.setCurrentRow((self.list.currentRow() + by) % self.list.count())
                return True
        return super().eventFilter(watched, event)

    def _search(self, words: str) -> None:
        self.list.clear()
        for action in self._registry.search(words):
            if action.key == "help.palette":
                continue
            keys = shortcut_text(action)
            item = QListWidgetItem(action.text.replace("&", ""))
            item.setIcon(icon(action.icon) if action.icon else self._no_icon)
            item.setData(_KEYS, keys)
            item.setToolTip(action.tooltip)
            item.setData(Qt.ItemDataRole.UserRole, action.key)
            if not self._actions[action.key].isEnabled():
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEnabled)
            self.list.addItem(item)
        self.list.setCurrentRow(0)

    def _do(self) -> None:
        item = self.list.currentItem()
        if item is None or not item.flags() & Qt.ItemFlag.ItemIsEnabled:
            return
        self.accept()
        self._actions.trigger(str(item.data(Qt.ItemDataRole.UserRole)))
