"""White registration padding: blocks of grey 255 that averaging software leaves at the borders."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

U8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]

_NEAR_WHITE = 238  # lossy compression rings around the white
_MEAN_WHITE = 250.0
_CORE_PX = 5  # padding holds a square of this size; saturated retina is speckled and does not
_FRINGE_PX = 2
_FRINGE_GREY = 128


def registration_padding(image: U8) -> Bool:
    """Find the white registration padding of one B-scan.

    Padding is a solid white region (it holds a 5 x 5 px square, its mean is at least 250) that
    reaches the upper or lower border of the image: shifts and rotations of the B-scan leave
    nothing else. Saturated layers, burned-in icons and scale bars do not qualify. The one or
    two px that resampling or compression greyed at its edge belong to it. A border column that
    is white from top to bottom is padding however thin.

    Parameters
    ----------
    image : uint8 array, axes ``[z, x]``
        Display grey.

    Returns
    -------
    bool array, axes ``[z, x]``
        True on padding.

    Raises
    ------
    ValueError
        If `image` is not two-dimensional.
    """
    if image.ndim != 2:
        raise ValueError(f"a B-scan has axes [z, x]; got shape {image.shape}")
    found = np.zeros(image.shape, bool)
    white = image >= _NEAR_WHITE
    if not (white[0].any() or white[-1].any()):
        return found
    solid = _open(white)
    labels, n = ndimage.label(solid)
    if n:
        reaching = np.unique(np.concatenate([labels[0], labels[-1]]))
        reaching = reaching[reaching > 0]
        means = np.asarray(ndimage.mean(image, labels, reaching))
        found = np.isin(labels, reaching[means >= _MEAN_WHITE])
        if found.any():
            fringe = ndimage.binary_dilation(found, iterations=_FRINGE_PX)
            found |= fringe & (image >= _FRINGE_GREY)
    for columns in (range(image.shape[1]), range(image.shape[1] - 1, -1, -1)):
        for x in columns:
            if not white[:, x].all():
                break
            found[:, x] = True
    return np.asarray(found, bool)


def _open(white: Bool) -> Bool:
    """Return `white` opened by a square; beyond the border counts as the border does."""
    size = (_CORE_PX, _CORE_PX)
    eroded = ndimage.minimum_filter(white.view(np.uint8), size=size, mode="nearest")
    return np.asarray(ndimage.maximum_filter(eroded, size=size, mode="nearest") > 0) & white
