"""Fluid and lesions: where their class is likeliest, and only in the strata they may fill."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from mirage_core.model.store.scheme import LayerScheme
from mirage_core.scan import FLUID_SCHEME

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]

_SMALL_LESION = 0.003
"""Share of a B-scan's pixels that tell whether a lesion is there."""


def lesion_labels(
    maps: F32,
    scheme: LayerScheme,
    columns: csr_array | None,
    depth: F32,
    top: int,
    height: int,
) -> U8:
    """Label the fluid and lesions of one B-scan.

    A pixel is a lesion's if its class is the likeliest of its part and the pixel lies in a
    stratum that the class may fill or lie in, from ``rint(upper)`` to before ``rint(lower)``
    boundary. Specks are kept.

    Parameters
    ----------
    maps : float32 array ``[k, z, w]``
        Class probabilities on rows `top` .. of the B-scan and the network's columns.
    scheme : LayerScheme
    columns : csr_array ``[x, w]`` or None
        To the B-scan's columns; None if these are the network's.
    depth : float32 array ``[boundaries, x]``
        On the B-scan's columns, finite and in order.
    top, height : int

    Returns
    -------
    uint8 array ``[height, x]``
        Values of FLUID_SCHEME.
    """
    width = maps.shape[2] if columns is None else columns.shape[0]
    labels = np.zeros((height, width), np.uint8)
    lesions = [c for c in scheme.classes if c.mask]
    if not lesions:
        return labels
    # The likeliest of k classes has at least the k-th part, on either grid.
    part_of = scheme.parts[-1]
    n_together = part_of.stop - part_of.start
    likely = np.zeros(maps.shape[1:], bool)
    for c in lesions:
        likely |= maps[c.index] >= 1 / n_together
    rows, at = np.flatnonzero(likely.any(axis=1)), np.flatnonzero(likely.any(axis=0))
    if not rows.size:
        return labels
    z = slice(int(rows[0]), int(rows[-1]) + 1)
    near, x = _columns_about(columns, int(at[0]), int(at[-1]) + 1)
    across = None if columns is None else columns[x, near]
    likeliest = _likeliest(maps[part_of, z, near], across)
    stratum = _stratum(depth[:, x], range(z.start + top, z.stop + top))
    part = labels[z.start + top : z.stop + top, x]
    for c in lesions:
        allowed = np.zeros(len(scheme.strata), bool)
        allowed[list(scheme.strata_of(c.index))] = True
        here = (likeliest == c.index - part_of.start) & allowed[stratum]
        part[here] = FLUID_SCHEME.by_name(c.mask).value
    return labels


def lesion_presence(maps: F32, scheme: LayerScheme, height: int) -> F32:
    """Return how likely each of `scheme.mask_classes` is somewhere on the B-scan, ``[c]``.

    The mean of its highest probabilities, over as much of the B-scan as a small lesion fills.

    Parameters
    ----------
    maps : float32 array ``[k, z, w]``
        Class probabilities on some rows of a B-scan of `height` rows; none where they are not.
    scheme : LayerScheme
    height : int
    """
    counted = max(round(_SMALL_LESION * height * maps.shape[2]), 1)
    out = np.zeros(len(scheme.mask_classes), np.float32)
    for i, name in enumerate(scheme.mask_classes):
        likely = np.sum([maps[c.index] for c in scheme.classes if c.mask == name], axis=0).ravel()
        top = likely if likely.size <= counted else np.partition(likely, -counted)[-counted:]
        out[i] = top.sum() / counted
    return out


def _columns_about(columns: csr_array | None, first: int, stop: int) -> tuple[slice, slice]:
    """Return the network's columns, and the B-scan's that look at ``first .. stop - 1``."""
    if columns is None:
        return slice(first, stop), slice(first, stop)
    looking = np.flatnonzero(np.diff(columns[:, first:stop].tocsr().indptr))
    x = slice(int(looking[0]), int(looking[-1]) + 1)
    looked_at = columns[x].tocsr().indices
    return slice(int(looked_at.min()), int(looked_at.max()) + 1), x


def _likeliest(maps: F32, columns: csr_array | None) -> U8:
    """Return the likeliest class ``[z, x]``, the first of equal ones."""
    best: F32 | None = None
    for index, plane in enumerate(maps):
        here = plane if columns is None else np.asarray(columns @ plane.T).T
        if best is None:
            best, out = here, np.zeros(here.shape, np.uint8)
            continue
        out[here > best] = index
        best = np.maximum(best, here)
    return out


def _stratum(depth: F32, rows: range) -> NDArray[np.intp]:
    """Return the number of the stratum of each pixel ``[z, x]`` of `rows`."""
    z = np.arange(rows.start, rows.stop)[:, None]
    out = np.zeros((len(rows), depth.shape[1]), np.intp)
    for edge in np.rint(depth):
        out += z >= edge
    return out
