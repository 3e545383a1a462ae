"""Draft: one B-scan's annotation while a stroke is in hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate.ordering import ordered_count

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]


def bounding_box(region: NDArray[np.bool_]) -> tuple[slice, slice] | None:
    """Return the smallest box (rows, columns) around a region ``[z, x]``, None if it is empty."""
    rows = np.flatnonzero(region.any(axis=1))
    if rows.size == 0:
        return None
    down = slice(int(rows[0]), int(rows[-1]) + 1)
    columns = np.flatnonzero(region[down].any(axis=0))
    return down, slice(int(columns[0]), int(columns[-1]) + 1)


def differing(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return where two curves differ; undefined (NaN) equals undefined."""
    differs: NDArray[np.bool_] = (a != b) & ~(np.isnan(a) & np.isnan(b))
    return differs


@dataclass(eq=False)
class BScanDraft:
    """Working copy of B-scan `b` that tools draw into; the session commits it on release.

    Attributes
    ----------
    b : int
    image : uint8 array ``[z, x]``
        Display grey, for tools that follow edges. Read only.
    curves : float32 array ``[s, x]``
        Surfaces in px from the top; tools change this.
    mask : uint8 array ``[z, x]``
        Labels; tools change this.
    base_curves, base_mask
        The values when the stroke began. Read only.
    names : tuple of str
        Names of the surfaces, one per row of `curves`; tools that follow edges know by them
        what to look for. Without names every row counts as ordered.
    classes : mapping of int to str
        Names of the labels, by which tools know where among the surfaces a class may be.
    """

    b: int
    image: U8
    curves: F32
    mask: U8
    base_curves: F32
    base_mask: U8
    names: tuple[str, ...] = ()
    classes: Mapping[int, str] = field(default_factory=dict)

    @property
    def n_ordered(self) -> int:
        """How many leading rows of `curves` must keep the anatomical order."""
        return ordered_count(self.names) if self.names else len(self.curves)

    def reset(self) -> None:
        """Return to the values of the stroke's beginning."""
        self.curves[...] = self.base_curves
        self.mask[...] = self.base_mask

    def changed_box(self) -> tuple[int, int, int, int] | None:
        """Return ``(z0, z1, x0, x1)`` (half open) around the changed mask pixels, or None."""
        box = bounding_box(self.mask != self.base_mask)
        if box is None:
            return None
        rows, columns = box
        return rows.start, rows.stop, columns.start, columns.stop
