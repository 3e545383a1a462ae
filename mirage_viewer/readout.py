"""What the status bar says about a point on a B-scan. No Qt here."""

from __future__ import annotations

import numpy as np

from mirage_core.annotate import Annotation
from mirage_core.scan import Spacing


def position_px(b: int, z: float, x: float) -> str:
    """Return where the pointer is in px; people count B-scans from 1, pixels from 0."""
    return f"B-scan {b + 1}   x {x:.0f}  z {z:.0f} px"


def position_um(z: float, x: float, spacing: Spacing) -> str:
    """Return the distances from the upper left corner in µm, ``?`` where a scale is unknown."""
    dx, dz = spacing.x.mm, spacing.z.mm
    words = [
        f"{name} {value * mm * 1000:.0f}" if mm is not None else f"{name} ?"
        for name, value, mm in (("x", x, dx), ("z", z, dz))
    ]
    return f"{words[0]}  {words[1]} µm"


def structure_at(annotation: Annotation, b: int, z: float, x: float) -> str:
    """Return what lies at row `z`, column `x` (px) of B-scan `b`.

    A fluid or lesion class comes first; else the two finite surfaces between which the point
    lies, "above ILM" or "below BM" outside of them, ``""`` where nothing is known.
    """
    _, height, width = annotation.masks.labels.shape
    row, column = int(np.rint(z)), int(np.rint(x))
    if not (0 <= row < height and 0 <= column < width):
        return ""
    value = int(annotation.masks.labels[b, row, column])
    if value:
        try:
            return annotation.masks.scheme.by_value(value).title
        except KeyError:
            return f"Class {value}"
    depths = annotation.surfaces.values[:, b, column]
    known = np.flatnonzero(np.isfinite(depths))
    if known.size == 0:
        return ""
    names = annotation.surfaces.names
    above = known[np.rint(depths[known]) <= row]
    below = known[np.rint(depths[known]) > row]
    if above.size == 0:
        return f"above {names[known[0]]}"
    if below.size == 0:
        return f"below {names[known[-1]]}"
    return f"{names[above[-1]]} – {names[below[0]]}"
