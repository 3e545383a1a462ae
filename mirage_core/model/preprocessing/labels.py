"""Label maps at a network's size: never blended, each px takes one label of the original."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.integer]
I64 = NDArray[np.int64]
Size = tuple[int, int]


def prepare_layer_map(layer_map: Labels, size: Size = (128, 128)) -> I64:
    """Resize a map of layer numbers for the ``bscanlayermap`` input.

    Each px takes the label at its own centre ("nearest-exact").

    Parameters
    ----------
    layer_map : integer array, axes ``[z, x]``
        Class numbers.
    size : (int, int)
        Height and width in px.

    Returns
    -------
    int64 array, axes ``[z, x]``
    """
    rows, columns = (
        (2 * np.arange(want) + 1) * have // (2 * want)
        for have, want in zip(_checked(layer_map, size).shape, size, strict=True)
    )
    return layer_map[np.ix_(rows, columns)].astype(np.int64)


def prepare_mask(mask: Labels, size: Size, indices: Mapping[int, int]) -> I64:
    """Resize a mask of grey values for segmentation training and turn greys into class numbers.

    Each px takes the label at its upper left corner: half a px off, yet what the published
    models were trained with.

    Parameters
    ----------
    mask : integer array, axes ``[z, x]``
        Grey values.
    size : (int, int)
        Height and width in px.
    indices : mapping of int to int
        Class number of each grey value, from ``INFO.json``.

    Returns
    -------
    int64 array, axes ``[z, x]``

    Raises
    ------
    ValueError
        If the mask holds a grey value that `indices` does not list.
    """
    values, inverse = np.unique(_checked(mask, size), return_inverse=True)
    unknown = [int(v) for v in values if int(v) not in indices]
    if unknown:
        raise ValueError(
            f"the mask holds grey values {unknown}, of which INFO.json knows nothing; "
            f"it lists {sorted(indices)}. Add them there or correct the mask."
        )
    classes = np.array([indices[int(v)] for v in values], np.int64)[inverse.reshape(mask.shape)]
    # Products of doubles, not of integers: where they fall just short of a whole number, the
    # published resizing takes the px before it.
    rows, columns = (
        np.minimum(np.arange(want) * (1 / (want / have)), have - 1).astype(np.intp)
        for have, want in zip(mask.shape, size, strict=True)
    )
    resized: I64 = classes[np.ix_(rows, columns)]
    return resized


def _checked(labels: Labels, size: Size) -> Labels:
    if labels.ndim != 2 or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"a label map has axes [z, x] and whole numbers; got {labels.dtype} {labels.shape}"
        )
    if labels.size == 0 or min(size) < 1:
        raise ValueError(f"cannot resize a label map of shape {labels.shape} to {size}")
    return labels
