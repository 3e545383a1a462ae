"""What a lock of a class holds: its marks are neither taken nor added to."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Bool = NDArray[np.bool_]


def held_by_locks(
    was: NDArray[Any], is_now: NDArray[Any], locked: frozenset[int]
) -> tuple[Bool, frozenset[int]]:
    """Return what of a change may not be, and the locked classes that it touched.

    Parameters
    ----------
    was, is_now : integer arrays of one shape
        Labels before and after.
    locked : frozenset of int

    Returns
    -------
    bool array of the same shape
        True where a pixel was taken from a locked class, or given to one.
    frozenset of int
    """
    if not locked:
        return np.zeros(was.shape, bool), frozenset()
    classes = list(locked)
    held: Bool = (was != is_now) & (np.isin(was, classes) | np.isin(is_now, classes))
    touched = {*np.unique(was[held]).tolist(), *np.unique(is_now[held]).tolist()}
    return held, locked & touched
