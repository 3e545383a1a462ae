"""Where surfaces may lie, kept to be asked about other places than the likeliest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from mirage_core.engines.strata.reading import NEAR_PX, share_within

F32 = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Posterior:
    """Of some surfaces of one B-scan.

    Attributes
    ----------
    reached : float32 array ``[positions, s, w]``
        Distribution functions of `chain`, on the network's columns.
    top : int
        Row of the B-scan that position 0 lies above.
    columns : csr_array ``[x, w]`` or None
        To the B-scan's columns; None if these are the network's.
    """

    reached: F32
    top: int
    columns: csr_array | None

    def share_near(self, curves: F32) -> F32:
        """Return how much of the posterior lies within :data:`NEAR_PX` of curves, 0..1.

        Parameters
        ----------
        curves : float32 array ``[s, x]``
            Px from the top, on the B-scan's columns, finite.
        """
        width, have = curves.shape[1], self.reached.shape[2]
        depth = curves
        if self.columns is not None:
            at = (np.arange(have) + 0.5) * width / have - 0.5
            depth = np.stack([np.interp(at, np.arange(width), c) for c in curves])
        share = share_within(self.reached, (depth - self.top).astype(np.float32), NEAR_PX)
        if self.columns is not None:
            share = (self.columns @ share.T).T
        out: F32 = np.clip(share, 0, 1).astype(np.float32)
        return out
