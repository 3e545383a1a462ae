"""Regions of similar grey around a place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate.tools.regions import filled, rim

Bool = NDArray[np.bool_]
F32 = NDArray[np.float32]

TOLERANCES_GREY = (6.0, 8.0, 10.0, 14.0, 18.0, 24.0, 30.0, 38.0)
_SIGMA_PX = 1.5
_SURROUND_PX = 20
_REFERENCE_PX = 2


def grow_regions(
    image: NDArray[np.uint8],
    allowed: Bool,
    seed: tuple[int, int],
    largest_px: int,
    may_be_best: Callable[[F32, Bool], bool] = lambda _difference, _region: True,
) -> tuple[tuple[Bool, ...], int]:
    """Grow regions around `seed`, one for each of :data:`TOLERANCES_GREY`, and pick the best.

    A pocket darker than its surroundings takes in everything up to a tolerance brighter than
    the seed, a bright spot everything down to it. The best region is the one whose outline
    follows the steepest grey on average: a smaller one ends inside the pocket, a larger one has
    run into the tissue.

    Parameters
    ----------
    image : uint8 array ``[z, x]``
        Display grey.
    allowed : bool array ``[z, x]``
        Where regions may extend.
    seed : (int, int)
        Row and column.
    largest_px : int
        A region of more pixels has leaked; neither it nor larger ones are returned.
    may_be_best : callable
        Given how far each pixel's grey is from the seed's towards the surroundings', and a region;
        returns whether it may be picked.

    Returns
    -------
    tuple of bool array ``[z, x]``, int
        Connected regions with their holes filled, rising in size, and the index of the best.
        Empty when `seed` is not allowed, everything leaks, or none may be picked.
    """
    from scipy.ndimage import gaussian_filter

    if not allowed[seed]:
        return (), 0
    smooth: F32 = gaussian_filter(image.astype(np.float32), _SIGMA_PX)
    steepness = np.hypot(*np.gradient(smooth))
    here = float(np.median(_around(smooth, seed, _REFERENCE_PX)))
    surround = float(_around(smooth, seed, _SURROUND_PX).mean())
    difference = smooth - here if here < surround else here - smooth
    regions: list[Bool] = []
    scores: list[float] = []
    for tolerance in TOLERANCES_GREY:
        region = connected((difference <= tolerance) & allowed, *seed)
        region = filled(region) & allowed
        size = np.count_nonzero(region)
        if size > largest_px:
            break
        if size:
            regions.append(region)
            steep = float(steepness[rim(region)].mean())
            scores.append(steep if may_be_best(difference, region) else -1.0)
    if not scores or max(scores) < 0:
        return (), 0
    return tuple(regions), int(np.argmax(scores))


def connected(region: Bool, z: int, x: int) -> Bool:
    """Return the part of `region` that hangs together with pixel ``(z, x)``, by sides."""
    from scipy.ndimage import label

    labels, _ = label(region)
    part: Bool = (labels == labels[z, x]) & region[z, x]
    return part


def _around(values: F32, seed: tuple[int, int], reach_px: int) -> F32:
    z, x = (slice(max(c - reach_px, 0), c + reach_px + 1) for c in seed)
    return values[z, x]
