"""One image file as a grey array: PNG, JPEG, BMP and single TIFF pages."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mirage_core.io.errors import ReadError, kind_of
from mirage_core.io.sources import MAX_B_SCAN_PX, value_range
from mirage_core.scan import to_display

if TYPE_CHECKING:
    from PIL import Image

U8 = NDArray[np.uint8]

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")
_FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "DIB")
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as image viewers use


@dataclass(frozen=True, slots=True)
class ImageHead:
    """Height and width in px and number of pages, read without decoding pixels."""

    height: int
    width: int
    pages: int = 1


def image_head(path: Path) -> ImageHead:
    """Return the size of the image at `path` (errors of the decoder pass through)."""
    with _opened(path) as image:
        pages = getattr(image, "n_frames", 1)
        return ImageHead(image.height, image.width, int(pages))


def read_image(path: Path, page: int = 0) -> NDArray[np.generic]:
    """Return one image as grey, axes ``[z, x]``: uint8, or what deeper files store.

    Parameters
    ----------
    path : Path
    page : int
        Page of a multi-page TIFF.

    Raises
    ------
    ReadError
        If its size cannot be true. Errors of the decoder pass through.
    """
    with _opened(path) as image:
        if page:
            image.seek(page)
        if image.height * image.width > MAX_B_SCAN_PX:
            raise ReadError(
                path,
                f"This {kind_of(path)} is too large to be a B-scan "
                f"({image.height} × {image.width} px).",
                "Open an OCT B-scan, or export the scan again from the device.",
            )
        if image.mode in ("P", "PA", "CMYK", "YCbCr", "LAB", "HSV", "RGBX"):
            return to_grey(np.asarray(image.convert("RGB")))
        if image.mode == "1":
            return to_grey(np.asarray(image.convert("L")))
        return to_grey(np.asarray(image))


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    from PIL import Image  # here: a tenth of a second that starting should not pay

    with path.open("rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd metadata of an image that decodes is no trouble
        with Image.open(file, formats=_FORMATS) as image:
            yield image


def to_grey(image: NDArray[Any]) -> NDArray[np.generic]:
    """Return `image` ``[z, x]`` or ``[z, x, channels]`` as grey ``[z, x]`` of the same type.

    Two channels are grey and alpha, three and four are RGB(A); alpha is dropped.
    """
    if image.ndim == 2:
        grey: NDArray[Any] = image
    elif image.ndim == 3 and image.shape[2] in (1, 2):
        grey = image[..., 0]
    elif image.ndim == 3 and image.shape[2] in (3, 4):
        red, green, blue = (image[..., i] for i in range(3))
        if np.array_equal(red, green) and np.array_equal(red, blue):
            grey = red
        else:
            grey = image[..., :3].astype(np.float32) @ _LUMA
            if image.dtype.kind in "iu":
                grey = np.rint(grey)
            grey = grey.astype(image.dtype)
    else:
        raise ValueError(f"an image of shape {image.shape} is not a B-scan")
    if grey.dtype == bool:
        grey = grey.astype(np.uint8) * 255
    if grey.dtype.kind not in "iuf":
        raise ValueError(f"pixels of type {grey.dtype} are not grey values")
    return np.ascontiguousarray(grey, dtype=grey.dtype.newbyteorder("="))


def eight_bit(image: NDArray[np.generic]) -> U8:
    """Return `image` as uint8, other types scaled from their least to their greatest value."""
    if image.dtype == np.uint8:
        return image.astype(np.uint8, copy=False)
    return to_display(image, *value_range([image]))
