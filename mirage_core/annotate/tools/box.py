"""BoxTool: drag a box around a pocket, or within it, and the pocket is the mask."""

from __future__ import annotations

import numpy as np

from mirage_core.annotate.draft import BScanDraft, bounding_box
from mirage_core.annotate.tools.base import Guide, Point, Rect, Step, Tool, ToolOptions
from mirage_core.annotate.tools.boxed import pocket_in_box
from mirage_core.annotate.tools.limits import Window, may_take, nowhere

_REACH_PX = (80, 140)
"""How far, in rows and columns, a pocket may reach beyond a small box drawn within it."""
_SMALLEST_SIDE_PX = 3
_BRIGHT = frozenset({"SHRM"})
"""Classes that are brighter than their surroundings; all others are darker."""


class BoxTool(Tool):
    """Marks the pocket in a box with the chosen class.

    The box says what is looked for: what is darker in it than all around it (brighter for
    SHRM), ending at its edges and at the surfaces between which the class belongs. A dark layer,
    which goes on to the left and right of the box, is not meant. A box within a pocket means all
    of the pocket. Marks of other classes stay.
    """

    name = "box"
    title = "Box"
    hint = "Drag a box around a pocket, or within it; its edge is found when you let go."
    draws = "mask"
    needs = ("scipy.ndimage",)

    def __init__(self) -> None:
        self.cancel()

    def cancel(self) -> None:
        """Forget the box."""
        self._corner: Point | None = None
        self._other: Point | None = None

    def press(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        """Set the first corner."""
        if self._corner is None:
            self._corner = at
        self._other = at
        return Step()

    def move(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        """Move the other corner."""
        self._other = at
        return Step()

    def release(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        """Find the pocket and mark it."""
        self._other = at
        box = self._box(draft)
        value = options.mask_class
        if box is None or value == 0:
            return Step(done=True)
        height, width = draft.mask.shape
        within = min(box[0].stop - box[0].start, box[1].stop - box[1].start)
        if within < _SMALLEST_SIDE_PX:
            return Step(done=True, note="The box is too small to hold a pocket.")
        window = _around(box, _REACH_PX, (height, width))
        allowed = may_take(draft, value, window)
        inner = _moved(box, window)
        if not allowed[inner].any():
            return Step(done=True, note=nowhere(draft, value))
        image = draft.image[window]
        bright = draft.classes.get(value) in _BRIGHT
        found = pocket_in_box(255 - image if bright else image, allowed, inner)
        if found is None:
            kind = "brighter" if bright else "darker"
            return Step(done=True, note=f"Nothing in the box is clearly {kind} than all around it.")
        draft.mask[window][found] = value
        return Step(_rect(found, window), done=True)

    def guides(self) -> tuple[Guide, ...]:
        """Return the box."""
        if self._corner is None or self._other is None:
            return ()
        (z0, x0), (z1, x1) = self._corner, self._other
        corners = [(z0, x0), (z0, x1), (z1, x1), (z1, x0), (z0, x0)]
        return (Guide("line", np.array(corners, np.float64)),)

    def _box(self, draft: BScanDraft) -> Window | None:
        """Return the pixels in the box; None where it lies outside of the B-scan."""
        if self._corner is None or self._other is None:
            return None
        sides = []
        for one, other, size in zip(self._corner, self._other, draft.mask.shape, strict=True):
            low, high = sorted((one, other))
            start, stop = max(round(low), 0), min(round(high) + 1, size)
            if start >= stop:
                return None
            sides.append(slice(start, stop))
        return sides[0], sides[1]


def _around(box: Window, reach_px: tuple[int, int], shape: tuple[int, int]) -> Window:
    rows, columns = (
        slice(max(side.start - reach, 0), min(side.stop + reach, size))
        for side, reach, size in zip(box, reach_px, shape, strict=True)
    )
    return rows, columns


def _moved(box: Window, window: Window) -> Window:
    rows, columns = (
        slice(side.start - outer.start, side.stop - outer.start)
        for side, outer in zip(box, window, strict=True)
    )
    return rows, columns


def _rect(region: np.ndarray, window: Window) -> Rect | None:
    box = bounding_box(region)
    if box is None:
        return None
    z0, x0 = window[0].start, window[1].start
    rows, columns = box
    return Rect(z0 + rows.start, z0 + rows.stop, x0 + columns.start, x0 + columns.stop)
