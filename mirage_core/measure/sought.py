"""Sought: where it is known that a class was looked for, so that none marked means none there.

A mask holds no difference between "none there" and "nobody looked". A human who approves the masks
of a B-scan has looked for every class; a model has looked for those it knows. A grader who marked
some of a class knows it, and so does a model of which no more is known than that it did.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mirage_core.scan import State

BoolArray = NDArray[np.bool_]

LookedFor = Mapping[str, BoolArray]
"""By name of a class, on which B-scans ``[b]`` the model that drew the masks looks for it."""
NOT_SOUGHT = "No human approved this, and the model is not known to look for it."


def sought_b_scans(
    states: NDArray[np.uint8],
    marked: BoolArray,
    name: str,
    looked_for: LookedFor | None = None,
) -> BoolArray:
    """Return on which B-scans it is known how much there is of a class, ``[b]``.

    Parameters
    ----------
    states : uint8 array ``[b]``
        Of the masks.
    marked : bool array ``[b]``
        Where some of the class is marked.
    name : str
        The class.
    looked_for : mapping, optional
        By default nothing is known of what models look for.
    """
    seen = states != State.UNSEEN
    by_human = states >= State.EDITED
    known = (states == State.APPROVED) | (seen & marked)
    if (marked & by_human).any():
        known = known | by_human
    looked_for = looked_for or {}
    # Of a model that is here it is told what it looks for, and not guessed by what it marked.
    told = np.any([np.zeros_like(seen), *looked_for.values()], axis=0)
    if (marked & seen & ~by_human & ~told).any():
        known = known | (seen & ~told)
    if name in looked_for:
        known = known | (seen & looked_for[name])
    return np.asarray(known)
