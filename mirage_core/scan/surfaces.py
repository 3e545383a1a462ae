"""Surfaces: the truth for retinal layers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mirage_core.scan.labels import SURFACE_ORDER

F32 = NDArray[np.float32]


@dataclass(eq=False)
class Surfaces:
    """Ordered boundaries of one scan.

    Attributes
    ----------
    values : float32 array, axes ``[s, b, x]``
        Depth in pixels from the top of the B-scan, pixel centres at integers; NaN where the
        boundary is undefined. An edge between rows ``k - 1`` and ``k`` is written ``k``;
        ``docs/conventions.md`` tells where each boundary runs. ``values[i] <= values[i + 1]``
        wherever both are finite.
    names : tuple of str
        One short name per surface, top to bottom.
    """

    values: F32
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        self.values = np.ascontiguousarray(self.values, dtype=np.float32)
        self.names = tuple(self.names)
        if self.values.ndim != 3 or self.values.shape[0] != len(self.names):
            raise ValueError(
                f"surfaces must be [s, b, x] with one name each; got shape "
                f"{self.values.shape} and {len(self.names)} names"
            )
        if len(set(self.names)) != len(self.names):
            raise ValueError("surface names must be distinct")

    @classmethod
    def empty(cls, names: tuple[str, ...], n_b_scans: int, width: int) -> Surfaces:
        """Return surfaces that are undefined everywhere."""
        return cls(np.full((len(names), n_b_scans, width), np.nan, np.float32), names)

    def index(self, name: str) -> int:
        """Return the row of the surface called `name`, or raise KeyError."""
        try:
            return self.names.index(name)
        except ValueError:
            raise KeyError(name) from None

    def __getitem__(self, name: str) -> F32:
        """Return the ``[b, x]`` depths of the surface called `name`."""
        depths: F32 = self.values[self.index(name)]
        return depths

    def copy(self) -> Surfaces:
        """Return a deep copy."""
        return Surfaces(self.values.copy(), self.names)


def order_violations(curves: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return where a surface lies above one that belongs over it.

    Parameters
    ----------
    curves : float array, axes ``[s, ...]``
        Depths in px from the top, NaN = undefined.

    Returns
    -------
    bool array, axes ``[s, ...]``
        True at surface ``i`` where it is shallower than the deepest finite surface above it.
    """
    deepest = np.fmax.accumulate(curves, axis=0)
    bad = np.zeros(curves.shape, bool)
    with np.errstate(invalid="ignore"):
        bad[1:] = curves[1:] < deepest[:-1]
    return bad


def enforce_order(curves: NDArray[np.floating]) -> F32:
    """Return `curves` (``[s, ...]``, px) pushed down where they violate the order.

    NaN stays NaN; a finite value becomes at least the deepest finite value above it.
    """
    out = np.fmax.accumulate(curves, axis=0).astype(np.float32)
    out[np.isnan(curves)] = np.nan
    return out


def anatomical_order(names: tuple[str, ...]) -> tuple[int, ...]:
    """Return the permutation that sorts `names` top to bottom; unknown names come last."""
    last = len(SURFACE_ORDER)
    return tuple(sorted(range(len(names)), key=lambda i: SURFACE_ORDER.get(names[i], last)))


def layer_map(curves: NDArray[np.floating], height: int) -> NDArray[np.uint8]:
    """Derive the layer label map of one B-scan from its surfaces.

    Parameters
    ----------
    curves : float array, axes ``[s, x]``
        Depths in px from the top, NaN = undefined. Where they cross, as a device's may, what
        lies above comes first (:func:`enforce_order`), so that no pixel is in two layers.
    height : int
        Number of rows of the B-scan.

    Returns
    -------
    uint8 array, axes ``[z, x]``
        Row ``z`` is ``i + 1`` iff ``rint(s_i) <= z < rint(s_{i+1})`` for two consecutive
        surfaces that are both finite in that column, else 0.
    """
    n, width = curves.shape
    rows = np.arange(height, dtype=np.float32)[:, None]
    labels = np.zeros((height, width), np.uint8)
    rounded = np.rint(enforce_order(curves))
    with np.errstate(invalid="ignore"):
        for i in range(n - 1):
            labels[(rows >= rounded[i]) & (rows < rounded[i + 1])] = i + 1
    return labels


def surfaces_from_layer_map(labels: NDArray[np.integer], n_surfaces: int) -> F32:
    """Recover integer surfaces ``[s, x]`` (px) from a layer map ``[z, x]`` of :func:`layer_map`.

    A boundary next to an empty layer takes the place of the nearest non-empty boundary in its
    column, so that ``layer_map(surfaces_from_layer_map(m)) == m`` for every map in which each
    column holds its layers in order and without gaps. Columns with no layer are NaN.
    """
    _, width = labels.shape
    out = np.full((n_surfaces, width), np.nan, np.float32)
    present = labels > 0
    any_layer = present.any(axis=0)
    top = present.argmax(axis=0).astype(np.float32)
    edges = np.repeat(top[None], n_surfaces, axis=0)
    for i in range(1, n_surfaces):
        edges[i] = edges[i - 1] + (labels == i).sum(axis=0)
    out[:, any_layer] = edges[:, any_layer]
    return out
