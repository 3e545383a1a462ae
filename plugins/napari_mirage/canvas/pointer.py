"""Pointer: napari's mouse events as presses, moves and releases on a B-scan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from mirage_core.annotate import ToolRunner
from mirage_core.annotate.tools.base import Point

if TYPE_CHECKING:
    from napari import Viewer

_CLICK_PX = 4.0
"""How far the mouse may stray on screen while its button is down for a click to be one."""
_LEFT = 1


class Board(Protocol):
    """What the pointer acts on."""

    @property
    def runner(self) -> ToolRunner | None:
        """Who takes presses; None where nothing can be drawn."""
        ...

    def point_of(self, event: Any) -> Point | None:
        """Return the image point under a mouse event of napari's; None where no image is."""
        ...

    def left_to_napari(self) -> bool:
        """Return whether napari has a use for the left button itself."""
        ...

    def mouse_used(self, at: Point, against: bool, *, pressed: bool = False) -> None:
        """The mouse went to `at`, or was pressed there; `against` with the key that turns."""
        ...

    def mouse_clicked(self, at: Point) -> None:
        """The left button was clicked at `at` with no tool in hand."""
        ...

    def finish_stroke(self) -> None:
        """End the stroke in hand."""
        ...


class Pointer:
    """Connects one board with the mouse of one viewer.

    With a tool in hand the left button is the tool's and napari does not pan with it. Without
    one a click is the board's; a drag stays napari's. Where the selected layer is in a mode of
    its own (painting, adding points), the left button stays napari's.
    """

    def __init__(self, viewer: Viewer, board: Board) -> None:
        self._viewer, self._board = viewer, board
        self._down = False
        viewer.mouse_drag_callbacks.append(self._drag)
        viewer.mouse_move_callbacks.append(self._hover)
        viewer.mouse_double_click_callbacks.append(self._double_click)

    @property
    def down(self) -> bool:
        """True while the left button is held for the board."""
        return self._down

    def close(self) -> None:
        """Listen no more; a stroke in hand is let go."""
        self._let_go()
        self._viewer.mouse_drag_callbacks.remove(self._drag)
        self._viewer.mouse_move_callbacks.remove(self._hover)
        self._viewer.mouse_double_click_callbacks.remove(self._double_click)

    def _drag(self, _viewer: Viewer, event: Any) -> Iterator[None]:
        # A second button while one is held belongs to nothing; the first goes on.
        if event.button != _LEFT:
            return
        if self._down:
            self._let_go()  # the release went elsewhere, to a dialog that opened meanwhile, say
        at = self._board.point_of(event)
        if at is None or "Alt" in event.modifiers or self._board.left_to_napari():
            return
        runner = self._board.runner
        self._down = True
        try:
            if runner is not None and runner.tool is not None:
                event.handled = True  # or vispy's camera would pan along
                yield from self._draw(runner, event, at)
            elif not event.modifiers:
                yield from self._click(event, at)
        finally:
            self._down = False

    def _draw(self, runner: ToolRunner, event: Any, at: Point) -> Iterator[None]:
        self._board.mouse_used(at, _turned(event), pressed=True)
        runner.press(at, _turned(event))
        try:
            yield
            while event.type == "mouse_move":
                event.handled = True
                at = self._board.point_of(event) or at
                runner.move(at)
                self._board.mouse_used(at, _turned(event))
                yield
            at = self._board.point_of(event) or at
        finally:
            runner.release(at)

    def _let_go(self) -> None:
        """End the drag in hand where it is; napari keeps drags as suspended generators."""
        drag = self._viewer._mouse_drag_gen.pop(self._drag, None)
        if drag is not None:
            self._viewer._persisted_mouse_event.pop(drag, None)
            drag.close()

    def _click(self, event: Any, at: Point) -> Iterator[None]:
        start, strayed = np.array(event.pos, float), False
        yield
        while event.type == "mouse_move":
            strayed = strayed or np.hypot(*(np.array(event.pos, float) - start)) > _CLICK_PX
            yield
        strayed = strayed or np.hypot(*(np.array(event.pos, float) - start)) > _CLICK_PX
        if not strayed:
            self._board.mouse_clicked(at)

    def _hover(self, _viewer: Viewer, event: Any) -> None:
        at = self._board.point_of(event)
        if self._down or at is None:
            return
        runner = self._board.runner
        if runner is not None and not self._board.left_to_napari():
            runner.hover(at)
        self._board.mouse_used(at, _turned(event))

    def _double_click(self, viewer: Viewer, event: Any) -> None:
        runner = self._board.runner
        if event.button != _LEFT or runner is None or runner.tool is None:
            return
        if runner.busy:
            self._board.finish_stroke()
            event.handled = True
            return
        # Two quick strokes of a one-drag tool arrive as a double click, too. napari lets no
        # drag begin with one; this is what it does at a press (utils/interactions.py, 0.9).
        stroke = self._drag(viewer, event)
        if next(stroke, stroke) is None:
            viewer._mouse_drag_gen[self._drag] = stroke
            viewer._persisted_mouse_event[stroke] = event


def _turned(event: Any) -> bool:
    """Return whether the key is held that turns a stroke around."""
    return "Control" in event.modifiers
