"""What probabilities say about where each stratum ends."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mirage_core.model.store.scheme import LayerScheme, Stratum

F32 = NDArray[np.float32]
Bool = NDArray[np.bool_]

FLOOR = 1e-4
"""A network is never surer than this: one wrong row must not outweigh ten right ones."""

_SURE = 0.999
_MARGIN_PX = 4


def scores(maps: F32, scheme: LayerScheme, padding: Bool | None) -> F32:
    """Return the running sums ``U`` (see `chain`) of the boundaries of `scheme`.

    Parameters
    ----------
    maps : float32 array ``[k, z, w]``
        Class probabilities.
    scheme : LayerScheme
    padding : bool array ``[z, w]`` or None
        White registration padding, which says nothing.

    Returns
    -------
    float32 array ``[z + 1, boundaries, w]``
    """
    n = len(scheme.strata) - 1
    logs = {s: _log_of(maps, s) for s in dict.fromkeys(scheme.strata)}
    out = np.zeros((maps.shape[1] + 1, n, maps.shape[2]), np.float32)
    for i, (upper, lower) in enumerate(pairwise(scheme.strata)):
        np.subtract(logs[upper], logs[lower], out=out[1:, i])
    if padding is not None:
        out[1:] *= ~padding[:, None]
    for row in range(1, len(out)):
        out[row] += out[row - 1]
    return out


def _log_of(maps: F32, stratum: Stratum) -> F32:
    """Return the logarithm of how likely each pixel is part of a stratum, ``[z, w]``."""
    share = maps[stratum[0]]
    for index in stratum[1:]:
        share = share + maps[index]
    out: F32 = np.maximum(share, np.float32(FLOOR))
    np.log(out, out=out)
    return out


def rows_in_doubt(maps: F32, scheme: LayerScheme, rows_per_px: float) -> range:
    """Return the rows of `maps` ``[k, h, w]`` between those that surely lie over or under all.

    Rows at the top in which every A-scan is surely in the first stratum, and at the bottom in
    the last, hold no boundary; a margin of them is kept.
    """
    height = maps.shape[1]
    over = _leading(_sure(maps, scheme.strata[0]))
    under = _leading(_sure(maps, scheme.strata[-1])[::-1])
    margin = int(np.ceil(_MARGIN_PX * rows_per_px))
    return range(max(over - margin, 0), min(height - under + margin, height))


def _leading(sure: Bool) -> int:
    """Return the number of True before the first False; 0 if there is none, nor any doubt."""
    return 0 if sure.all() else int(sure.argmin())


def _sure(maps: F32, stratum: Stratum) -> Bool:
    """Return for each row whether every A-scan surely is in `stratum`."""
    share = maps[list(stratum)].sum(axis=0) if len(stratum) > 1 else maps[stratum[0]]
    sure: Bool = share.min(axis=1) > _SURE
    return sure
