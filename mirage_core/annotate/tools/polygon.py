"""PolygonTool: outline a region by clicks or by hand."""

from __future__ import annotations

import math

import numpy as np

from mirage_core.annotate.draft import BScanDraft
from mirage_core.annotate.tools.base import Guide, Point, Step, Tool, ToolOptions
from mirage_core.annotate.tools.outline import inside_outline

_CLOSE_PX = 6.0
"""A click this near the first vertex closes the outline."""
_LASSO_PX = 8.0
"""A first drag longer than this is a freehand outline; a shorter one is an unsteady click."""
_POINT_GAP_PX = 1.0


class PolygonTool(Tool):
    """Fills an outline with the chosen class; class 0 takes marks inside it away.

    Clicks set vertices; a double click, Enter or a click on the first vertex closes. Dragging
    from the start draws freehand and closes on release.
    """

    name = "polygon"
    title = "Polygon"
    hint = "Click around the region and double-click, or drag around it freehand."
    draws = "mask"

    def __init__(self) -> None:
        self.cancel()

    def cancel(self) -> None:
        """Forget the outline."""
        self._points: list[Point] = []
        self._pointer: Point | None = None
        self._lasso = False
        self._dragged_px = 0.0

    def press(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        """Set a vertex, or close on the first one."""
        if len(self._points) >= 3 and _distance(self._points[0], at) <= _CLOSE_PX:
            return self.finish(draft, options)
        self._lasso = not self._points
        self._dragged_px = 0.0
        self._points.append(at)
        self._pointer = at
        return Step()

    def move(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        """Draw freehand."""
        if self._points and _distance(self._points[-1], at) >= _POINT_GAP_PX:
            self._dragged_px += _distance(self._points[-1], at)
            self._points.append(at)
        self._pointer = at
        return Step()

    def hover(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        """Show the next side."""
        self._pointer = at
        return Step()

    def release(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        """Close a freehand outline; after a click, wait for the next."""
        if not self._points:
            return Step(done=True)
        if self._lasso and self._dragged_px > _LASSO_PX:
            return self.finish(draft, options)
        if self._lasso:
            del self._points[1:]
        return Step()

    def finish(self, draft: BScanDraft, options: ToolOptions) -> Step:
        """Close the outline and fill it."""
        if len(self._points) < 3:
            return Step(done=True)
        height, width = draft.mask.shape
        filled = inside_outline(np.array(self._points, np.float64), (height, width))
        if filled is None:
            return Step(done=True)
        rect, inside = filled
        draft.mask[rect.z0 : rect.z1, rect.x0 : rect.x1][inside] = options.mask_class
        return Step(rect, done=True)

    def guides(self) -> tuple[Guide, ...]:
        """Return the outline so far, closed through the pointer, and its first vertex."""
        if not self._points or self._pointer is None:
            return ()
        line = np.array([*self._points, self._pointer, self._points[0]], np.float64)
        return Guide("line", line), Guide("knots", line[:1])


def _distance(a: Point, b: Point) -> float:
    return math.hypot(a.z - b.z, a.x - b.x)
