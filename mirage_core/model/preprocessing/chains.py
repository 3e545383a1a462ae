"""The published ways from 8-bit images to network inputs, to the last bit of float32 or next to it.

None of them keeps the aspect: an image of any size is resized to the network's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from mirage_core.model.spec import Normalisation

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]
Size = tuple[int, int]
Float = TypeVar("Float", np.float32, np.float64)


def prepare_image(
    image: U8, size: Size, normalisation: Normalisation | str, padding: Bool | None = None
) -> F32:
    """Make the network's input of one B-scan or SLO image.

    Parameters
    ----------
    image : uint8 array, axes ``[z, x]`` or ``[z, x, rgb]``
        Display grey, or a colour image. Colours become luma (ITU-R BT.601), except in the
        wrapper chain, which takes their first channel as published.
    size : (int, int)
        Height and width of the network's input in px.
    normalisation : Normalisation or str
    padding : bool array ``[z, x]``, optional
        White registration padding (`mirage_core.scan.padding`), segmentation chain only: it does
        not count for minimum and maximum and becomes 0. Without any True the result is the
        published chain's to the last bit.

    Returns
    -------
    float32 array, axes ``[1, z, x]``, 0..1
        A constant image gives zeros in the chains that stretch to the image's own range.

    Raises
    ------
    ValueError
        If the image is none of the above, the chain is unknown or `padding` does not fit it.
    """
    chain = Normalisation(normalisation)
    _check(image, size)
    if padding is None:
        return _CHAINS[chain](image, size)[None]
    if chain is not Normalisation.SEGMENTATION:
        raise ValueError(f"the {chain} chain has no use for padding; give none")
    if padding.shape != image.shape[:2]:
        raise ValueError(f"padding {padding.shape} does not fit an image {image.shape[:2]}")
    return _segmentation(image, size, padding)[None]


def min_max(values: NDArray[Float], leave_out: Bool | None = None) -> NDArray[Float]:
    """Scale each image ``[..., z, x]`` so that its minimum becomes 0 and its maximum 1.

    Pixels where `leave_out` ``[z, x]`` is True do not count and become 0. What is constant
    becomes 0, where dividing by its range would have left NaN.
    """
    if leave_out is None or not leave_out.any():
        low = values.min(axis=(-2, -1), keepdims=True)
        high = values.max(axis=(-2, -1), keepdims=True)
    elif leave_out.all():
        return np.zeros_like(values)
    else:
        kept = values[..., ~leave_out]
        low = kept.min(axis=-1)[..., None, None]
        high = kept.max(axis=-1)[..., None, None]
    span = high - low
    scaled = (values - low) / np.where(span > 0, span, span.dtype.type(1))
    if leave_out is not None:
        scaled[..., leave_out] = 0
    return scaled


def _check(image: U8, size: Size) -> None:
    if image.dtype != np.uint8:
        raise ValueError(f"images are 8-bit display grey; got {image.dtype}, convert it first")
    if not (image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)):
        raise ValueError(f"an image has axes [z, x] or [z, x, rgb]; got shape {image.shape}")
    if image.size == 0 or min(size) < 1:
        raise ValueError(f"cannot resize an image of shape {image.shape} to {size}")


def _wrapper(image: U8, size: Size) -> F32:
    grey = (image if image.ndim == 2 else image[..., 0]).astype(np.float64)
    shrink = [have / want for have, want in zip(grey.shape, size, strict=True)]
    blurred = ndimage.gaussian_filter(grey, [max(0.0, (f - 1) / 2) for f in shrink], mode="mirror")
    # Mirrored at pixel centres: the outermost rows differ from those of a clamped bilinear.
    resized: F64 = ndimage.zoom(
        blurred, [1 / f for f in shrink], order=1, mode="mirror", grid_mode=True
    )
    return resized.astype(np.float32) / np.float32(255)


def _hub(image: U8, size: Size) -> F32:
    height, width = size
    resized = Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(resized.convert("L"), np.float32) / np.float32(255)


def _segmentation(image: U8, size: Size, padding: Bool | None = None) -> F32:
    return _bilinear(min_max(_luma(image).astype(np.float64), padding), size).astype(np.float32)


def _classification(image: U8, size: Size) -> F32:
    # Published by way of RGB; a grey image gives the same values without.
    return min_max(_hub(image, size))


def _luma(image: U8) -> U8:
    return image if image.ndim == 2 else np.asarray(Image.fromarray(image).convert("L"))


def _bilinear(image: F64, size: Size) -> F64:
    """Resize between pixel centres, clamped at the border, without antialiasing."""
    top, down, bottom = _neighbours(image.shape[0], size[0])
    left, along, right = _neighbours(image.shape[1], size[1])
    across = (1 - along) * image[:, left] + along * image[:, right]
    resized: F64 = (1 - down)[:, None] * across[top] + down[:, None] * across[bottom]
    return resized


def _neighbours(have: int, want: int) -> tuple[NDArray[np.intp], F64, NDArray[np.intp]]:
    """Return for each pixel wanted the one before it, the weight of the next, and the next."""
    centre = np.maximum((np.arange(want) + 0.5) * (have / want) - 0.5, 0)
    before = np.minimum(centre.astype(np.intp), have - 1)
    return before, centre - before, np.minimum(before + 1, have - 1)


_CHAINS: Mapping[Normalisation, Callable[[U8, Size], F32]] = {
    Normalisation.WRAPPER: _wrapper,
    Normalisation.HUB: _hub,
    Normalisation.SEGMENTATION: _segmentation,
    Normalisation.CLASSIFICATION: _classification,
}
