"""Paths that a hand follows around or over a region."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_fill_holes

from mirage_core.annotate.draft import bounding_box
from mirage_core.annotate.tools import Point

Bool = NDArray[np.bool_]


def outline_of(region: Bool) -> list[Point]:
    """Return a closed path around a connected region ``[z, x]``, holes and all.

    It runs between the px inside and those outside.
    """
    from skimage.measure import find_contours

    box = bounding_box(region)
    assert box is not None
    inside = np.pad(binary_fill_holes(region[box]), 1)
    contours = find_contours(inside.astype(np.float32), 0.5)  # type: ignore[no-untyped-call]
    corner = np.array([box[0].start, box[1].start]) - 1
    return [Point(float(z), float(x)) for z, x in max(contours, key=len) + corner]


def through(region: Bool) -> list[Point]:
    """Return a path over all px of a small region ``[z, x]``, row by row, to and fro."""
    path = []
    for turn, z in enumerate(np.flatnonzero(region.any(axis=1)).tolist()):
        columns = np.flatnonzero(region[z]).tolist()
        path += [Point(float(z), float(x)) for x in columns[:: -1 if turn % 2 else 1]]
    return path


def path_length(path: list[Point], per_px: tuple[float, float]) -> float:
    """Return the length of a path whose rows and columns are so long each."""
    steps = np.diff(np.array(path), axis=0) * per_px
    return float(np.hypot(steps[:, 0], steps[:, 1]).sum())
