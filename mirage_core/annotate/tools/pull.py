"""PullTool: say where a surface runs at some points, and the rest of it follows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate.draft import BScanDraft
from mirage_core.annotate.ordering import clamp_between, draw_surface
from mirage_core.annotate.tools.base import Guide, Point, Step, Tool, ToolOptions
from mirage_core.annotate.tools.curves import changed_rect

F32 = NDArray[np.float32]

_GRAB_PX = 6.0
"""A press this near to a point takes hold of it."""
_BELL_PX = 24.0


class PullTool(Tool):
    """Puts points on the chosen surface, which runs through them.

    Between and beside them it runs as ``options.solve`` says: the program gives a search that
    follows the image and takes neighbouring surfaces along. Without one the curve bends as a bell.
    Clicks set points, which can be dragged; all of them together are one stroke, which Enter or a
    double click ends, or going on to another B-scan.
    """

    name = "pull"
    title = "Pull"
    hint = "Click or drag to where the surface runs; the rest follows. Double-click to end."
    draws = "surface"
    needs = ("scipy.ndimage",)

    def __init__(self) -> None:
        self.cancel()

    def modules(self, options: ToolOptions) -> tuple[str, ...]:
        """Return what it needs itself, and what the search needs that it draws with."""
        return (*self.needs, *getattr(options.solve, "needs", ()))

    def cancel(self) -> None:
        """Forget the points."""
        self._points: dict[int, float] = {}
        self._held: int | None = None

    def press(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        """Set a point, or take hold of one."""
        if self._held is None:
            near = [c for c, z in self._points.items() if np.hypot(c - at.x, z - at.z) <= _GRAB_PX]
            if near:
                self._held = min(near, key=lambda c: abs(c - at.x))
                return Step()
        return self._put(draft, at, options)

    def move(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        """Drag the point that is held."""
        if self._held is None:
            return Step()
        return self._put(draft, at, options)

    def release(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        """Wait for the next point."""
        self._held = None
        return Step(done=not self._points)

    def guides(self) -> tuple[Guide, ...]:
        """Return the points."""
        if not self._points:
            return ()
        return (Guide("knots", np.array([(z, c) for c, z in sorted(self._points.items())])),)

    def _put(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        height, width = draft.mask.shape
        if self._held is not None:
            self._points.pop(self._held, None)
        self._held = min(max(round(at.x), 0), width - 1)
        self._points[self._held] = min(max(at.z, 0.0), height - 1.0)
        known = np.full(width, np.nan, np.float32)
        known[list(self._points)] = list(self._points.values())
        solve = options.solve if options.solve is not None else bend
        solved = dict(solve(draft, options.surface, known))
        before = draft.curves.copy()
        draft.curves[...] = draft.base_curves
        n, row = draft.n_ordered, options.surface
        own = solved.pop(row)
        if row >= n:
            draft.curves[row] = own
            return Step(changed_rect(draft, before, 0))
        ordered = draft.curves[:n]
        draw_surface(ordered, row, 0, own, options.ordering, height)
        free = [r for r in solved if r < n]
        if free:
            fixed = np.ones(ordered.shape, bool)
            for r in free:
                fixed[r] = ~np.isfinite(solved[r])
                ordered[r] = np.where(fixed[r], ordered[r], solved[r])
            ordered[...] = clamp_between(ordered, fixed)
        return Step(changed_rect(draft, before, 0))


def bend(draft: BScanDraft, surface: int, known: F32) -> dict[int, F32]:
    """Bend a surface through known points as bells, without looking at the image.

    Parameters
    ----------
    draft : BScanDraft
    surface : int
        Row of its curves.
    known : float32 array ``[x]``
        Depths in px, NaN elsewhere.
    """
    base = draft.base_curves[surface]
    at, x = np.flatnonzero(np.isfinite(known)), np.arange(known.size)
    start = np.where(np.isfinite(base[at]), base[at], known[at])
    away = np.abs(x[:, None] - at).min(axis=1)
    lift = np.interp(x, at, known[at] - start) * np.exp(-0.5 * (away / _BELL_PX) ** 2)
    curve = np.where(np.isfinite(base), base + lift, np.float32(np.nan))
    between = (x >= at[0]) & (x <= at[-1]) & ~np.isfinite(base)
    curve[between] = np.interp(x[between], at, known[at])
    curve[at] = known[at]
    return {surface: curve.astype(np.float32)}
