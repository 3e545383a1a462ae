"""Volume, height and area of fluid and lesions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mirage_core.measure.footprint import Footprints
from mirage_core.measure.lesion_columns import LesionColumns

F64 = NDArray[np.float64]

_NL_PER_MM3 = 1000.0
_GRADUAL = 240.0


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of a class there is.

    Attributes
    ----------
    volume_nl : float
        Pixels times their size, each B-scan counted with the slab it stands for.
    area_mm2 : float
        En face: footprints of the A-scans that have any.
    pixels : float64 array ``[b]``
        Of each B-scan, as far as they count.
    """

    volume_nl: float
    area_mm2: float
    pixels: F64


def extent(
    columns: LesionColumns,
    value: int,
    footprints: Footprints,
    dz_mm: float,
    inside: F64 | None = None,
) -> Extent:
    """Return volume and en-face area of class `value`.

    Parameters
    ----------
    columns : LesionColumns
    value : int
    footprints : Footprints
    dz_mm : float
    inside : float64 array ``[b, x]``, optional
        Share of each footprint that counts, from :meth:`Footprints.inside`; by default all of
        all.
    """
    counts = columns.counts(value)
    share = np.ones(counts.shape) if inside is None else inside
    pixels, marked = (counts * share).sum(axis=1), ((counts > 0) * share).sum(axis=1)
    areas = footprints.areas_mm2
    return Extent(
        float(pixels @ areas) * dz_mm * _NL_PER_MM3,
        float(marked @ areas),
        pixels,
    )


def sampling_error(sections: F64) -> float:
    """Return the relative standard error of a volume by sections an equal gap apart; NaN for none.

    Between B-scans nothing is seen: a lesion's volume depends on where they happen to cut it. The
    variance of the sum over systematic sections follows from how the sections resemble their
    neighbours (Gundersen HJG, Jensen EB. The efficiency of systematic sampling in stereology and
    its prediction. J Microsc 1987), here for bodies whose sections grow gradually from nothing.
    Lesions smaller than the gap, which no B-scan may meet, are not in it, and of one that is met by
    one B-scan or two it is far too small: these do not show how sections grow from nothing.

    Parameters
    ----------
    sections : float64 array ``[b]``
        Areas in the order of their places, in any unit.
    """
    total = float(sections.sum())
    if total <= 0:
        return float("nan")
    same, next_, after = (float(sections[k:] @ sections[: len(sections) - k]) for k in range(3))
    return float(np.sqrt(max(3 * same - 4 * next_ + after, 0.0) / _GRADUAL)) / total


def height_um(columns: LesionColumns, value: int, dz_mm: float) -> float:
    """Return the greatest height of class `value` in um: unbroken, down one A-scan."""
    return columns.longest_run(value) * dz_mm * 1000


def en_face_um(columns: LesionColumns, value: int, dz_mm: float) -> NDArray[np.float32]:
    """Return how much of class `value` lies in each A-scan, um ``[b, x]``."""
    return (columns.counts(value) * (dz_mm * 1000)).astype(np.float32)
