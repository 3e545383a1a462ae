"""What is measured, as it lies over the fundus picture. No Qt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FundusFrame:
    """From mm on the fundus to the picture and back: shift, turn, scale and mirror.

    Attributes
    ----------
    matrix : float64 array ``[2, 3]``
        Takes ``(x, y, 1)``, x to the image's right and y to superior in mm, to ``(row, col)``
        px of the picture, pixel centres at integers.
    """

    matrix: F64

    @classmethod
    def fitted(cls, places_mm: F64, points_px: F64) -> FundusFrame:
        """Return the frame that takes ``places_mm [n, (x, y)]`` to ``points_px [n, (row, col)]``.

        The best one, where they do not quite agree.
        """
        known = np.column_stack([places_mm, np.ones(len(places_mm))])
        solution, *_ = np.linalg.lstsq(known, points_px, rcond=None)
        return cls(np.ascontiguousarray(solution.T))

    def to_px(self, places_mm: F64) -> F64:
        """Return ``(row, col)`` px of ``[..., (x, y)]`` mm."""
        out: F64 = places_mm @ self.matrix[:, :2].T + self.matrix[:, 2]
        return out

    def to_mm(self, points_px: F64) -> F64:
        """Return ``(x, y)`` mm of ``[..., (row, col)]`` px."""
        out: F64 = (points_px - self.matrix[:, 2]) @ np.linalg.inv(self.matrix[:, :2]).T
        return out


@dataclass(frozen=True, slots=True)
class GridCell:
    """A figure and its place.

    Attributes
    ----------
    x_mm, y_mm : float
        Of its middle, from the fovea.
    text : str
        A dash where it is refused.
    quiet : bool
        No human approved all of it.
    """

    x_mm: float
    y_mm: float
    text: str
    quiet: bool = False


@dataclass(frozen=True, eq=False)
class FundusGrid:
    """The grid about the fovea.

    Attributes
    ----------
    frame : FundusFrame
    centre_mm : float64 array ``(x, y)``
    radii_mm : tuple of float
        Of its circles, ascending; spokes run from the first to the last.
    cells : tuple of GridCell
        The middle one first.
    sides : tuple of GridCell
        Letters of the sides, as far as they are known.
    """

    frame: FundusFrame
    centre_mm: F64
    radii_mm: tuple[float, ...]
    cells: tuple[GridCell, ...]
    sides: tuple[GridCell, ...]


@dataclass(frozen=True, eq=False)
class HeatMap:
    """A map over the whole picture.

    Attributes
    ----------
    title : str
    values : float32 array ``[row, col]``
        NaN where it is clear.
    low, high : float
        Ends of the scale of colours.
    unit : str
    smooth : bool
        Cells run into each other; otherwise each is one colour.
    """

    title: str
    values: F32
    low: float
    high: float
    unit: str
    smooth: bool
