"""How well a grey speaks for one region against another, learned from samples of both."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]

_SMOOTH_GREY = 8.0
_UNSEEN = 1e-4


def evidence(smooth: F32, ours: F32, theirs: F32) -> F32:
    """Return what the grey of every pixel says.

    Parameters
    ----------
    smooth : float32 array ``[z, x]``
        Grey 0..255.
    ours, theirs : float32 array ``[n]``
        Greys sampled in the one region and in the other.

    Returns
    -------
    float32 array ``[z, x]``
        -1 to 1: the difference of the two shares of that grey over their sum.
    """
    one, other = _shares(ours), _shares(theirs)
    table = ((one - other) / (one + other)).astype(np.float32)
    found: F32 = table[np.clip(smooth, 0, 255).astype(np.intp)]
    return found


def _shares(greys: F32) -> NDArray[np.float64]:
    from scipy.ndimage import gaussian_filter1d

    counts = np.bincount(np.clip(greys, 0, 255).astype(np.intp), minlength=256)
    smooth = gaussian_filter1d(counts.astype(np.float64), _SMOOTH_GREY, mode="nearest")
    shares: NDArray[np.float64] = smooth / max(float(smooth.sum()), 1.0) + _UNSEEN
    return shares
