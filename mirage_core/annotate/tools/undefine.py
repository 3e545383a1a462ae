"""UndefineTool: say that a surface cannot be seen."""

from __future__ import annotations

import numpy as np

from mirage_core.annotate.draft import BScanDraft
from mirage_core.annotate.tools.base import Point, Step, Tool, ToolOptions
from mirage_core.annotate.tools.curves import columns_between, show_curve


class UndefineTool(Tool):
    """Makes the chosen surface undefined (NaN) in the columns the pointer is dragged over."""

    name = "undefine"
    title = "Undefine"
    hint = "Drag over columns where the surface cannot be seen."
    draws = "surface"

    def __init__(self) -> None:
        self._last: Point | None = None

    def press(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        """Begin at the pointer's column."""
        self._last = at
        return self.move(draft, at, options)

    def move(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        """Undefine every column since the last place."""
        if self._last is None:
            return Step()
        start, crossed = columns_between(self._last, at, draft.mask.shape[1])
        self._last = at
        return Step(show_curve(draft, options, start, np.full(len(crossed), np.nan)))

    def cancel(self) -> None:
        """Forget the stroke."""
        self._last = None
