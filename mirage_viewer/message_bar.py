"""Messages over the image: they never block, and stay until closed, settled or outdated."""

from __future__ import annotations

from collections.abc import Callable, Collection

from qtpy.QtCore import QEvent, QObject, Qt, QTimer
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from mirage_viewer.guard import guarded
from mirage_viewer.messages import Level, Message
from mirage_viewer.panels.widgets import IconButton, column
from mirage_viewer.theme import current_colors, icon

_SEEN, _MOST = 2, 6
_INFO_STAYS_MS = 12_000


@guarded
class MessageBar(QWidget):
    """The messages that stand, newest first; the newest two are seen.

    It lies over its parent instead of taking room from it: an image that moved when a message
    came would move under a stroke in hand. Where there is no image the parent may make room.

    Parameters
    ----------
    parent : QWidget
    top_px : callable
        Returns how far down in the parent it begins.
    make_room : callable, optional
        Is told how high it is, in px, whenever that may have changed; 0 while it is not seen.
    """

    def __init__(
        self,
        parent: QWidget,
        top_px: Callable[[], int],
        make_room: Callable[[int], object] = lambda _height_px: None,
    ) -> None:
        super().__init__(parent)
        self._top_px = top_px
        self._make_room = make_room
        self._away: frozenset[str] = frozenset()
        parent.installEventFilter(self)
        self._layout = column(self, 4)
        self._layout.setContentsMargins(8, 6, 8, 2)
        self.entries: list[MessageEntry] = []
        self.hide()

    def show_message(self, message: Message) -> None:
        """Show `message` in place of an older one on its topic."""
        if message.topic:
            self.hush(message.topic)
            self._away -= {message.topic}  # what is new is seen wherever one is
        entry = MessageEntry(message)
        entry.button.clicked.connect(lambda: self._act(entry, message.do))
        entry.other_button.clicked.connect(lambda: self._act(entry, message.do_other))
        entry.close_button.clicked.connect(lambda: self._act(entry, message.closed))
        self.entries.insert(0, entry)
        self._layout.insertWidget(0, entry)
        for old in [e for e in self.entries if e.message.closed is None][_MOST:]:
            self._remove(old)
        if message.level is Level.INFO and not message.action:
            QTimer.singleShot(_INFO_STAYS_MS, entry, lambda: self._remove(entry))
        self._arrange()

    def place(self) -> None:
        """Take its place over the parent again."""
        parent = self.parentWidget()
        if parent is None:
            return
        if not self._shown:
            self._make_room(0)
            return
        width = parent.width()
        self._layout.activate()
        height = self._layout.totalHeightForWidth(width)
        self.setGeometry(0, self._top_px(), width, height)
        self._make_room(height)
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep the width of the parent."""
        if event.type() == QEvent.Type.Resize and watched is self.parentWidget():
            self.place()
        return super().eventFilter(watched, event)

    def hush(self, topic: str) -> None:
        """Take away what stands on `topic`."""
        for entry in [e for e in self.entries if e.message.topic == topic]:
            self._remove(entry)

    def outdate(self, topics: Collection[str]) -> None:
        """Take away what stands on `topics` but for errors: those must have been read."""
        for entry in [e for e in self.entries if e.message.topic in topics]:
            if entry.message.level is not Level.ERROR:
                self._remove(entry)

    def put_away(self, topics: Collection[str]) -> None:
        """Keep what stands on `topics` out of sight, and nothing else, until told otherwise."""
        self._away = frozenset(topics)
        self._arrange()

    @property
    def _shown(self) -> list[MessageEntry]:
        return [e for e in self.entries if e.message.topic not in self._away][:_SEEN]

    @property
    def texts(self) -> tuple[str, ...]:
        """The messages that stand, newest first."""
        return tuple(f"{e.message.text} {e.message.hint}".strip() for e in self.entries)

    def repaint_icons(self) -> None:
        """Draw the icons in the theme's colours again."""
        for entry in self.entries:
            entry.repaint_icons()

    def _act(self, entry: MessageEntry, do: Callable[[], object] | None) -> None:
        self._remove(entry)
        if do is not None:
            do()

    def _remove(self, entry: MessageEntry) -> None:
        if entry in self.entries:
            self.entries.remove(entry)
            self._layout.removeWidget(entry)
            entry.hide()
            entry.deleteLater()
        self._arrange()

    def _arrange(self) -> None:
        """Show the newest; older ones come up when those are closed."""
        shown = self._shown
        for entry in self.entries:
            entry.setVisible(entry in shown)
        self.setVisible(bool(shown))
        self.place()


class MessageEntry(QFrame):
    """One message with its icon, its button and a button to close it."""

    def __init__(self, message: Message) -> None:
        super().__init__()
        self.message = message
        self.setProperty("message", message.level.value)
        self.symbol = QLabel()
        self.text = QLabel(_rich(message))
        self.text.setWordWrap(True)
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.text.setTextInteractionFlags(
            self.text.textInteractionFlags().TextSelectableByMouse  # errors are copied into mails
        )
        self.button = QPushButton(message.action)
        self.other_button = QPushButton(message.other)
        self.close_button = IconButton("close", tooltip="Close this message", size_px=14)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 3, 6, 3)
        layout.setSpacing(10)
        buttons = self.button, self.other_button, self.close_button
        for widget in (self.symbol, self.text, *buttons):
            layout.addWidget(widget)
        layout.setStretch(1, 1)
        for button in buttons[:2]:
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setVisible(bool(button.text()))
        self.repaint_icons()

    def repaint_icons(self) -> None:
        """Draw the icons in the theme's colours again."""
        colors = current_colors()
        level = self.message.level.value
        self.symbol.setPixmap(icon(level, getattr(colors, level)).pixmap(20, 20))
        self.close_button.repaint_icon()


def _rich(message: Message) -> str:
    from html import escape

    hint = f" {escape(message.hint)}" if message.hint else ""
    return f"<b>{escape(message.text)}</b>{hint}"
