"""Straightening the retina, so that layers run almost level and the search is narrow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mirage_core.engines.graph.locate import Retina, block_mean
from mirage_core.engines.graph.scale import Scale

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]

_ABOVE_UM = 60.0
_BELOW_UM = 90.0
_MIN_ABOVE_UM = 250.0
_COLUMN_UM = 36.0
_FLANK_UM = 3000.0


@dataclass(frozen=True, eq=False)
class Flat:
    """Straightened and laterally averaged B-scans.

    Attributes
    ----------
    image : float32 array ``[b, X, d]``
        Means of `across` A-scans each; row `base_row` is the base line of the retina.
    gain : float32 array ``[b, X]``
        Mean reflectivity of the retina there, smoothed: low in the shadow of a vessel.
    ilm : float32 array ``[b, X]``
        First ILM estimate in rows of `image`.
    share : float32 array ``[b, X]``
        Thickness of the retina over that of its flanks, below 1 in a pit or a hole.
    base : float32 array ``[b, X]``
        Depth in px of `base_row` in the B-scan.
    across, base_row : int
    by_disc : bool
        The scan runs around the optic disc.
    """

    image: F32
    gain: F32
    ilm: F32
    share: F32
    base: F32
    across: int
    base_row: int
    by_disc: bool


def columns_per_block(scale: Scale, width: int) -> int:
    """Return how many A-scans are averaged into one column of the straightened image."""
    return max(1, min(round(scale.x_px(_COLUMN_UM)), width // 32))


def flatten(grey: F32, retina: Retina, scale: Scale, by_disc: bool = False) -> Flat:
    """Straighten B-scans ``[b, x, z]`` by the base line of `retina`.

    `by_disc` says that the scan runs around the optic disc, where there is no pit: a thin place
    is no reason there for layers to be missing.
    """
    n, width, height = grey.shape
    across = columns_per_block(scale, width)
    shift = np.rint(retina.base).astype(np.int64)
    tallest = float((retina.base - retina.ilm).max())
    above = round(max(tallest + scale.z_px(_ABOVE_UM), scale.z_px(_MIN_ABOVE_UM)))
    below = round(scale.z_px(_BELOW_UM))
    rows = shift[:, :, None] + np.arange(-above, below + 1)
    np.clip(rows, 0, height - 1, out=rows)
    straight = np.take_along_axis(grey, rows, axis=2)
    image = block_mean(straight, across, 1)
    blocks = image.shape[1]

    def per_block(curve: NDArray[np.floating] | I64) -> F32:
        cut = curve[:, : blocks * across].reshape(n, blocks, across)
        return np.asarray(cut.mean(axis=2), np.float32)

    base = per_block(shift)
    ilm = per_block(retina.ilm) - base + above
    share = _share(above - ilm, scale, across) if not by_disc else np.ones_like(ilm)
    gain = _gain(image, ilm, above, scale, across)
    return Flat(image, gain, ilm, share, base, across, above, by_disc)


def _share(thickness: F32, scale: Scale, across: int) -> F32:
    """Return the thickness of the retina over that of its flanks per A-scan, ``[b, X]``.

    The flanks are the thickest places within reach to the left and to the right, the thinner of
    the two: a pit or a hole has both, a retina that thins out towards one side has not.
    """
    total = np.maximum(thickness, 0)
    reach = max(3, round(scale.x_px(_FLANK_UM) / across) | 1)
    wide = np.pad(total, ((0, 0), (reach, reach)), mode="reflect", reflect_type="odd")
    flanks = ndimage.grey_closing(wide, size=(1, reach))[:, reach:-reach]
    return np.asarray(total / np.maximum(flanks, 1), np.float32)


def _gain(image: F32, ilm: F32, base_row: int, scale: Scale, across: int) -> F32:
    """Return the mean grey between ILM and base per column ``[b, X]``, lightly smoothed."""
    rows = np.arange(image.shape[2])
    inside = (rows >= ilm[:, :, None]) & (rows <= base_row)
    count = np.maximum(inside.sum(axis=2), 1)
    mean = np.where(inside, image, 0).sum(axis=2) / count
    smooth = ndimage.gaussian_filter1d(mean, scale.x_px(40) / across, axis=1, mode="nearest")
    return np.asarray(np.maximum(smooth, 0.02), np.float32)
