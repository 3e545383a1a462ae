"""SnapTool: click along a boundary, and the curve follows the image between the clicks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate.draft import BScanDraft
from mirage_core.annotate.tools.base import Guide, Point, Step, Tool, ToolOptions
from mirage_core.annotate.tools.curves import Span, show_curve
from mirage_core.annotate.tools.livewire import (
    SURFACE_EDGES,
    UNKNOWN_EDGE,
    edge_likeness,
    snap_depth,
    trace_edge,
)

Anchor = tuple[int, float]
Segment = tuple[int, NDArray[np.float32]]


class SnapTool(Tool):
    """Live-wire for the chosen surface (after Mortensen & Barrett 1998, column by column).

    Clicks set anchors, which move to the edge if there is one within 3 px; between them the
    curve follows the kind of edge that this surface is. The pointer previews the next span.
    Enter or a double click ends; the preview is then dropped.
    """

    name = "snap"
    title = "Snap"
    hint = "Click along the surface; the curve follows the edge. Double-click to end."
    draws = "surface"
    needs = ("scipy.ndimage", "mirage_core.scan.padding")

    def __init__(self) -> None:
        self.cancel()

    def cancel(self) -> None:
        """Forget the anchors."""
        self._likeness: NDArray[np.float32] | None = None
        self._anchors: list[Anchor] = []
        self._segments: list[Segment] = []
        self._shown: Span = (0, 0)

    def press(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        """Set an anchor."""
        if self._likeness is None:
            name = draft.names[options.surface] if draft.names else ""
            self._likeness = edge_likeness(draft.image, SURFACE_EDGES.get(name, UNKNOWN_EDGE))
        self._anchors.append(self._anchor(draft, at))
        self._lay_last()
        return self._show(draft, options)

    def move(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        """Move the anchor just set."""
        if not self._anchors or self._likeness is None:
            return Step()
        self._anchors[-1] = self._anchor(draft, at)
        if len(self._anchors) > 1:
            self._segments.pop()
        self._lay_last()
        return self._show(draft, options)

    def hover(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        """Preview the curve to the pointer."""
        if not self._anchors or self._likeness is None:
            return Step()
        pointer = self._anchor(draft, at)
        return self._show(draft, options, trace_edge(self._likeness, self._anchors[-1], pointer))

    def release(self, draft: BScanDraft, at: Point, options: ToolOptions) -> Step:
        """Wait for the next click."""
        return Step(done=not self._anchors)

    def finish(self, draft: BScanDraft, options: ToolOptions) -> Step:
        """Drop the preview and end."""
        return Step(self._show(draft, options).dirty, done=True)

    def guides(self) -> tuple[Guide, ...]:
        """Return the anchors."""
        if not self._anchors:
            return ()
        return (Guide("knots", np.array([(z, x) for x, z in self._anchors], np.float64)),)

    def _anchor(self, draft: BScanDraft, at: Point) -> Anchor:
        assert self._likeness is not None
        height, width = draft.mask.shape
        column = min(max(round(at.x), 0), width - 1)
        z = min(max(at.z, 0.0), height - 1.0)
        return column, snap_depth(self._likeness, column, z)

    def _lay_last(self) -> None:
        assert self._likeness is not None
        if len(self._anchors) > 1:
            self._segments.append(trace_edge(self._likeness, self._anchors[-2], self._anchors[-1]))

    def _show(
        self, draft: BScanDraft, options: ToolOptions, preview: Segment | None = None
    ) -> Step:
        """Draw every span, later ones over earlier ones; together they are unbroken."""
        segments = [*self._segments, *([preview] if preview is not None else [])]
        stale, self._shown = self._shown, (0, 0)
        depths = np.empty(0, np.float32)
        if segments:
            first = min(start for start, _ in segments)
            last = max(start + len(d) for start, d in segments)
            depths = np.full(last - first, np.nan, np.float32)
            for start, d in segments:
                depths[start - first : start - first + len(d)] = d
            self._shown = (first, last)
        return Step(show_curve(draft, options, self._shown[0], depths, stale))
