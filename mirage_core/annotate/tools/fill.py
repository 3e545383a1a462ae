"""FillTool: fill a pocket, a hole or an outline by one click."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate.draft import BScanDraft, bounding_box
from mirage_core.annotate.tools.base import Point, Rect, Step, Tool, ToolOptions
from mirage_core.annotate.tools.closed import closed_sideways
from mirage_core.annotate.tools.grow import connected, grow_regions
from mirage_core.annotate.tools.limits import may_take, nowhere, within_surfaces

Bool = NDArray[np.bool_]
F32 = NDArray[np.float32]

_WINDOW_PX = (160, 256)
"""How far from the click, in rows and columns, a region of similar grey may reach."""
_LARGEST_SHARE = 0.15
"""A region larger than this share of the B-scan has leaked out of what was meant."""
_DRAG_STEP_PX = 12.0
_CLOSED = 0.5
"""Share of its rows that end at an edge on both sides from which on a region is none of a layer."""


class FillTool(Tool):
    """Fills what lies around a click with the chosen class.

    - Inside a closed outline or a hole of the marks: all of the hole.
    - On a mark of another class: the whole mark takes the chosen class (class 0 removes it).
    - Elsewhere: the connected region of similar grey, between the surfaces between which the
      class belongs where they are known, never over marks of other classes. How similar is
      decided by the image; dragging right takes in more, left less. What would leak over 15 % of
      the B-scan is not filled, nor what goes on to the left and right as layers do.
    """

    name = "fill"
    title = "Fill"
    hint = "Click into a pocket or outline to fill it; drag right for more, left for less."
    draws = "mask"
    needs = ("scipy.ndimage",)

    def __init__(self) -> None:
        self.cancel()

    def cancel(self) -> None:
        """Forget the region."""
        self._regions: tuple[Bool, ...] = ()
        self._best = 0
        self._shown = -1
        self._corner = (0, 0)
        self._pressed_x = 0.0

    def press(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        """Fill."""
        if self._regions:
            return self.move(draft, at, options)
        height, width = draft.mask.shape
        z, x = round(at.z), round(at.x)
        if not (0 <= z < height and 0 <= x < width):
            return Step(done=True)
        here, value = int(draft.mask[z, x]), options.mask_class
        if here not in (0, value):
            return Step(_paint(draft, connected(draft.mask == here, z, x), value), done=True)
        if value == 0:
            return Step(done=True)
        if here == 0:
            hole = connected(draft.mask == 0, z, x)
            if not _reaches_border(hole):
                return Step(_paint(draft, hole, value), done=True)
        self._grow(draft, z, x, value)
        self._pressed_x = at.x
        note = "" if self._regions else self._why(draft, z, x, value)
        return Step(self._show(draft, self._best, value), not self._regions, note)

    def move(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        """Fill more or less."""
        if not self._regions:
            return Step()
        wanted = self._best + round((at.x - self._pressed_x) / _DRAG_STEP_PX)
        wanted = min(max(wanted, 0), len(self._regions) - 1)
        return Step(self._show(draft, wanted, options.mask_class))

    def _grow(self, draft: BScanDraft, z: int, x: int, value: int) -> None:
        reach_z, reach_x = _WINDOW_PX
        self._corner = z0, x0 = max(z - reach_z, 0), max(x - reach_x, 0)
        window = (slice(z0, z + reach_z + 1), slice(x0, x + reach_x + 1))
        allowed = may_take(draft, value, window)
        largest_px = int(_LARGEST_SHARE * draft.mask.size)

        def closed(difference: F32, region: Bool) -> bool:
            return closed_sideways(difference, region, allowed) >= _CLOSED

        self._regions, self._best = grow_regions(
            draft.image[window], allowed, (z - z0, x - x0), largest_px, closed
        )

    def _why(self, draft: BScanDraft, z: int, x: int, value: int) -> str:
        window = (slice(z, z + 1), slice(x, x + 1))
        if not within_surfaces(draft, value, window).all():
            return nowhere(draft, value)
        return "No edge holds a region here: outline it, or brush."

    def _show(self, draft: BScanDraft, wanted: int, value: int) -> Rect | None:
        """Put region `wanted` in place of the one shown; one holds the other."""
        shown = self._shown
        if wanted == shown or not self._regions:
            return None
        self._shown = wanted
        larger = self._regions[max(wanted, shown)]
        z0, x0 = self._corner
        rect = _bounds(larger, z0, x0)
        if rect is None:
            return None
        cut = (slice(rect.z0, rect.z1), slice(rect.x0, rect.x1))
        region = self._regions[wanted][rect.z0 - z0 : rect.z1 - z0, rect.x0 - x0 : rect.x1 - x0]
        draft.mask[cut] = np.where(region, np.uint8(value), draft.base_mask[cut])
        return rect


def _paint(draft: BScanDraft, region: Bool, value: int) -> Rect | None:
    draft.mask[region] = value
    return _bounds(region, 0, 0)


def _bounds(region: Bool, z0: int, x0: int) -> Rect | None:
    box = bounding_box(region)
    if box is None:
        return None
    rows, columns = box
    return Rect(z0 + rows.start, z0 + rows.stop, x0 + columns.start, x0 + columns.stop)


def _reaches_border(region: Bool) -> bool:
    edges = (region[0], region[-1], region[:, 0], region[:, -1])
    return any(bool(edge.any()) for edge in edges)
