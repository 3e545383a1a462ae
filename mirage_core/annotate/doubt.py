"""Where an engine doubts what it found."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate.annotation import Annotation

F32 = NDArray[np.float32]


def doubt_map(annotation: Annotation) -> F32:
    """Return how much the engine doubts the surfaces of every A-scan.

    Returns
    -------
    float32 array ``[b, x]``
        1 less the mean confidence over the surfaces, 0..1; NaN where no engine speaks: nothing
        was predicted, or a human drew all of it.
    """
    return 1 - _mean_of_known(annotation.confidence)


def doubt_of_b_scans(annotation: Annotation) -> F32:
    """Return the mean doubt of every B-scan ``[b]``, NaN where no engine speaks."""
    return _mean_of_known(doubt_map(annotation).T)


def _mean_of_known(values: F32) -> F32:
    """Return the mean along the first axis of what is not NaN, NaN where all is."""
    known = np.isfinite(values)
    count = known.sum(axis=0)
    total = np.where(known, values, 0).sum(axis=0)
    mean = np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
    out: F32 = mean.astype(np.float32)
    return out
