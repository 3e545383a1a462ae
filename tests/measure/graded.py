"""Two annotations of one small scan, drawn with what a test says."""

from __future__ import annotations

import numpy as np

from mirage_core.annotate import Annotation
from mirage_core.scan import ArrayPixels, Scan, ScanGeometry, Spacing, State

B, Z, X = 4, 40, 20
SHAPE = (B, Z, X)
SPACING = Spacing.from_mm(0.12, 0.004, 0.01)


def scan(spacing: Spacing = SPACING, geometry: ScanGeometry | None = None) -> Scan:
    """Return a black scan."""
    return Scan(ArrayPixels(np.zeros(SHAPE, np.uint8)), spacing, geometry or ScanGeometry())


def draw(
    annotation: Annotation,
    name: str,
    depth: float | np.ndarray,
    state: State = State.EDITED,
    b_scans: slice = slice(None),
) -> None:
    """Draw a surface at `depth`, a number or ``[x]`` or ``[b, x]``."""
    row = annotation.surfaces.index(name)
    annotation.surfaces.values[row, b_scans] = depth
    annotation.states[row, b_scans] = state


def mark(
    annotation: Annotation,
    b: int,
    rows: slice,
    columns: slice,
    value: int = 1,
    state: State = State.EDITED,
) -> None:
    """Mark a box of one B-scan."""
    annotation.masks.labels[b, rows, columns] = value
    annotation.states[-1, b] = state


def annotation(**depths: float) -> Annotation:
    """Return an annotation with level surfaces on every B-scan, and masks looked at."""
    empty = Annotation.empty(SHAPE)
    for name, depth in depths.items():
        draw(empty, name, depth)
    empty.states[-1] = State.EDITED
    return empty
