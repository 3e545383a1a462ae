"""Where the boundaries between ordered strata lie: exact posteriors down every A-scan.

Strata ``0..n`` fill an A-scan from top to bottom, each any number of rows or none. With
independent rows the logarithm of the probability of boundaries ``b_0 <= b_1 <= ...`` (boundary i
above row ``b_i``) is, up to a constant, the sum of ``U_i(b_i)``, the running sum down to ``b_i``
of how much more likely each row is in stratum i than in i + 1. Order is all that ties boundaries
together, so the sums over all ordered boundaries are running sums, one boundary after the other
(the forward-backward algorithm of a left-to-right hidden Markov model, Rabiner 1989).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]

_NEVER = np.float32(-1e30)  # a finite logarithm of nothing: differences of two stay numbers


def reached(scores: F32) -> F32:
    """Return how likely every boundary lies at each position or above.

    Parameters
    ----------
    scores : float32 array ``[rows + 1, n, w]``
        ``U``: positions, boundaries from top to bottom, A-scans. Becomes the result.

    Returns
    -------
    float32 array of the same shape
        Posterior distribution functions: rising over positions from 0 to 1, and at no position
        less for a boundary than for the next, as these are boundaries in order.
    """
    positions, n, _ = scores.shape
    out = scores
    if n > 1:
        sums = _running_sums_of_exp(scores)
        for i in range(n - 1):
            above = sums[i : i + positions, i]
            out[:, i + 1] += above
            below = sums[i : i + positions, n - 1 + i]
            out[:, n - 2 - i] += below[::-1]
    out -= out.max(axis=0)
    np.exp(out, out=out)
    for row in range(1, positions):
        out[row] += out[row - 1]
    out /= out[-1].copy()
    return out


def _running_sums_of_exp(scores: F32) -> F32:
    """Return logarithms of the sums over all that lies above, and over all that lies below.

    All boundaries and both directions advance together, each boundary one step behind the one
    it waits for: entry ``[p + i, i]`` is of boundary i down to position p, and
    ``[p + i, n - 1 + i]`` of boundary ``n - 1 - i`` up from the p-th position from below.
    """
    positions, n, width = scores.shape
    each = n - 1
    steps = positions + each - 1
    sums = np.full((steps, 2, each, width), _NEVER, np.float32)
    for i in range(each):
        sums[i : i + positions, 0, i] = scores[:, i]
        sums[i : i + positions, 1, i] = scores[::-1, n - 1 - i]
    less = np.empty((2, each, width), np.float32)
    for step in range(1, steps):
        before, now = sums[step - 1], sums[step]
        now[:, 1:] += before[:, :-1]
        # log(exp(before) + exp(now)), in place. numpy's own logaddexp is far slower, and so is
        # log1p, whose digits of small numbers are lost anyway in what they are added to.
        np.subtract(now, before, out=less)
        np.abs(less, out=less)
        np.negative(less, out=less)
        np.exp(less, out=less)
        less += 1
        np.log(less, out=less)
        np.maximum(now, before, out=now)
        now += less
    return sums.reshape(steps, 2 * each, width)
