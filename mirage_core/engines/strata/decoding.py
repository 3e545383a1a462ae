"""From a head's probabilities to surfaces, confidence and masks on the original grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from mirage_core.engines.strata.chain import reached
from mirage_core.engines.strata.evidence import FLOOR, rows_in_doubt, scores
from mirage_core.engines.strata.grid import covered, nearest_columns, resampling, rows_of
from mirage_core.engines.strata.lesions import lesion_labels, lesion_presence
from mirage_core.engines.strata.posterior import Posterior
from mirage_core.engines.strata.reading import Boundaries, read_boundaries
from mirage_core.model.store.scheme import LayerScheme
from mirage_core.scan import FLUID_SCHEME, Masks, Surfaces

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]


class Decoded(NamedTuple):
    """What probabilities say.

    Surfaces ``[s, n, x]``, their confidence (same axes), masks ``[n, z, x]``, and how likely each
    mask class of the scheme is on each B-scan, ``[c, n]``. Of the surfaces that were asked for, the
    posterior of each B-scan.
    """

    surfaces: Surfaces
    confidence: F32
    masks: Masks
    presence: F32
    posteriors: tuple[Posterior, ...] = ()


def decode(
    probabilities: NDArray[np.floating],
    scheme: LayerScheme,
    size: tuple[int, int],
    *,
    network_height: int,
    rows: slice | None = None,
    padding: Bool | None = None,
    posterior_of: Sequence[str] = (),
) -> Decoded:
    """Turn class probabilities into surfaces that never cross and masks that lie between them.

    Layers are decided for every A-scan of the network on the rows of the original B-scan, where
    each row is one piece of evidence whatever the resolution of the network; curves are then
    taken to the original columns. `chain` tells the probability model, `reading` how a depth is
    read and when it is NaN, `lesions` what becomes of fluid.

    Parameters
    ----------
    probabilities : float array ``[n, k, h, w]``
        At least 0, of the classes of `scheme`; zeros are fine.
    scheme : LayerScheme
        One without strata gives neither surfaces nor masks.
    size : (int, int)
        Height (z) and width (x) of the original B-scans in px.
    network_height : int
        Rows of the whole map that `probabilities` were cut from, at their resolution.
    rows : slice, optional
        Which of them `probabilities` holds; all by default. What lies over this band counts as
        the first stratum, what lies under it as the last; a surface that lies beyond is NaN.
    padding : bool array ``[n, z, x]``, optional
        White registration padding of the original B-scans. Probabilities in it are not looked
        at; a surface that lies in it is NaN.
    posterior_of : sequence of str
        Surfaces of the scheme whose whole posterior is wanted.

    Returns
    -------
    Decoded
        The named surfaces of the scheme, px from the top as ``docs/conventions.md`` tells, NaN
        where nothing is to be seen; confidence 0..1, NaN with its surface; masks of
        FLUID_SCHEME.

    Raises
    ------
    ValueError
        If shapes do not fit each other, or a probability is NaN or infinite.
    """
    band = _checked(probabilities, scheme, size, network_height, rows, padding)
    n, (height, width) = len(probabilities), size
    names = scheme.surface_names
    surfaces = Surfaces.empty(names, n, width)
    confidence = np.full(surfaces.values.shape, np.nan, np.float32)
    masks = Masks.empty((n, height, width), FLUID_SCHEME)
    presence = np.zeros((len(scheme.mask_classes), n), np.float32)
    if not scheme.strata:
        return Decoded(surfaces, confidence, masks, presence)
    named = [i for i, name in enumerate(scheme.surfaces) if name is not None]
    asked = [scheme.surfaces.index(name) for name in posterior_of]
    posteriors: list[Posterior] = []
    have = probabilities.shape[3]
    columns = None if have == width else resampling(have, width)
    for b, given in enumerate(probabilities):
        maps = np.asarray(given, np.float32)
        doubt = rows_in_doubt(maps, scheme, network_height / height)
        maps = maps[:, doubt.start : doubt.stop]
        part = range(band.start + doubt.start, band.start + doubt.stop)
        matrix = None if network_height == height else resampling(network_height, height, part)
        maps = rows_of(maps, matrix, FLOOR)
        if not np.isfinite(maps.sum()):
            raise ValueError(f"probabilities of B-scan {b} hold NaN or infinity")
        top = covered(part, network_height, height).start
        hidden = None if padding is None else padding[b]
        found, posterior = _boundaries(maps, scheme, columns, hidden, top, asked)
        labels = lesion_labels(maps, scheme, columns, found.depth, top, height)
        seen = found.seen
        if hidden is not None:
            labels[hidden] = 0
            seen = seen & ~_in_padding(found.depth, hidden)
        masks.labels[b] = labels
        presence[:, b] = lesion_presence(maps, scheme, height)
        surfaces.values[:, b] = np.where(seen, found.depth, np.nan)[named]
        confidence[:, b] = np.where(seen, found.confidence, np.nan)[named]
        if asked:
            posteriors.append(posterior)
    return Decoded(surfaces, confidence, masks, presence, tuple(posteriors))


def _checked(
    probabilities: NDArray[np.floating],
    scheme: LayerScheme,
    size: tuple[int, int],
    network_height: int,
    rows: slice | None,
    padding: Bool | None,
) -> range:
    """Return the rows of the network that there are, or raise ValueError."""
    if probabilities.ndim != 4 or probabilities.shape[1] != scheme.n_classes:
        raise ValueError(
            f"expected probabilities [n, {scheme.n_classes}, h, w] of the classes of "
            f"{scheme.name or 'an unknown scheme'}; got {probabilities.shape}"
        )
    band = range(network_height)[rows if rows is not None else slice(None)]
    if band.step != 1 or len(band) != probabilities.shape[2] or not len(band):
        raise ValueError(
            f"{probabilities.shape[2]} rows of probabilities are not rows {rows} of "
            f"{network_height}"
        )
    if padding is not None and padding.shape != (len(probabilities), *size):
        raise ValueError(
            f"padding must be [n, z, x] = {(len(probabilities), *size)}; got {padding.shape}"
        )
    return band


def _boundaries(
    maps: F32,
    scheme: LayerScheme,
    columns: csr_array | None,
    hidden: Bool | None,
    top: int,
    asked: list[int],
) -> tuple[Boundaries, Posterior]:
    """Return the boundaries of one B-scan on its columns, and the posterior of those `asked` for.

    `hidden` is the B-scan's padding ``[z, x]``.
    """
    height, width = maps.shape[1:]
    blind = None
    if hidden is not None and hidden.any():
        blind = nearest_columns(hidden[top : top + height], width)
    if len(scheme.strata) == 1:
        across = width if columns is None else columns.shape[0]
        nothing = np.empty((0, across), np.float32)
        none = Posterior(np.empty((height + 1, 0, width), np.float32), top, columns)
        return Boundaries(nothing, nothing, nothing > 0), none
    passed = reached(scores(maps, scheme, blind))
    found = read_boundaries(passed, scheme, top)
    posterior = Posterior(passed[:, asked], top, columns)
    if columns is None:
        return found, posterior
    wide = Boundaries(
        (columns @ found.depth.T).T,
        (columns @ found.confidence.T).T,
        (columns @ (~found.seen).T.astype(np.float32)).T == 0,
    )
    return wide, posterior


def _in_padding(depth: F32, hidden: Bool) -> Bool:
    """Return where a boundary ``[n, x]`` lies in padding, or its A-scan is nothing else."""
    row = np.clip(np.rint(depth).astype(np.intp), 0, len(hidden) - 1)
    inside: Bool = hidden[row, np.arange(hidden.shape[1])] | hidden.all(axis=0)
    return inside
