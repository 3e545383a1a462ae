"""Commands of the pointer that keys move."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mirage_viewer.workbench import Workbench


class PointerCommands:
    """Methods named by ``Action.calls``: correcting without a mouse."""

    _window: Workbench

    def move_pointer(self, by: str) -> None:
        """Move crosshair and pointer by so many rows and columns."""
        down, right = (int(n) for n in by.split())
        self._window.canvas.keys.move(down, right)

    def press_tool(self, how: str) -> None:
        """Press the tool where the pointer is, and let it go unless it is to stay."""
        keys = self._window.canvas.keys
        if keys.kept or (
            keys.press(against=how == "against", keep=how == "keep") and not keys.kept
        ):
            keys.lift()

    def finish_stroke(self) -> None:
        """End the stroke in hand; without one, give the keyboard back to the image."""
        canvas = self._window.canvas
        if canvas.runner is not None and canvas.runner.busy:
            canvas.finish_stroke()
        else:
            canvas.setFocus()
