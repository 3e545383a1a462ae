"""A smooth curve through knots that overshoots none of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


def pchip(x: F64, y: F64, at: F64) -> F64:
    """Return the shape-preserving cubic through knots (Fritsch & Carlson 1980).

    Slopes at inner knots are the weighted harmonic mean of Fritsch & Butland (1984), zero where
    the data turn; at the ends the slope of the first and last piece. Written out here because
    importing scipy.interpolate takes longer than a pointer event may.

    Parameters
    ----------
    x, y : float arrays ``[n]``
        Knots, ``x`` strictly rising, ``n >= 2``.
    at : float array ``[m]``
        Where to evaluate, within ``x[0] .. x[-1]``.
    """
    gap = np.diff(x)
    rise = np.diff(y) / gap
    slope = np.concatenate([rise[:1], np.zeros(len(x) - 2), rise[-1:]])
    left, right = rise[:-1], rise[1:]
    same = left * right > 0
    w_left, w_right = gap[:-1] + 2 * gap[1:], 2 * gap[:-1] + gap[1:]
    harmonic = (w_left + w_right)[same] / (w_left[same] / left[same] + w_right[same] / right[same])
    slope[1:-1][same] = harmonic
    k = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
    t = (at - x[k]) / gap[k]
    value = (
        y[k] * (1 + 2 * t) * (1 - t) ** 2
        + y[k + 1] * t**2 * (3 - 2 * t)
        + gap[k] * (slope[k] * t * (1 - t) ** 2 - slope[k + 1] * t**2 * (1 - t))
    )
    out: F64 = value
    return out
