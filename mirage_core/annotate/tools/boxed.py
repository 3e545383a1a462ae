"""The dark pocket that a box was drawn around, or within."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate.draft import bounding_box
from mirage_core.annotate.tools.closed import closed_sideways
from mirage_core.annotate.tools.grow import grow_regions
from mirage_core.annotate.tools.regions import filled, rim

Bool = NDArray[np.bool_]
F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]

_SIGMA_PX = 1.2
_CONTEXT_PX = 16
_LEVELS = 16
_DARKEST, _TISSUE = 5.0, 85.0
"""Percentiles of the grey between which the edge of a pocket is looked for."""
_COMPANION = 0.5
"""Size, as a share of the largest piece, from which on a box holds several pockets."""
_SMALLEST_PX = 12
_CLOSED = 0.6
"""Share of its rows that end at brighter tissue from which on a piece is none of a layer."""
_CLOSED_GROWN = 0.4
"""The same of what was grown: no box cut it off, but its outline is rougher."""
_NEARLY = 0.8
"""How steep a closed outline is at least, as a share of the steepest, closed or not."""
_DARK_BORDER = 0.3
"""Share of the border of a box that is dark if it can have been drawn within a pocket."""
_WITHIN = 0.7, 0.85
"""Shares of a box, and of its border, that belong to a pocket that it was drawn within."""
_LARGEST_BOXES = 40
"""No pocket is taken for meant that is larger than so many boxes drawn within it."""
_RING_PX = (2, 6)
_LEAST_STEP_GREY, _LEAST_CONTRAST = 8.0, 0.5
"""By how much a pocket is darker than the ring around it; the latter in standard deviations."""
_CONTRAST_SIGMA_PX = 3.0
_SEEN_PX = 20
"""The ring, and what is smoothed into it."""


def pocket_in_box(image: U8, allowed: Bool, box: tuple[slice, slice]) -> Bool | None:
    """Find the dark pocket that a box was drawn around, or within.

    Of what is darker in the box than a grey level, at the level at which its outline follows the
    steepest grey on average, the largest pieces are taken that are closed to the left and right:
    a piece of a dark layer goes on there. Where the border of the box is dark, it may lie within
    a pocket: that is the case if a region grown from inside of the box takes in nearly all of
    it, is closed too and has the steeper outline. What does not stand out from its surroundings
    is no pocket.

    Parameters
    ----------
    image : uint8 array ``[z, x]``
        Display grey.
    allowed : bool array ``[z, x]``
        Where pockets may be.
    box : (slice, slice)
        Rows and columns.

    Returns
    -------
    bool array ``[z, x]`` or None
        None when there is no pocket.
    """
    inside = np.zeros(image.shape, bool)
    inside[box] = allowed[box]
    if np.count_nonzero(inside) < _SMALLEST_PX:
        return None
    rows, columns = (slice(max(s.start - _CONTEXT_PX, 0), s.stop + _CONTEXT_PX) for s in box)
    near = rows, columns
    smooth = _smoothed(image[near])
    tissue = float(np.percentile(smooth[allowed[near]], _TISSUE))
    within = _steepest_below(smooth, inside[near], allowed[near], tissue)
    found = np.zeros(image.shape, bool)
    found[near] = within
    # Within a pocket no piece of the box is closed.
    here = smooth[within] if within.any() else smooth[inside[near]]
    dark = (float(np.median(here)) + tissue) / 2
    border = _border(box, image.shape) & allowed
    if _share(smooth <= dark, border[near]) >= _DARK_BORDER:
        # From the darkest of it, since the middle of the box may lie on a speck.
        z, x = np.unravel_index(int(np.where(inside[near], smooth, np.inf).argmin()), smooth.shape)
        seed = int(z) + rows.start, int(x) + columns.start
        largest_px = _LARGEST_BOXES * int(np.count_nonzero(inside))
        regions, best = grow_regions(image, allowed, seed, largest_px)
        if (
            regions
            and _share(regions[best], inside) >= _WITHIN[0]
            and _share(regions[best], border) >= _WITHIN[1]
            and _outline_steepness(image, regions[best]) > _outline_steepness(image, found)
            and closed_sideways(_smoothed(image), regions[best], allowed) >= _CLOSED_GROWN
        ):
            found = regions[best]
    return found if _contrast(image, found) >= _LEAST_CONTRAST else None


def _steepest_below(smooth: F32, inside: Bool, allowed: Bool, tissue: float) -> Bool:
    """Return the closed pieces of `inside` below the grey level that follows edges best.

    Where pieces that are not closed follow edges much better, none: specks of a layer are closed.
    """
    from scipy.ndimage import label

    steepness: F32 = np.hypot(*np.gradient(smooth))
    darkest = float(np.percentile(smooth[inside], _DARKEST))
    best, most, steepest = np.zeros(inside.shape, bool), 0.0, 0.0
    for level in np.linspace(darkest, tissue, _LEVELS + 2)[1:-1]:
        parts, _ = label((smooth <= level) & inside)
        sizes = np.bincount(parts.ravel())
        sizes[0] = 0
        large = np.flatnonzero(sizes >= max(_COMPANION * sizes.max(), _SMALLEST_PX))
        pieces = [filled(parts == part) & inside for part in large]
        steepest = max(steepest, _steepness_along(steepness, pieces))
        closed = [piece for piece in pieces if closed_sideways(smooth, piece, allowed) >= _CLOSED]
        steep = _steepness_along(steepness, closed)
        if steep > most:
            best, most = np.logical_or.reduce(closed), steep
    return best if most >= _NEARLY * steepest else np.zeros(inside.shape, bool)


def _steepness_along(steepness: F32, pieces: list[Bool]) -> float:
    """Return how steep the grey is along the outline of all of `pieces`, on average."""
    if not pieces:
        return 0.0
    outline = rim(np.logical_or.reduce(pieces))
    return float(steepness[outline].mean()) if outline.any() else 0.0


def _border(box: tuple[slice, slice], shape: tuple[int, ...]) -> Bool:
    """Return the outermost pixels ``[z, x]`` of a box."""
    border = np.zeros(shape, bool)
    border[box] = True
    border[box][1:-1, 1:-1] = False
    return border


def _share(region: Bool, of: Bool) -> float:
    return float(region[of].mean()) if of.any() else 0.0


def _smoothed(image: U8) -> F32:
    from scipy.ndimage import gaussian_filter

    smooth: F32 = gaussian_filter(image.astype(np.float32), _SIGMA_PX)
    return smooth


def _outline_steepness(image: U8, region: Bool) -> float:
    """Return how steep the grey is along the outline of a region, on average."""
    return _steepness_along(np.hypot(*np.gradient(_smoothed(image))), [region])


def _contrast(image: U8, region: Bool) -> float:
    """Return by how much a region is darker than the ring around it, in standard deviations.

    A step of a few grey levels is none. The grey is smoothed more than where the region was
    looked for, so that noise which was taken for one does not speak for itself.
    """
    from scipy.ndimage import binary_dilation, gaussian_filter

    box = bounding_box(region)
    if box is None:
        return 0.0
    around = tuple(slice(max(s.start - _SEEN_PX, 0), s.stop + _SEEN_PX) for s in box)
    image, region = image[around], region[around]
    near, far = (binary_dilation(region, iterations=n) for n in _RING_PX)
    smooth = gaussian_filter(image.astype(np.float32), _CONTRAST_SIGMA_PX)
    ring, here = smooth[far & ~near], smooth[region]
    step = float(np.median(ring) - np.median(here)) if ring.size else 0.0
    return step / (1 + float(ring.std() + here.std())) if step >= _LEAST_STEP_GREY else 0.0
