"""ScribbleTool: strokes that say what belongs to a region and what does not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate.draft import BScanDraft, bounding_box
from mirage_core.annotate.tools.base import Guide, Point, Rect, Step, Tool, ToolOptions
from mirage_core.annotate.tools.disc import sweep_disc
from mirage_core.annotate.tools.limits import Window, nowhere, within_surfaces
from mirage_core.annotate.tools.scribbled import refined

Bool = NDArray[np.bool_]

_WITH, _AGAINST = 1, 2
_RADIUS_PX = 1.5
_AROUND_PX = (64, 96)
"""How far around the strokes, in rows and columns, the region is solved anew."""


class ScribbleTool(Tool):
    """Refines the marks of the chosen class by strokes.

    A stroke says that what it crosses belongs to the class; with Ctrl held, that it does not.
    After each, the region near is decided anew from all strokes in hand, from the marks that
    were there and from the image. Locked classes and marks of other classes stay, but for those
    that a stroke crosses. All strokes together are one step, which Enter or a double click ends,
    or going on to another B-scan.
    """

    name = "scribble"
    title = "Scribble"
    hint = "Stroke what belongs to it; with Ctrl, what does not. Double-click to end."
    draws = "mask"
    needs = ("scipy.ndimage",)

    def __init__(self) -> None:
        self.cancel()

    def cancel(self) -> None:
        """Forget the strokes."""
        self._marks: NDArray[np.uint8] = np.zeros((0, 0), np.uint8)
        self._strokes: list[tuple[bool, list[Point]]] = []
        self._shown: Rect | None = None

    def press(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        """Begin a stroke."""
        if options.mask_class == 0:
            return Step(done=True)
        if not self._strokes:
            self._marks = np.zeros(draft.mask.shape, np.uint8)
        self._strokes.append((options.against, [at]))
        return self.move(draft, at, options)

    def move(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        """Draw on."""
        if self._strokes:
            against, way = self._strokes[-1]
            mark = _AGAINST if against else _WITH
            sweep_disc(self._marks, way[-1], at, _RADIUS_PX, options.aspect, mark)
            if at != way[-1]:
                way.append(at)
        return Step()

    def release(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        """Decide the region near by all strokes so far."""
        self.move(draft, at, options)
        box = bounding_box(self._marks > 0)
        if box is None:
            return Step(done=not self._strokes)
        window = _around(box, draft.mask.shape)
        value = options.mask_class
        allowed = self._allowed(draft, options, window)
        marks, own = self._marks[window], draft.base_mask[window] == value
        wanted = marks == _WITH
        region = refined(draft.image[window], own, wanted & allowed, marks == _AGAINST, allowed)
        before = _cut(self._shown)
        if before is not None:
            draft.mask[before] = draft.base_mask[before]
        labels = draft.mask[window]
        labels[own & ~region] = 0
        labels[region] = value
        stale = self._shown
        self._shown = Rect(window[0].start, window[0].stop, window[1].start, window[1].stop)
        outside = wanted.any() and not (wanted & allowed).any()
        dirty = self._shown if stale is None else self._shown.union(stale)
        return Step(dirty, note=nowhere(draft, value) if outside else "")

    def guides(self) -> tuple[Guide, ...]:
        """Return the strokes."""
        return tuple(
            Guide("against" if against else "with", np.array(way, np.float64))
            for against, way in self._strokes
        )

    def _allowed(self, draft: BScanDraft, options: ToolOptions, window: Window) -> Bool:
        """Return where the region may be: on no mark but its own and those a stroke crosses."""
        from scipy.ndimage import label

        marks, value = draft.base_mask[window], options.mask_class
        free = (marks == 0) | (marks == value)
        crossed = (self._marks[window] == _WITH) & ~free & ~np.isin(marks, [*options.locked])
        for other in np.unique(marks[crossed]):
            parts, _ = label(marks == other)
            free |= np.isin(parts, np.unique(parts[crossed & (marks == other)]))
        allowed: Bool = within_surfaces(draft, value, window) & free
        return allowed


def _around(box: Window, shape: tuple[int, ...]) -> Window:
    rows, columns = (
        slice(max(side.start - reach, 0), min(side.stop + reach, size))
        for side, reach, size in zip(box, _AROUND_PX, shape, strict=True)
    )
    return rows, columns


def _cut(rect: Rect | None) -> Window | None:
    return None if rect is None else (slice(rect.z0, rect.z1), slice(rect.x0, rect.x1))
