"""Drawing a span of one surface into a draft, shared by the surface tools."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate.draft import BScanDraft, differing
from mirage_core.annotate.ordering import draw_surface
from mirage_core.annotate.tools.base import Point, Rect, ToolOptions

F64 = NDArray[np.float64]
Span = tuple[int, int]
"""Columns ``first .. last + 1``."""

_LINE_MARGIN_PX = 2


def columns_between(last: Point, at: Point, width: int) -> tuple[int, F64]:
    """Return the columns a pointer crossed on its way, and its depth at each.

    Parameters
    ----------
    last, at : Point
        Where the pointer was and is, px. The column of `last` is left out unless the pointer
        stayed in it, so that joining moves draw every column once.
    width : int
        Columns of the B-scan; columns outside are dropped.

    Returns
    -------
    int, float array ``[n]``
        First column and depths in px; ``n`` is 0 when every column lies outside.
    """
    c0, c1 = round(last.x), round(at.x)
    if c0 == c1:
        inside = 0 <= c1 < width
        return c1, np.full(int(inside), at.z)
    first, final = (c0 + 1, c1) if c1 > c0 else (c1, c0 - 1)
    first, final = max(first, 0), min(final, width - 1)
    columns = np.arange(first, final + 1)
    share = np.clip((columns - last.x) / (at.x - last.x), 0.0, 1.0)
    return first, last.z + share * (at.z - last.z)


def show_curve(
    draft: BScanDraft,
    options: ToolOptions,
    start: int,
    depths: NDArray[np.floating],
    stale: Span = (0, 0),
) -> Rect | None:
    """Draw `depths` of the chosen surface from column `start` on; return what to redraw.

    The other surfaces start from where they were before the stroke, so what a stroke leaves
    behind depends on where it ends up, not on the way the pointer took: a neighbour pushed by
    accident comes back when the column is drawn again.

    Parameters
    ----------
    depths : float array ``[n]``
        px from the top; NaN makes the surface undefined.
    stale : (int, int)
        Columns an earlier look of the same stroke had drawn; those outside the new span go
        back to what they were before the stroke.
    """
    spans = [s for s in ((start, start + len(depths)), stale) if s[1] > s[0]]
    if not spans:
        return None
    x0, x1 = min(s[0] for s in spans), max(s[1] for s in spans)
    before = draft.curves[:, x0:x1].copy()
    draft.curves[:, x0:x1] = draft.base_curves[:, x0:x1]
    if len(depths):
        n, row = draft.n_ordered, options.surface
        rows, row = (draft.curves[:n], row) if row < n else (draft.curves[row : row + 1], 0)
        draw_surface(rows, row, start, depths, options.ordering, draft.mask.shape[0])
    return changed_rect(draft, before, x0)


def changed_rect(draft: BScanDraft, before: NDArray[np.float32], x0: int) -> Rect | None:
    """Return the rectangle around every curve that differs from `before`, None if none does.

    `before` is float32 ``[s, n]``: all curves from column `x0` on. The rectangle covers the old
    and the new line, the pieces that join them to the columns on either side, and a margin for
    the width of the line.
    """
    after = draft.curves[:, x0 : x0 + before.shape[1]]
    differs = differing(before, after)
    rows = differs.any(axis=1)
    if not rows.any():
        return None
    columns = np.flatnonzero(differs.any(axis=0))
    height, width = draft.mask.shape
    left, right = max(x0 + int(columns[0]) - 1, 0), min(x0 + int(columns[-1]) + 2, width)
    old = before[rows, columns[0] : columns[-1] + 1]
    new = draft.curves[rows, left:right]
    top = min(np.fmin.reduce(old, axis=None), np.fmin.reduce(new, axis=None), key=_nan_last)
    low = max(np.fmax.reduce(old, axis=None), np.fmax.reduce(new, axis=None), key=_nan_first)
    z0 = min(max(math.floor(top) - _LINE_MARGIN_PX, 0), height)
    z1 = max(min(math.ceil(low) + _LINE_MARGIN_PX + 1, height), z0)
    return Rect(z0, z1, left, right)


def _nan_last(value: float) -> float:
    return math.inf if math.isnan(value) else value


def _nan_first(value: float) -> float:
    return -math.inf if math.isnan(value) else value
