"""Region: which rows of each column of a grid are wanted. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Bool = NDArray[np.bool_]
Rows = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Region:
    """One run of rows in every column of a grid.

    Attributes
    ----------
    top, bottom : int arrays ``[w]``
        First row wanted, and one past the last; at least one row in every column.
    height : int
        Rows of the grid.
    """

    top: Rows
    bottom: Rows
    height: int

    def __post_init__(self) -> None:
        if self.top.shape != self.bottom.shape or self.top.ndim != 1 or not self.top.size:
            raise ValueError("a region needs one top and one bottom for each column")
        if (self.top < 0).any() or (self.bottom > self.height).any():
            raise ValueError(f"the region reaches beyond the {self.height} rows of its grid")
        if (self.top >= self.bottom).any():
            raise ValueError("a region has at least one row in every column")

    @classmethod
    def of_rows(cls, rows: slice | None, grid: tuple[int, int]) -> Region:
        """Return the region of the same rows in all columns of a ``(height, width)`` grid.

        Raises
        ------
        ValueError
            If no row is left.
        """
        height, width = grid
        first, last, _ = (rows or slice(None)).indices(height)
        return cls(np.full(width, first), np.full(width, last), height)

    @property
    def width(self) -> int:
        """Columns of the grid."""
        return len(self.top)

    @property
    def hull(self) -> slice:
        """The rows from the uppermost to the lowest wanted."""
        return slice(int(self.top.min()), int(self.bottom.max()))

    @property
    def mask(self) -> Bool:
        """Whether a place is wanted, ``[height, w]``."""
        rows = np.arange(self.height)[:, None]
        return np.asarray((rows >= self.top) & (rows < self.bottom))

    @property
    def is_block(self) -> bool:
        """Whether all columns want the same rows."""
        return bool((self.top == self.top[0]).all() and (self.bottom == self.bottom[0]).all())

    def dilated(self, reach: int) -> Region:
        """Return all places within `reach` rows and columns of this region."""
        size = 2 * reach + 1
        top = ndimage.minimum_filter1d(self.top, size, mode="nearest") - reach
        bottom = ndimage.maximum_filter1d(self.bottom, size, mode="nearest") + reach
        return Region(np.maximum(top, 0), np.minimum(bottom, self.height), self.height)

    def holds(self, other: Region) -> bool:
        """Return whether all of `other` lies within this region."""
        return bool((self.top <= other.top).all() and (self.bottom >= other.bottom).all())

    def united(self, other: Region) -> Region:
        """Return the smallest region that holds both."""
        return Region(
            np.minimum(self.top, other.top), np.maximum(self.bottom, other.bottom), self.height
        )

    def coarser(self, grid: tuple[int, int]) -> Region:
        """Return the places of a coarser ``(height, width)`` grid that this region touches.

        Raises
        ------
        ValueError
            If this grid's sides are no multiples of that one's.
        """
        down, along = self.height // grid[0], self.width // grid[1]
        if (down * grid[0], along * grid[1]) != (self.height, self.width):
            raise ValueError(f"a grid of {self.height} x {self.width} does not fall into {grid}")
        top = self.top.reshape(-1, along).min(axis=1) // down
        bottom = -(-self.bottom.reshape(-1, along).max(axis=1) // down)
        return Region(top, bottom, grid[0])


def grown(
    region: Region, labels: NDArray[np.integer], background: tuple[int, int], step: int
) -> Region | None:
    """Return a larger region where what was found does not end inside; None where all does.

    Beyond the region the first class of `background` is taken for granted above it, the second
    below it. Where a neighbour inside says otherwise, the column grows beyond that place.

    Parameters
    ----------
    region : Region
    labels : int array ``[height, w]``
        Classes found; looked at inside the region only.
    background : (int, int)
        Classes above and below.
    step : int
        Rows to go beyond what was found.
    """
    inside = region.mask
    rows = np.arange(region.height)[:, None]
    cross = ndimage.generate_binary_structure(2, 1)
    over = ndimage.binary_dilation(inside & (labels != background[0]), cross)
    under = ndimage.binary_dilation(inside & (labels != background[1]), cross)
    over &= rows < region.top
    under &= rows >= region.bottom
    if not (over.any() or under.any()):
        return None
    first = np.where(over.any(axis=0), over.argmax(axis=0) + 1 - step, region.top)
    last = np.where(
        under.any(axis=0), region.height - under[::-1].argmax(axis=0) - 1 + step, region.bottom
    )
    return Region(
        np.clip(first, 0, region.top), np.clip(last, region.bottom, region.height), region.height
    )
