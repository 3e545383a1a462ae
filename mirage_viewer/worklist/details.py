"""Details: labels, tags and note of the scan that is chosen in the worklist."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtGui import QFocusEvent, QKeyEvent
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QWidget,
)

from mirage_viewer.guard import guarded
from mirage_viewer.panels.widgets import ElidedLabel, column, label, row
from mirage_viewer.theme import current_colors, icon, scaled
from mirage_viewer.worklist.label_picker import LabelPicker

if TYPE_CHECKING:
    from mirage_core.project.records import ScanRecord, WorklistRow

_OFFERED = 6
_HEIGHT_PX = 168
_SETTLED_MS = 800
_READ_ONLY = "This project is open for reading only."


@guarded
class NoteField(QPlainTextEdit):
    """A note of a few lines. Tab goes on to the next field, Escape leaves.

    Signals
    -------
    left()
        The keyboard went elsewhere.
    """

    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setTabChangesFocus(True)
        self.setPlaceholderText("What others should know of this scan. No names of patients.")
        self.setAccessibleName("Note")

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Tell that typing is over."""
        super().focusOutEvent(event)
        self.left.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave with Escape; everything else is text."""
        if event.key() == Qt.Key.Key_Escape:
            self.clearFocus()
        else:
            super().keyPressEvent(event)


class Details(QFrame):
    """Which scan is chosen; its tags and note, kept as soon as one stops typing.

    Signals
    -------
    note_changed(ScanRecord, str)
    tags_changed(ScanRecord, tuple)
        What was typed, as it was typed.
    open_requested(str)
        Id of the scan.
    left()
        The keyboard belongs to the table again.
    """

    note_changed = Signal(object, str)
    tags_changed = Signal(object, object)
    open_requested = Signal(str)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("look", "card")
        self.setFixedHeight(scaled(_HEIGHT_PX))
        self.scan: ScanRecord | None = None
        self._read_only = False
        self._kept_note, self._kept_tags = "", ""
        self._known_tags: tuple[str, ...] = ()
        self.offered: list[QToolButton] = []
        self.heading = label("", "heading")
        self.title = ElidedLabel("muted", 0)
        self.open = QPushButton("Open")
        self.open.setToolTip("Open this scan (Enter, or double click)")
        self.labels = LabelPicker()
        self.tags = QLineEdit()
        self.tags.setPlaceholderText("Tags, with commas between them")
        self.tags.setAccessibleName("Tags")
        self.note = NoteField()
        self._offers = QHBoxLayout()
        self._offers.setSpacing(2)
        self._offers.addStretch()
        self._settled = QTimer(self)
        self._settled.setSingleShot(True)
        self._settled.setInterval(_SETTLED_MS)
        self._settled.timeout.connect(self.keep)
        self._lay_out()
        self.tags.textEdited.connect(lambda _: self._typed())
        self.tags.editingFinished.connect(self.keep)
        self.tags.returnPressed.connect(self.left)
        self.note.textChanged.connect(self._typed)
        self.note.left.connect(self.keep)
        self.open.clicked.connect(self._open)
        self.show_row(None)
        self.repaint_icons()

    def _lay_out(self) -> None:
        left = QWidget()
        inner = column(left, 6)
        inner.addLayout(row(self.heading, self.title, self.open, spacing=8, wide=self.title))
        inner.addLayout(row(label("Tags", "muted"), self.tags, wide=self.tags))
        inner.addLayout(self._offers)
        inner.addWidget(self.labels)
        inner.addStretch()
        right = QWidget()
        beside = column(right, 4)
        beside.addWidget(label("Note", "muted"))
        beside.addWidget(self.note, 1)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(12, 9, 12, 10)
        whole.setSpacing(18)
        whole.addWidget(left, 1)
        whole.addWidget(right, 1)
        self._order_tab()

    def _order_tab(self) -> None:
        """Have Tab lead from the tags to the note, then to what is switched and pressed.

        A button first would take the first space that is typed for a click.
        """
        parts = (self.tags, self.note, *self.offered, self.labels.button, self.open)
        for one, other in pairwise(parts):
            QWidget.setTabOrder(one, other)

    # ------------------------------------------------------------------ showing

    def show_row(self, row: WorklistRow | None) -> None:
        """Show a scan, or that none is chosen. What was typed for another is kept first.

        Of the same scan, a field that holds the keyboard or was changed stays as it is.
        """
        same = row is not None and self.scan is not None and row.scan.id == self.scan.id
        if not same:
            self.keep()
        self.heading.setText(row.scan.pseudonym if row is not None else "No scan is chosen")
        self.title.setText(row.scan.title if row is not None else "")
        note = row.remark.note if row is not None else ""
        tags = ", ".join(row.remark.tags) if row is not None else ""
        if not same or not (self.note.hasFocus() or self._note_text != self._kept_note):
            self._kept_note = note
            if self._note_text != note:
                self.note.setPlainText(note)
        if not same or not (self.tags.hasFocus() or self.tags.text() != self._kept_tags):
            self._kept_tags = tags
            self.tags.setText(tags)
        self.scan = row.scan if row is not None else None
        self._enable()

    def set_read_only(self, on: bool) -> None:
        """Let nothing be typed where nothing can be kept."""
        self._read_only = on
        self._enable()

    def offer_tags(self, tags: Sequence[str]) -> None:
        """Offer the first few of `tags` to be switched on and off."""
        # In the order of the alphabet: none may move away from under the pointer when it is used.
        offered = tuple(sorted(tags[:_OFFERED], key=str.casefold))
        if offered == self._known_tags:
            return
        self._known_tags = offered
        for old in self.offered:
            self._offers.removeWidget(old)
            old.hide()
            old.deleteLater()
        self.offered.clear()
        for tag in offered:
            button = QToolButton()
            button.setText(tag)
            button.setCheckable(True)
            button.setProperty("look", "flat")
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(lambda on, t=tag: self._switch(t, on))
            self._offers.insertWidget(len(self.offered), button)
            self.offered.append(button)
        self._order_tab()
        self._enable()

    def repaint_icons(self) -> None:
        """Draw the icons in the theme's colours again."""
        self.open.setIcon(icon("eye", current_colors().text))

    @property
    def _note_text(self) -> str:
        return self.note.toPlainText()

    def _enable(self) -> None:
        on = self.scan is not None
        self.open.setEnabled(on)
        self.tags.setEnabled(on)
        self.note.setEnabled(on)
        for field in (self.tags, self.note):
            field.setReadOnly(self._read_only)
            field.setToolTip(_READ_ONLY if self._read_only else "")
        there = {tag.casefold() for tag in self._split_tags()}
        for button in self.offered:
            button.setEnabled(on and not self._read_only)
            button.setChecked(button.text().casefold() in there)

    def _open(self) -> None:
        if self.scan is not None:
            self.open_requested.emit(self.scan.id)

    # ------------------------------------------------------------------ keeping

    def keep(self) -> None:
        """Hand over what was typed."""
        self._settled.stop()
        if self.scan is None:
            return
        note, tags = self._note_text, self.tags.text()
        if note != self._kept_note:
            self._kept_note = note
            self.note_changed.emit(self.scan, note)
        if tags != self._kept_tags:
            self._kept_tags = tags
            self.tags_changed.emit(self.scan, self._split_tags())

    def _typed(self) -> None:
        self._settled.start()
        self._enable()

    def _split_tags(self) -> tuple[str, ...]:
        return tuple(tag.strip() for tag in self.tags.text().split(",") if tag.strip())

    def _switch(self, tag: str, on: bool) -> None:
        others = [t for t in self._split_tags() if t.casefold() != tag.casefold()]
        self.tags.setText(", ".join([*others, tag] if on else others))
        self._enable()
        self.keep()
