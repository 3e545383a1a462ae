"""A B-scan's masks as something other than a stroke leaves them, as a patch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate.annotation import Annotation, Target
from mirage_core.annotate.edit import Patch


def mask_patch(annotation: Annotation, b: int, labels: NDArray[np.uint8]) -> Patch | None:
    """Return the patch after which B-scan `b` carries `labels`, None if it does already.

    Parameters
    ----------
    annotation : Annotation
        Not changed.
    b : int
    labels : uint8 array ``[z, x]``
        The whole B-scan; the patch holds only the box around what differs.
    """
    old = annotation.masks.labels[b]
    differs = old != labels
    rows = np.flatnonzero(differs.any(axis=1))
    if rows.size == 0:
        return None
    columns = np.flatnonzero(differs[rows[0] : rows[-1] + 1].any(axis=0))
    z0, x0 = int(rows[0]), int(columns[0])
    box = (slice(z0, rows[-1] + 1), slice(x0, columns[-1] + 1))
    return Patch(Target.MASKS, (b, z0, x0), old[box][None].copy(), labels[box][None].copy())
