"""Where in a B-scan the retina lies, judged by brightness alone. Imports no torch.

This only decides where not to look, so it errs towards looking: everything visibly brighter than
the darkest of the image counts as tissue, down to where the choroid fades, and what is doubtful
is the whole image. What it leaves out nevertheless is brought back by the network's own verdict
at the edge (:func:`mirage_core.model.inference.region.grown`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mirage_core.model.inference.region import Region
from mirage_core.scan.padding import registration_padding

U8 = NDArray[np.uint8]
F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]

_ROWS, _STRIPS = 128, 32
_DARKEST = 5.0  # percentile that stands for no tissue
_TISSUE_FROM, _TISSUE_TO = 0.12, 0.25  # share of the contrast, coming from above and from below
_LEAST_CONTRAST = 10.0  # grey levels; with less there is nothing to go by
_DIM = 0.35  # share of the contrast a strip must reach to be judged by itself
_MARGIN = 0.03  # of the height
_OVER, _UNDER = 3, 4  # strips to each side whose retina a strip must hold too


@dataclass(frozen=True, eq=False)
class RetinaBand:
    """Where the retina lies in each of some equal strips of columns.

    Attributes
    ----------
    top, bottom : float arrays ``[n]``
        Shares of the image's height, 0 at its upper border.
    """

    top: F64
    bottom: F64

    @classmethod
    def whole(cls) -> RetinaBand:
        """Return the band of an image of which nothing is to be left out."""
        return cls(np.zeros(1), np.ones(1))

    def region(self, grid: tuple[int, int]) -> Region:
        """Return the places of a ``(height, width)`` grid that the band touches."""
        height, width = grid
        edges = np.arange(width + 1) / width * len(self.top)
        first = np.floor(edges[:-1]).astype(int)
        last = np.maximum(np.ceil(edges[1:]).astype(int), first + 1)
        spans = [slice(a, b) for a, b in zip(first, last, strict=True)]
        top = np.floor(np.array([self.top[s].min() for s in spans]) * height).astype(int)
        bottom = np.ceil(np.array([self.bottom[s].max() for s in spans]) * height).astype(int)
        top = np.clip(top, 0, height - 1)
        return Region(top, np.clip(bottom, top + 1, height), height)

    def rows(self, height: int) -> slice:
        """Return the rows of an image or grid of `height` rows that hold the whole band."""
        return self.region((height, 1)).hull


def retina_band(image: U8) -> RetinaBand:
    """Find where the retina lies, generously; the whole image if it cannot be told.

    Parameters
    ----------
    image : uint8 array, axes ``[z, x]``
        Display grey. White registration padding does not count.

    Raises
    ------
    ValueError
        If `image` is not two-dimensional.
    """
    cells = _cell_means(image)
    if cells is None:
        return RetinaBand.whole()
    dark = float(np.nanpercentile(cells, _DARKEST))
    cells = ndimage.gaussian_filter1d(np.nan_to_num(cells, nan=dark), 1.0, axis=0)
    brightest = cells.max(axis=0)
    contrast = float(np.median(brightest)) - dark
    if contrast < _LEAST_CONTRAST:
        return RetinaBand.whole()
    judged = brightest - dark >= _DIM * contrast
    share = (cells - dark) / np.clip(brightest - dark, _DIM * contrast, contrast)
    top = (share > _TISSUE_FROM).argmax(axis=0) / _ROWS
    bottom = 1 - (share > _TISSUE_TO)[::-1].argmax(axis=0) / _ROWS
    # A strip in the shade of something is given all that the others hold.
    top[~judged], bottom[~judged] = top[judged].min(), bottom[judged].max()
    bottom = _bridged(bottom)
    top = ndimage.minimum_filter1d(top, 2 * _OVER + 1, mode="nearest") - _MARGIN
    bottom = ndimage.maximum_filter1d(bottom, 2 * _UNDER + 1, mode="nearest") + _MARGIN
    return RetinaBand(np.clip(top, 0, 1), np.clip(bottom, 0, 1))


def _bridged(bottom: F64) -> F64:
    """Return the least depths, bulging downwards or straight, that `bottom` nowhere exceeds.

    Under what casts a shadow the retina ends below where it seems to.
    """
    held: list[int] = []
    for i in range(len(bottom)):
        while len(held) > 1 and _is_under(bottom, held[-2], held[-1], i):
            held.pop()
        held.append(i)
    return np.interp(np.arange(len(bottom)), held, bottom[held])


def _is_under(depth: F64, a: int, b: int, c: int) -> bool:
    """Return whether the point at `b` is not deeper than the line from `a` to `c`."""
    return bool((depth[b] - depth[a]) * (c - a) <= (depth[c] - depth[a]) * (b - a))


def _cell_means(image: U8) -> F64 | None:
    """Return means ``[rows, strips]``, NaN on padding; None if the image is too small for them."""
    padding = registration_padding(image)
    if image.shape[0] < _ROWS or image.shape[1] < _STRIPS or padding.all():
        return None
    count = _cell_sums((~padding).astype(np.float64))
    total = _cell_sums(np.where(padding, 0.0, image))
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)


def _cell_sums(values: F64) -> F64:
    height, width = values.shape
    rows = np.arange(_ROWS) * height // _ROWS
    strips = np.arange(_STRIPS) * width // _STRIPS
    return np.asarray(np.add.reduceat(np.add.reduceat(values, rows, axis=0), strips, axis=1))
