"""A region decided by strokes, by what it was before, and by the image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate.greys import evidence
from mirage_core.annotate.walker import walk

Bool = NDArray[np.bool_]
F32 = NDArray[np.float32]

_SIGMA_PX = 1.2
_TOUCHING_PX = 3
_REACH_PX, _REACH_FRESH_PX = 20.0, 28.0
"""How far a stroke's word counts more than the region of before; the latter where there is none
that it touches."""
_FAR = 2.0
"""So many times further away a region that is touched stays as it is."""
_GREY, _BEFORE, _BEFORE_FRESH = 0.03, 0.2, 0.06
"""How strongly the grey pulls near a stroke, and the region of before far from one."""
_LOOKS_ALIKE = 0.7
"""By which share what looks like the stroke is pulled less to staying unmarked."""
_CLEAR_PX = 8.0
"""What lies nearer to a stroke is not taken as a sample of the other side."""
_STROKES_WEIGH = 4
"""How often the greys under a stroke count in the samples."""


def refined(
    image: NDArray[np.uint8], own: Bool, wanted: Bool, not_wanted: Bool, allowed: Bool
) -> Bool:
    """Return a region ``[z, x]`` refined by strokes.

    Near the strokes the grey decides, as they and the region of before have taught it, and far
    from them that region; between, what no edge parts belongs together. New pieces hang together
    with the region or with a stroke.

    Parameters
    ----------
    image : uint8 array ``[z, x]``
    own : bool array ``[z, x]``
        The region before.
    wanted, not_wanted : bool array ``[z, x]``
        What strokes say belongs to it, and what does not.
    allowed : bool array ``[z, x]``
        Where the region may be; of what it was elsewhere, only `not_wanted` is taken away.
    """
    from scipy.ndimage import (
        binary_dilation,
        binary_fill_holes,
        distance_transform_edt,
        gaussian_filter,
        label,
    )

    smooth: F32 = gaussian_filter(image.astype(np.float32), _SIGMA_PX)
    far = float(sum(image.shape))
    near_it, near_not = (
        distance_transform_edt(~marks).astype(np.float32) if marks.any() else np.float32(far)
        for marks in (wanted, not_wanted)
    )
    away = np.minimum(near_it, near_not)
    pieces, n_pieces = label(own)
    touched = np.zeros(n_pieces + 1, bool)
    touched[pieces[binary_dilation(wanted | not_wanted, iterations=_TOUCHING_PX)]] = True
    touched[0] = False
    fresh = not touched.any()
    reach, before = (_REACH_FRESH_PX, _BEFORE_FRESH) if fresh else (_REACH_PX, _BEFORE)
    stays = away > (far if fresh else _FAR * reach)
    nearby = np.exp(-((away / np.float32(reach)) ** 2))
    inner = own & (near_not > np.maximum(near_it, _CLEAR_PX))
    outer = ~own & (near_it > _CLEAR_PX)
    ours = np.concatenate([smooth[wanted]] * _STROKES_WEIGH + [smooth[inner]])
    theirs = np.concatenate([smooth[not_wanted]] * _STROKES_WEIGH + [smooth[outer]])
    grey = evidence(smooth, ours, theirs)
    grey_pull, before_pull = _GREY * nearby, before * (1 - nearby)
    if fresh:
        before_pull *= 1 - _LOOKS_ALIKE * np.maximum(grey, 0)
    pull = grey_pull + before_pull
    said = grey_pull * grey + before_pull * np.where(own, 1, -1)
    side = np.where(wanted | (stays & own), np.float32(1), np.float32(-1))
    known = wanted | not_wanted | ~allowed | stays
    inside = walk(smooth, known, side, pull, (said / pull).astype(np.float32)) > 0
    parts, count = label(inside & allowed)
    kept = np.zeros(count + 1, bool)
    kept[parts[wanted | own]] = True
    kept[0] = False
    filled = binary_fill_holes(kept[parts] | wanted) & allowed
    region: Bool = (filled | (own & (~allowed | ~touched[pieces]))) & ~not_wanted
    return region
