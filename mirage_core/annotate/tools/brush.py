"""Brush and Eraser: paint masks with a disc."""

from __future__ import annotations

import numpy as np

from mirage_core.annotate.draft import BScanDraft
from mirage_core.annotate.tools.base import Guide, Point, Step, Tool, ToolOptions
from mirage_core.annotate.tools.disc import sweep_disc


class Brush(Tool):
    """Paints the chosen class where a disc is dragged; class 0 takes marks away."""

    name = "brush"
    title = "Brush"
    hint = "Drag to paint the chosen class."
    draws = "mask"

    def __init__(self) -> None:
        self._last: Point | None = None
        self._radius_px = 0.0

    def value(self, options: ToolOptions) -> int:
        """Return the label that the stroke paints."""
        return options.mask_class

    def press(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        """Paint one disc."""
        self._last = at
        return self.move(draft, at, options)

    def move(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        """Paint what the disc covers on its way from the last place."""
        if self._last is None:
            return Step()
        last, self._last, self._radius_px = self._last, at, options.radius_px
        value = self.value(options)
        return Step(sweep_disc(draft.mask, last, at, options.radius_px, options.aspect, value))

    def release(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        """Paint up to here and end the stroke."""
        return Step(self.move(draft, at, options).dirty, done=True)

    def cancel(self) -> None:
        """Forget the stroke."""
        self._last = None

    def guides(self) -> tuple[Guide, ...]:
        """Return the disc's outline at the pointer."""
        if self._last is None:
            return ()
        return (Guide("circle", np.array([self._last], np.float64), self._radius_px),)


class Eraser(Brush):
    """Takes marks of every class away where a disc is dragged."""

    name = "eraser"
    title = "Eraser"
    hint = "Drag to remove marks of any class."

    def value(self, options: ToolOptions) -> int:
        """Return background."""
        return 0
