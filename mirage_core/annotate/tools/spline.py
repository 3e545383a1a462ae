"""SplineTool: bend a surface by its knots, or lay one through knots."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate.draft import BScanDraft
from mirage_core.annotate.tools.base import Guide, Point, Step, Tool, ToolOptions
from mirage_core.annotate.tools.curves import Span, show_curve
from mirage_core.annotate.tools.pchip import pchip

_KNOT_GAP_PX = 32
_GRAB_PX = 24.0
"""How far above or below the curve (px) a press still takes hold of it."""


class SplineTool(Tool):
    """Bends the chosen surface smoothly between two knots, or draws a new span through knots.

    Pressing near the curve takes hold of it there: knots stand every 32 columns to either
    side, and dragging lifts or lowers the curve between the two next ones with a smooth cubic
    weight that is 1 at the pointer and 0, with no slope, at the knots. The curve's own detail
    is kept, nothing moves before the pointer does, and one drag is one edit.

    Where the surface is undefined, clicks set knots and the curve runs through them (shape-
    preserving cubic, Fritsch & Carlson 1980, so that it never overshoots a knot); Enter or a
    double click ends.
    """

    name = "spline"
    title = "Spline"
    hint = "Drag the surface to bend it; where it is missing, click knots and double-click."
    draws = "surface"

    def __init__(self) -> None:
        self.cancel()

    def cancel(self) -> None:
        """Forget the stroke."""
        self._pressed: Point | None = None
        self._lift = 0.0
        self._span: Span = (0, 0)
        self._weight: NDArray[np.float32] = np.empty(0, np.float32)
        self._rest: NDArray[np.float64] = np.empty((0, 2))
        self._knots: dict[int, float] = {}
        self._held: int | None = None

    def press(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        """Take hold of the curve, or set a knot where there is none."""
        if self._pressed is not None:
            return self.move(draft, at, options)
        column = min(max(round(at.x), 0), draft.mask.shape[1] - 1)
        if self._knots:
            return self._set_knot(draft, column, at.z, options)
        depth = float(draft.curves[options.surface, column])
        if np.isnan(depth):
            return self._set_knot(draft, column, at.z, options)
        if abs(depth - at.z) > _GRAB_PX:
            return Step(done=True)
        self._grab(draft.base_curves[options.surface], column)
        self._pressed = Point(at.z, column)
        return Step()

    def move(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        """Bend the curve, or move the knot just set."""
        if self._pressed is not None:
            self._lift = at.z - self._pressed.z
            x0 = self._span[0]
            depths = draft.base_curves[options.surface, slice(*self._span)] + (
                self._lift * self._weight
            )
            return Step(show_curve(draft, options, x0, depths))
        if self._knots and self._held is not None:
            column = min(max(round(at.x), 0), draft.mask.shape[1] - 1)
            if column == self._held or column not in self._knots:
                del self._knots[self._held]
                return self._set_knot(draft, column, at.z, options)
        return Step()

    def release(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        """End a bend; after a click on empty ground, wait for the next knot."""
        if self._pressed is not None:
            return Step(self.move(draft, at, options).dirty, done=True)
        self._held = None
        return Step(done=not self._knots)

    def guides(self) -> tuple[Guide, ...]:
        """Return the knots."""
        if self._pressed is not None:
            points = self._rest.copy()
            points[points[:, 1] == self._pressed.x, 0] += self._lift
            return (Guide("knots", points),)
        if self._knots:
            return (Guide("knots", np.array([(z, x) for x, z in sorted(self._knots.items())])),)
        return ()

    def _grab(self, base: NDArray[np.float32], column: int) -> None:
        width = len(base)
        reach = np.arange(column % _KNOT_GAP_PX, width, _KNOT_GAP_PX)
        columns = reach[np.isfinite(base[reach])]
        self._rest = np.stack([base[columns], columns], axis=1).astype(np.float64)
        first = max(column - _KNOT_GAP_PX + 1, 0)
        last = min(column + _KNOT_GAP_PX, width)
        self._span = (first, last)
        t = np.abs(np.arange(first, last) - column) / np.float32(_KNOT_GAP_PX)
        # The cubic Hermite basis with flat ends: 1 at the pointer, 0 at the next knots.
        self._weight = (1 - 3 * t**2 + 2 * t**3).astype(np.float32)

    def _set_knot(self, draft: BScanDraft, column: int, z: float, options: ToolOptions) -> Step:
        self._held = column
        self._knots[column] = min(max(z, 0.0), draft.mask.shape[0] - 1.0)
        stale = self._span
        columns = sorted(self._knots)
        if len(columns) == 1:
            start, depths = columns[0], np.array([self._knots[columns[0]]])
        else:
            start, depths = _through(columns, [self._knots[c] for c in columns])
        self._span = (start, start + len(depths))
        return Step(show_curve(draft, options, start, depths, stale))


def _through(columns: list[int], depths: list[float]) -> tuple[int, NDArray[np.float64]]:
    """Return the first column and the depths of a smooth curve through knots."""
    at = np.arange(columns[0], columns[-1] + 1, dtype=np.float64)
    return columns[0], pchip(np.array(columns, np.float64), np.array(depths), at)
