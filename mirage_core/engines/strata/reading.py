"""From posteriors to depths, how sure they are, and where there is nothing to say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mirage_core.model.store.scheme import LayerScheme
from mirage_core.scan import SURFACE_ORDER

F32 = NDArray[np.float32]
Bool = NDArray[np.bool_]

_REACH_PX = 4
"""How far from the median a possible place still counts in full."""
NEAR_PX = 1.5
"""Two graders' curves lie about as far apart."""
_AROUND_PX = 12
_SCATTERED = 0.5
"""Less than this share around a depth says that it might as well be elsewhere."""
_LEAST_RETINA_PX = 1.0


@dataclass(frozen=True, eq=False)
class Boundaries:
    """Boundaries of one B-scan, all of a scheme's, named or not; axes ``[n, x]``.

    Attributes
    ----------
    depth : float32 array
        Px from the top, in order, finite everywhere.
    confidence : float32 array
        0..1: how much of the posterior lies within :data:`NEAR_PX` of `depth`.
    seen : bool array
        Whether the probabilities tell where the boundary lies.
    """

    depth: F32
    confidence: F32
    seen: Bool


def read_boundaries(reached: F32, scheme: LayerScheme, top: int) -> Boundaries:
    """Read depths off posterior distributions.

    A depth is the posterior mean, with places further than a few px from the median counted as
    lying just there: a second, less likely place does not draw the surface into the middle. Being
    the mean of a rising function of an ordered set of boundaries, about medians that are in
    order, it is in order itself.

    A boundary is not seen where

    - it lies, rather than not, beyond the rows looked at: the retina is cut off there;
    - its posterior is scattered: less than half of it within 12 px, as of the ends of a layer
      that is missing between two strata of the same class;
    - there is no retina: less than a px from the ILM to the lowest surface, where this is the RPE
      or lies under it.

    Parameters
    ----------
    reached : float32 array ``[positions, n, w]``
        Posterior distribution functions, of `chain`.
    scheme : LayerScheme
    top : int
        Row of the B-scan that position 0 lies above.
    """
    positions = len(reached)
    median = (reached < 0.5).sum(axis=0)
    inside = (median > 0) & (median < positions - 1)
    depth = (median - _REACH_PX).astype(np.float32)
    for step in range(-_REACH_PX, _REACH_PX):
        depth += 1 - _share_above(reached, median + step)
    np.clip(depth, 0, positions - 1, out=depth)
    np.maximum.accumulate(depth, axis=0, out=depth)  # in order up to rounding before
    confidence = np.clip(share_within(reached, depth, NEAR_PX), 0, 1)
    gathered = share_within(reached, depth, _AROUND_PX) >= _SCATTERED
    seen = inside & gathered & _has_retina(depth, scheme)
    return Boundaries(depth + np.float32(top), confidence, seen)


def _share_above(reached: F32, position: NDArray[np.intp]) -> F32:
    """Return the share of the posteriors at or above whole positions ``[n, w]``."""
    last = len(reached) - 1
    n, w = position.shape
    taken = reached[np.clip(position, 0, last), np.arange(n)[:, None], np.arange(w)]
    share: F32 = np.where(position < 0, 0, np.where(position >= last, 1, taken))
    return share.astype(np.float32)


def share_within(reached: F32, depth: F32, px: float) -> F32:
    """Return the share of the posteriors within `px` of depths ``[n, w]``."""
    return _share_to(reached, depth + px) - _share_to(reached, depth - px)


def _share_to(reached: F32, depth: F32) -> F32:
    """Return the share of the posteriors above any depth, each position's spread over a px."""
    at = depth - np.float32(0.5)
    first = np.floor(at).astype(np.intp)
    part = at - first
    share: F32 = (1 - part) * _share_above(reached, first) + part * _share_above(reached, first + 1)
    return share.astype(np.float32)


def _has_retina(depth: F32, scheme: LayerScheme) -> Bool:
    """Return in which A-scans ``[w]`` there is anything between the ILM and the lowest surface."""
    names = scheme.surfaces
    named = scheme.surface_names
    if "ILM" not in named or SURFACE_ORDER[named[-1]] < SURFACE_ORDER["RPE"]:
        return np.ones(depth.shape[1], bool)
    thick: Bool = depth[names.index(named[-1])] - depth[names.index("ILM")] >= _LEAST_RETINA_PX
    return thick
