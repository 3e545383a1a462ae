"""Which pixels a region of a class may take in, by the surfaces and the marks that are there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate.draft import BScanDraft
from mirage_core.annotate.whereabouts import WHEREABOUTS, may_lie

Bool = NDArray[np.bool_]
Window = tuple[slice, slice]
"""Rows and columns of a B-scan."""


def within_surfaces(draft: BScanDraft, value: int, window: Window) -> Bool:
    """Return where among the surfaces label `value` may be, ``[z, x]`` of `window`.

    At or below the ILM and at or above BM, and where :mod:`mirage_core.annotate.whereabouts` has
    its class. A surface that is not known sets no limit.
    """
    rows = np.arange(draft.mask.shape[0], dtype=np.float32)[window[0]]
    curves = draft.curves[:, window[1]]
    allowed = may_lie(draft.classes.get(value, ""), draft.names, curves, rows)
    # Comparisons with NaN are False.
    for name, outside in (("ILM", np.less), ("BM", np.greater)):
        if name in draft.names:
            allowed &= ~outside(rows[:, None], curves[draft.names.index(name)])
    return allowed


def may_take(draft: BScanDraft, value: int, window: Window) -> Bool:
    """Return where a region of label `value` may grow, ``[z, x]`` of `window`.

    Within the surfaces, on what bore no mark when the stroke began or bore this one.
    """
    marks = draft.base_mask[window]
    allowed: Bool = within_surfaces(draft, value, window) & ((marks == 0) | (marks == value))
    return allowed


def nowhere(draft: BScanDraft, value: int) -> str:
    """Return a sentence for the grader who asks for a class where it cannot be."""
    name = draft.classes.get(value, "")
    where = WHEREABOUTS.get(name)
    if where is None:
        return "Nothing can be marked above the ILM or below Bruch's membrane this way."
    upper, lower = (next((n for n in group if n in draft.names), group[0]) for group in where)
    return f"{name} belongs between {upper} and {lower}, and nothing of this lies there."
