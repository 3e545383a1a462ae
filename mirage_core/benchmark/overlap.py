"""Dice and IoU of whole volumes under a convention."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mirage_core.benchmark.conventions import CORRECT, Convention
from mirage_core.measure.confusion import Confusion

F64 = NDArray[np.float64]


def dice(confusion: Confusion, convention: Convention = CORRECT) -> F64:
    """Return the Dice overlap ``2 |A and B| / (|A| + |B|)`` of each class, ``[class]``.

    Parameters
    ----------
    confusion : Confusion
        Of all B-scans of a volume together.
    convention : Convention
    """
    return _share(2 * confusion.overlap, confusion.found + confusion.truth, convention)


def iou(confusion: Confusion, convention: Convention = CORRECT) -> F64:
    """Return the intersection over the union of each class, ``[class]``.

    Parameters
    ----------
    confusion : Confusion
        Of all B-scans of a volume together.
    convention : Convention
    """
    union = confusion.found + confusion.truth - confusion.overlap
    return _share(confusion.overlap, union, convention)


def _share(above: NDArray[np.int64], below: NDArray[np.int64], convention: Convention) -> F64:
    out = np.full(below.shape, convention.absent_overlap)
    np.divide(above, below + convention.epsilon, out=out, where=below > 0)
    return out
