"""The batch size of the published classification protocol, from the number of images."""

from __future__ import annotations

_LARGEST = 64
_FOR_A_HANDFUL = 8


def classification_batch_size(n_images: int) -> int:
    """Return the power of two at or under a quarter of the images, 64 at most.

    The quarter is rounded to the nearest integer, halves to the even one. Where it is 0, which
    only one or two images give, the batch size is 8.

    Raises
    ------
    ValueError
        If there is no image.
    """
    if n_images < 1:
        raise ValueError(f"{n_images} images to train with; at least one is needed")
    quarter = round(n_images / 4)
    if quarter < 1:
        return _FOR_A_HANDFUL
    return min(_LARGEST, 1 << (quarter.bit_length() - 1))
