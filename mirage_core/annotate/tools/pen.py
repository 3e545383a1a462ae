"""SurfacePen: redraw a surface by hand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate.draft import BScanDraft
from mirage_core.annotate.tools.base import Point, Step, Tool, ToolOptions
from mirage_core.annotate.tools.curves import columns_between, show_curve

_JOIN_PX = 4.0
"""A step at the end of the stroke up to this size is a miss, not an intention: it is eased."""
_JOIN_COLUMNS = 6


class SurfacePen(Tool):
    """Redraws the chosen surface where the pointer is dragged.

    Columns that a fast pointer skipped are filled in by a straight line; going back over
    columns draws them again. Small steps to the curve left and right of the stroke are spread
    over the stroke's last few columns; columns outside the stroke never change.
    """

    name = "pen"
    title = "Pen"
    hint = "Drag along the surface to redraw it."
    draws = "surface"

    def __init__(self) -> None:
        self._last: Point | None = None
        self._depths: NDArray[np.float32] = np.empty(0, np.float32)

    def press(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        """Begin at the pointer's column."""
        if self._last is None:
            self._depths = np.full(draft.mask.shape[1], np.nan, np.float32)
            self._last = at
        return self.move(draft, at, options)

    def move(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        """Draw from the last place to this one."""
        if self._last is None:
            return Step()
        start, depths = columns_between(self._last, at, draft.mask.shape[1])
        self._last = at
        self._depths[start : start + len(depths)] = depths
        return Step(show_curve(draft, options, start, depths))

    def release(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        """Ease the ends into the curve beside the stroke and end it."""
        dirty = self.move(draft, at, options).dirty
        drawn = np.flatnonzero(np.isfinite(self._depths))
        if drawn.size == 0:
            return Step(dirty, done=True)
        first, last = int(drawn[0]), int(drawn[-1])
        depths = self._depths[first : last + 1]
        base = draft.base_curves[options.surface]
        if first > 0:
            _ease(depths, base[first - 1])
        if last + 1 < len(base):
            _ease(depths[::-1], base[last + 1])
        eased = show_curve(draft, options, first, depths)
        if dirty is not None and eased is not None:
            eased = dirty.union(eased)
        return Step(eased or dirty, done=True)

    def cancel(self) -> None:
        """Forget the stroke."""
        self._last = None
        self._depths = np.empty(0, np.float32)


def _ease(depths: NDArray[np.float32], outside: float) -> None:
    """Spread the step between `outside` and ``depths[0]`` over the first columns, in place."""
    step = depths[0] - outside
    n = min(_JOIN_COLUMNS, len(depths) // 2)
    if not abs(step) <= _JOIN_PX or n == 0:
        return
    depths[:n] -= step * np.arange(n, 0, -1, dtype=np.float32) / (n + 1)
