"""Grey to comparable reflectivity: padding out, noise floor at 0, bright tissue near 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mirage_core.scan.padding import registration_padding

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
Bool = NDArray[np.bool_]

_BLACK = 1  # grey
_BLACK_SHARE = 0.97  # of an A-scan
_MIN_CONTRAST = 6.0  # grey values between noise floor and bright tissue


@dataclass(frozen=True, eq=False)
class Prepared:
    """B-scans ready for the search.

    Attributes
    ----------
    grey : float32 array ``[b, x, z]``
        0 at the noise floor, about 1 in bright layers; padding replaced by what lies next to it.
    padding : bool array ``[b, x, z]``
        White registration padding, and A-scans that registration left black.
    blank : bool array ``[b]``
        True where a B-scan shows nothing that could be a retina.
    """

    grey: F32
    padding: Bool
    blank: Bool


def prepare(b_scans: U8) -> Prepared:
    """Normalise B-scans ``[b, z, x]`` one by one, leaving the white padding out.

    The result has the depth axis last, so that A-scans are contiguous in memory.
    """
    n, height, width = b_scans.shape
    grey = np.empty((n, width, height), np.float32)
    padding = np.empty((n, width, height), bool)
    blank = np.empty(n, bool)
    for i, image in enumerate(b_scans):
        pad = registration_padding(image) | _unlit(image)
        padding[i] = pad.T
        grey[i] = _fill(image, pad).T if pad.any() else image.T
        floor, top = _levels(image, pad)
        blank[i] = pad.all() or top - floor < _MIN_CONTRAST
        grey[i] -= floor
        grey[i] /= max(top - floor, 1.0)
    np.clip(grey, 0.0, 1.5, out=grey)
    return Prepared(grey, padding, blank)


def _unlit(image: U8) -> Bool:
    """Return A-scans without a signal ``[1, x]``: black but for a few stray pixels."""
    black = (image <= _BLACK).mean(axis=0, keepdims=True) > _BLACK_SHARE
    return np.asarray(black, bool)


def _levels(image: U8, pad: Bool) -> tuple[float, float]:
    """Return the noise floor and the level of bright tissue of one B-scan, in grey values."""
    height, width = (s // 4 * 4 for s in image.shape)
    if height == 0 or width == 0 or pad.all():
        return 0.0, 255.0
    # Means of 4 x 4 px tame the speckle, whose tails would otherwise set both levels.
    blocks = image[:height, :width].astype(np.float32).reshape(height // 4, 4, width // 4, 4)
    means = blocks.mean(axis=(1, 3))
    if pad.any():
        clean = ~pad[:height, :width].reshape(height // 4, 4, width // 4, 4).any(axis=(1, 3))
        means = means[clean] if clean.any() else means
    # Columns that registration left black are no noise floor.
    seen = means[means > 0.5]
    if seen.size == 0:
        return 0.0, 255.0
    floor, top = np.percentile(seen, (8, 98.5))
    return float(floor), float(top)


def _fill(image: U8, pad: Bool) -> U8:
    """Return `image` with padding replaced along each A-scan by the nearest pixel above or below.

    A-scans that are wholly padding take those of the nearest A-scan that is not.
    """
    height, width = image.shape
    rows = np.arange(height)[:, None]
    above = np.maximum.accumulate(np.where(pad, -1, rows), axis=0)
    below = np.minimum.accumulate(np.where(pad, height, rows)[::-1], axis=0)[::-1]
    source = np.where(
        (above >= 0) & ((rows - above <= below - rows) | (below >= height)), above, below
    )
    filled = np.take_along_axis(image, np.clip(source, 0, height - 1), axis=0)
    lost = pad.all(axis=0)
    if lost.any() and not lost.all():
        good = np.flatnonzero(~lost)
        nearest = good[np.abs(np.arange(width)[:, None] - good).argmin(axis=1)]
        filled = filled[:, nearest]
    return filled
