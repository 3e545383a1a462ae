"""A B-scan's masks as something other than a stroke leaves them: as a patch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate.annotation import Annotation, Target
from mirage_core.annotate.draft import bounding_box
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
    box = bounding_box(old != labels)
    if box is None:
        return None
    origin = (b, box[0].start, box[1].start)
    return Patch(Target.MASKS, origin, old[box][None].copy(), labels[box][None].copy())
