"""How many pixels of each mask class every A-scan holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mirage_core.scan import Masks

I64 = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class LesionColumns:
    """The marked pixels of a mask overlay.

    Attributes
    ----------
    shape : (int, int, int)
        ``(b, z, x)`` of the scan.
    at : int64 array ``[n]``
        Flat indices of the marked pixels, ascending.
    values : uint8 array ``[n]``
        Their classes.
    """

    shape: tuple[int, int, int]
    at: I64
    values: NDArray[np.uint8]

    @classmethod
    def of(cls, masks: Masks) -> LesionColumns:
        """Find the marked pixels."""
        flat = np.ascontiguousarray(masks.labels).reshape(-1)
        # Eight pixels at a time: most of a volume is background.
        n_words = flat.size // 8
        words = np.flatnonzero(flat[: n_words * 8].view(np.uint64) != 0)
        places = (words[:, None] * 8 + np.arange(8)).ravel()
        places = np.concatenate([places, np.arange(n_words * 8, flat.size)])
        values = flat[places]
        marked = values > 0
        return cls(masks.labels.shape, places[marked], values[marked])

    def counts(self, value: int) -> I64:
        """Return how many pixels of class `value` each A-scan has, ``[b, x]``."""
        n, height, width = self.shape
        at = self.at[self.values == value]
        column = at // (height * width) * width + at % width
        out: I64 = np.bincount(column, minlength=n * width).reshape(n, width)
        return out

    def b_scans(self, value: int) -> NDArray[np.bool_]:
        """Return on which B-scans there is any of class `value`, ``[b]``."""
        n, height, width = self.shape
        out = np.zeros(n, bool)
        out[self.at[self.values == value] // (height * width)] = True
        return out

    def longest_run(self, value: int) -> int:
        """Return the most pixels of class `value` that follow each other down one A-scan."""
        _, height, width = self.shape
        at = self.at[self.values == value]
        if at.size == 0:
            return 0
        # Ordered down the A-scans; the row after each volume's last one keeps runs apart.
        row = at // width % height
        line = (at // (height * width) * width + at % width) * (height + 1) + row
        line.sort()
        breaks = np.flatnonzero(np.diff(line) != 1)
        ends = np.concatenate([breaks, [line.size - 1]])
        starts = np.concatenate([[0], breaks + 1])
        return int((ends - starts).max()) + 1
