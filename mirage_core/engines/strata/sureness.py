"""How sure a surface is after it was moved to its edge in the image.

The network's posterior says where it expects the surface. What lies of it around the network's own
curve tells how well the A-scan is seen; what lies of it around the edge that was found tells
whether network and image agree. How often edges were right, given both, was counted on simulated
eyes that no network was trained on (``python -m benchmarks.starter_confidence``).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from mirage_core.engines.strata.decoding import Decoded
from mirage_core.scan import Surfaces

F32 = NDArray[np.float32]

WEIGHTS: dict[str, tuple[float, float, float]] = {
    "ILM": (0.66, 1.78, 0.96),
    "RPE": (0.63, 0.10, 0.24),
    "BM": (0.70, 0.83, -0.24),
}
"""Of the log odds of the share around the edge and around the network's curve, and a constant."""
_LEAST = 0.01


def confidence_at(decoded: Decoded, surfaces: Surfaces, names: Sequence[str]) -> F32:
    """Return the confidence of `decoded` with that of moved surfaces set anew.

    Parameters
    ----------
    decoded : Decoded
        With the posteriors of `names`, in their order.
    surfaces : Surfaces
        After moving, ``[s, n, x]``.
    names : sequence of str
        Those that were moved.

    Returns
    -------
    float32 array ``[s, n, x]``
        0..1: how likely a surface lies within NEAR_PX of the truth; NaN where it is undefined.
    """
    out = decoded.confidence.copy()
    rows = [surfaces.index(name) for name in names]
    for b, posterior in enumerate(decoded.posteriors):
        near = posterior.share_near(np.nan_to_num(surfaces.values[rows, b]))
        for row, name, share in zip(rows, names, near, strict=True):
            out[row, b] = sureness(name, share, out[row, b])
    return out


def sureness(name: str, near_edge: F32, near_own: F32) -> F32:
    """Return how likely a moved surface is right, 0..1.

    Parameters
    ----------
    name : str
        One that nothing was counted for is as sure as the posterior around its edge.
    near_edge, near_own : float32 arrays of the same shape
        Share of the posterior around the edge and around the network's own curve; where the
        latter is NaN the result is.
    """
    if name not in WEIGHTS:
        return np.where(np.isnan(near_own), near_own, near_edge)
    edge, own, constant = WEIGHTS[name]
    out: F32 = expit(edge * log_odds(near_edge) + own * log_odds(near_own) + constant)
    return out


def log_odds(share: F32) -> F32:
    """Return the logarithm of the odds of shares, none counted as surer than 99 to 1."""
    kept = np.clip(share, _LEAST, 1 - _LEAST)
    out: F32 = np.log(kept / (1 - kept))
    return out
