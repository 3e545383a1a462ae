"""Probabilities drawn from known edges, and labels as a training would see them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from mirage_core.model.store.known_schemes import layered_scheme

F64 = NDArray[np.float64]

SIX = layered_scheme(
    "six",
    tuple((10 * i, f"layer {i}") for i in range(6)),
    layers=(0, 1, 2, 3, 4, 5),
    surfaces=("ILM", "RNFL/GCL", "IPL/INL", "RPE", "BM"),
)


def at_columns(curves: F64, width: int) -> F64:
    """Return curves ``[s, x]`` at the centres of `width` columns over the same field."""
    have = curves.shape[-1]
    at = (np.arange(width) + 0.5) * have / width - 0.5
    return np.stack([np.interp(at, np.arange(have), c) for c in curves])


def sigmoids(edges: F64, height: int, softness_px: float) -> NDArray[np.float32]:
    """Return ``[s + 1, height, w]``: each layer begins where its edge's sigmoid passes a half.

    `edges` are written as docs/conventions.md tells, in rows of this grid.
    """
    centres = np.arange(height)[:, None] + 0.5
    below = [expit((centres - edge) / softness_px) for edge in edges]
    below = [np.ones_like(below[0]), *below, np.zeros_like(below[0])]
    return np.stack([a - b for a, b in pairwise(below)]).astype(np.float32)


def one_hot(edges: F64, height: int, layers: tuple[int, ...], n_classes: int) -> NDArray[np.int64]:
    """Return the class ``[height, w]`` of every pixel between edges in rows of this grid."""
    centres = np.arange(height)[:, None] + 0.5
    stratum = (centres >= edges[:, None]).sum(axis=0)
    return np.asarray(layers)[stratum]


def gentle_curves(height: int, width: int, n: int = 5) -> F64:
    """Return `n` bowl-shaped curves ``[n, width]`` at odd fractions of a px, in order."""
    x = np.linspace(-1, 1, width)
    top = height * (0.3 + 0.06 * x**2 + 0.01 * x)
    between = np.linspace(0, 0.24 * height, n) + np.linspace(0.13, 0.87, n)
    return top + between[:, None]
