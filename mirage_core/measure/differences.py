"""Where two annotations differ on one B-scan, as arrays that a view can shade."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from mirage_core.measure.annotated import Annotated, depths, must_be_of_one_scan, surface_names
from mirage_core.scan import renumbering

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]


class MaskDifference(IntEnum):
    """How the masks of two graders differ at a pixel."""

    NONE = 0
    ONLY_ONE = 1
    """Marked by the first only."""
    ONLY_OTHER = 2
    """Marked by the second only."""
    CLASS = 3
    """Marked by both, as different classes."""


@dataclass(frozen=True, eq=False)
class BScanDifferences:
    """Two annotations of one B-scan side by side.

    Attributes
    ----------
    names : tuple of str
        Every surface that either list has, top to bottom; the same for every B-scan.
    one, other : float32 arrays ``[s, x]``
        Depths in px from the top, rows as `names`; NaN where undefined or not in the list.
    differs : bool array ``[s, x]``
        Both are defined and further apart than the tolerance.
    one_sided : bool array ``[s, x]``
        Defined by one of the two only.
    masks : uint8 array ``[z, x]``
        :class:`MaskDifference` of every pixel.
    """

    names: tuple[str, ...]
    one: F32
    other: F32
    differs: Bool
    one_sided: Bool
    masks: U8


def differences(
    one: Annotated, other: Annotated, b: int, tolerance_px: float = 0.0
) -> BScanDifferences:
    """Return where two annotations of one scan differ on B-scan `b`.

    Surfaces and mask classes are matched by name. The tolerance is for surfaces; masks are
    compared pixel by pixel.

    Parameters
    ----------
    one, other : Annotated
    b : int
    tolerance_px : float
        Surfaces no further apart than this do not differ.

    Raises
    ------
    ValueError
        If the annotations are of different scans.
    """
    must_be_of_one_scan(one, other)
    names = surface_names(one, other)
    first = np.stack([depths(one, name)[b] for name in names])
    second = np.stack([depths(other, name)[b] for name in names])
    with np.errstate(invalid="ignore"):
        differs = np.abs(first - second) > tolerance_px
    one_sided = np.isnan(first) != np.isnan(second)
    return BScanDifferences(
        names, first, second, differs, one_sided, mask_differences(one, other, b)
    )


def mask_differences(one: Annotated, other: Annotated, b: int) -> U8:
    """Return the :class:`MaskDifference` of every pixel of B-scan `b`, uint8 ``[z, x]``."""
    first, second = one.masks.labels[b], other.masks.labels[b]
    found = np.zeros(first.shape, np.uint8)
    # Most of a B-scan is background in both.
    marked = (first | second) > 0
    a, c = first[marked], second[marked]
    kind = np.full(a.shape, MaskDifference.CLASS, np.uint8)
    kind[renumbering(other.masks.scheme, one.masks.scheme)[c] == a] = MaskDifference.NONE
    kind[c == 0] = MaskDifference.ONLY_ONE
    kind[a == 0] = MaskDifference.ONLY_OTHER
    found[marked] = kind
    return found
