"""Holes and rims of regions. Looked for in their bounding boxes, for many are tried per stroke."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate.draft import bounding_box

Bool = NDArray[np.bool_]


def filled(region: Bool) -> Bool:
    """Return a region ``[z, x]`` with its holes, which hang together by sides."""
    from scipy.ndimage import binary_fill_holes

    out = np.zeros_like(region)
    box = bounding_box(region)
    if box is not None:
        out[box] = binary_fill_holes(region[box])
    return out


def rim(region: Bool) -> Bool:
    """Return the pixels of a region ``[z, x]`` with a side outside of it or of the array."""
    out = np.zeros_like(region)
    box = bounding_box(region)
    if box is not None:
        part = np.pad(region[box], 1)
        core = part[:-2, 1:-1] & part[2:, 1:-1] & part[1:-1, :-2] & part[1:-1, 2:]
        out[box] = region[box] & ~core
    return out
