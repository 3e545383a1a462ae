"""CanvasKeys: keys and comings and goings on napari's canvas widget that a stroke needs first."""

from __future__ import annotations

from typing import Protocol

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QWidget

from mirage_core.annotate import ToolRunner
from mirage_viewer.canvas.key_hand import KeyHand
from mirage_viewer.guard import guarded

_ENDS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class Board(Protocol):
    """Whose keys these are."""

    keys: KeyHand

    @property
    def runner(self) -> ToolRunner | None:
        """Who takes presses; None where nothing can be drawn."""
        ...

    def finish_stroke(self) -> None:
        """End the stroke in hand."""
        ...

    def turn(self, against: bool) -> None:
        """Note whether the key is held that turns a stroke around."""
        ...

    def leave(self) -> None:
        """The mouse left."""
        ...

    def place_badges(self) -> None:
        """The canvas has another size."""
        ...


@guarded
class CanvasKeys(QObject):
    """Enter finishes a stroke in hand and Esc drops it, whatever layer is selected.

    They must not get to napari then, whose layers have uses of their own for them. Space presses
    the tool while keys are the pointer; else it is napari's, which pans while it is held.

    Parameters
    ----------
    widget : QWidget
        napari's canvas.
    board : Board
        Also the parent.
    """

    def __init__(self, widget: QWidget, board: QObject) -> None:
        super().__init__(board)
        self._widget, self._board = widget, board
        self.space_held = False
        widget.installEventFilter(self)

    def close(self) -> None:
        """Listen no more."""
        self._widget.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind, board = event.type(), self._board
        if kind == QEvent.Type.ShortcutOverride:
            if self._takes(event):
                event.accept()
                return True
        elif kind == QEvent.Type.KeyPress:
            return self._pressed(event)
        elif kind == QEvent.Type.KeyRelease:
            return self._released(event)
        elif kind == QEvent.Type.FocusOut:
            self.space_held = False
            board.turn(False)
            if not board.keys.kept:
                board.keys.lift()  # the key is let go elsewhere
        elif kind == QEvent.Type.Leave:
            board.leave()
        elif kind == QEvent.Type.Resize:
            board.place_badges()
        return False

    def _takes(self, event: QEvent) -> bool:
        runner = self._board.runner
        busy = runner is not None and runner.busy
        if busy and event.key() in (*_ENDS, Qt.Key.Key_Escape):
            return True
        return event.key() == Qt.Key.Key_Space and self._board.keys.shown

    def _pressed(self, event: QEvent) -> bool:
        board, key = self._board, event.key()
        if key == Qt.Key.Key_Control:
            board.turn(True)
        if not self._takes(event):
            if key == Qt.Key.Key_Space and not event.isAutoRepeat():
                self.space_held = True
            return False
        if key in _ENDS:
            board.finish_stroke()
        elif key == Qt.Key.Key_Escape:
            board.runner.cancel()
        else:
            self._press_by_key(event)
        return True

    def _press_by_key(self, event: QEvent) -> None:
        """Press where the keys' pointer is, or let go what Shift+Space had pressed."""
        keys, held = self._board.keys, event.modifiers()
        if event.isAutoRepeat():
            return
        if keys.kept:
            keys.lift()
            return
        keys.press(
            against=bool(held & Qt.KeyboardModifier.ControlModifier),
            keep=bool(held & Qt.KeyboardModifier.ShiftModifier),
        )

    def _released(self, event: QEvent) -> bool:
        keys = self._board.keys
        if event.key() == Qt.Key.Key_Control:
            self._board.turn(False)
        if event.key() != Qt.Key.Key_Space or event.isAutoRepeat():
            return False
        self.space_held = False
        if keys.down and not keys.kept:
            keys.lift()
        return keys.shown
