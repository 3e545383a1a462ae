"""From a network's rows and columns to those of the B-scan, half-pixel-correct.

Both grids cover the same field: what lies at ``u`` px from the top edge of one of ``m`` px lies at
``u * n / m`` of one of ``n``. An edge between rows is written as just that distance
(``docs/conventions.md``), so depths scale without an offset, while pixel centres lie half a px in.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

F32 = NDArray[np.float32]
Bool = NDArray[np.bool_]


def covered(rows: range, have: int, want: int) -> range:
    """Return which of `want` rows the rows `rows` of `have` touch."""
    return range(rows.start * want // have, -(-rows.stop * want // have))


def resampling(have: int, want: int, rows: range | None = None) -> csr_array:
    """Return the matrix that takes values at `have` pixels of a line to `want` pixels.

    Fewer pixels are means over the part of the line each covers; more lie linearly between
    centres, and end as the outermost do.

    Parameters
    ----------
    have, want : int
        Pixels of the whole line.
    rows : range, optional
        Which of the `have` pixels there are; all by default. The result then has
        :func:`covered` rows, each from what is there.

    Returns
    -------
    float32 csr_array ``[want, have]``, or of the parts of both that there are
    """
    source = rows if rows is not None else range(have)
    target = np.array(covered(source, have, want))
    scale = have / want
    if want < have:
        top, bottom = target * scale, (target + 1) * scale
        first = np.floor(top).astype(np.intp)
        taps = first[:, None] + np.arange(int(np.ceil(scale)) + 1)
        weight = np.minimum(bottom[:, None], taps + 1) - np.maximum(top[:, None], taps)
        weight[(taps < source.start) | (taps >= source.stop)] = 0
    else:
        centre = np.clip((target + 0.5) * scale - 0.5, source.start, source.stop - 1)
        first = np.floor(centre).astype(np.intp)
        taps = first[:, None] + np.arange(2)
        weight = np.stack([first + 1 - centre, centre - first], axis=1)
    at, tap = np.nonzero(weight > 1e-6)
    values = (weight / np.maximum(weight, 0).sum(axis=1, keepdims=True))[at, tap]
    places = (at, taps[at, tap] - source.start)
    return csr_array((values.astype(np.float32), places), shape=(len(target), len(source)))


def rows_of(maps: F32, rows: csr_array | None, floor: float) -> F32:
    """Take probabilities ``[k, h, w]`` to other rows, ``[k, z, w]``; None leaves them.

    Rows of a fine grid are averaged, so that a pixel's probability is the share of it that
    belongs to a class. Between rows of a coarse one the logarithms run straight, as the logits
    do that a head interpolates; probabilities under `floor` count as that.
    """
    if rows is None:
        return maps
    finer = rows.shape[0] > rows.shape[1]
    out = np.empty((len(maps), rows.shape[0], maps.shape[2]), np.float32)
    for plane, source in zip(out, maps, strict=True):
        if finer:
            np.exp(rows @ np.log(np.maximum(source, floor)), out=plane)
        else:
            plane[...] = rows @ source
    return out


def nearest_columns(mask: Bool, width: int) -> Bool:
    """Return `mask` ``[..., x]`` at the centres of `width` columns."""
    have = mask.shape[-1]
    if have == width:
        return mask
    taken: Bool = mask[..., (2 * np.arange(width) + 1) * have // (2 * width)]
    return taken
