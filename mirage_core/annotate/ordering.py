"""Keep surfaces in anatomical order while one of them is being drawn."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from mirage_core.scan import SURFACE_ORDER

F32 = NDArray[np.float32]


class Ordering(StrEnum):
    """What gives way when a drawn surface meets its neighbour."""

    PUSH = "push"
    CLAMP = "clamp"


def ordered_count(names: Sequence[str]) -> int:
    """Return how many leading `names` stand in anatomical order, top to bottom.

    Surfaces after these are extra ones whose place among the others is not known (a device may
    bring some that lie above the ILM); no order is kept with them.
    """
    deepest = -1
    for count, name in enumerate(names):
        rank = SURFACE_ORDER.get(name, -1)
        if rank <= deepest:
            return count
        deepest = rank
    return len(names)


def draw_surface(
    curves: F32,
    surface: int,
    start: int,
    depths: NDArray[np.floating],
    policy: Ordering,
    height: int,
) -> None:
    """Write `depths` into one surface of a B-scan, in place, keeping the order.

    Parameters
    ----------
    curves : float32 array ``[s, x]``
        Depths in px from the top, NaN = undefined; top to bottom.
    surface : int
        Row that is drawn.
    start : int
        First column.
    depths : float array ``[n]``
        New depths in px; NaN makes the surface undefined there.
    policy : Ordering
        ``PUSH`` moves the neighbours out of the way, ``CLAMP`` stops the drawn surface at them.
    height : int
        Rows of the B-scan; depths are kept within ``0 .. height - 1``.
    """
    span = slice(start, start + len(depths))
    new = np.clip(np.asarray(depths, np.float32), 0, height - 1)
    above, below = curves[:surface, span], curves[surface + 1 :, span]
    if policy is Ordering.CLAMP:
        if len(above):
            new = np.where(np.isnan(new), new, np.fmax(new, np.fmax.reduce(above, axis=0)))
        if len(below):
            new = np.where(np.isnan(new), new, np.fmin(new, np.fmin.reduce(below, axis=0)))
    else:
        with np.errstate(invalid="ignore"):
            np.copyto(above, np.broadcast_to(new, above.shape), where=above > new)
            np.copyto(below, np.broadcast_to(new, below.shape), where=below < new)
    curves[surface, span] = new


def clamp_between(curves: F32, fixed: NDArray[np.bool_]) -> F32:
    """Return `curves` with every value that is not fixed kept between the fixed ones around it.

    Free values that were in order stay in order, and NaN stays NaN.

    Parameters
    ----------
    curves : float32 array ``[s, x]``
        Depths in px from the top, NaN = undefined; top to bottom.
    fixed : bool array ``[s, x]``
        What does not move.
    """
    held = np.where(fixed, curves, np.float32(np.nan))
    shallowest = np.fmax.accumulate(held, axis=0)
    deepest = np.fmin.accumulate(held[::-1], axis=0)[::-1]
    free = ~fixed & np.isfinite(curves)
    clamped: F32 = np.where(free, np.fmin(np.fmax(curves, shallowest), deepest), curves)
    return clamped
