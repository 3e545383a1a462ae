"""Moving one SLO over another by hand: each step gives a new matrix of a registration.

The matrix takes ``(row, col, 1)`` px of the first image to ``(row, col)`` px of the second, as in
:class:`~mirage_core.measure.registration.Registration`; what a person sees and moves is the second
image, laid over the first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


def moved(matrix: F64, rows_px: float, cols_px: float) -> F64:
    """Return `matrix` after the second image was moved over the first, px of the first."""
    out = matrix.copy()
    out[:, 2] -= matrix[:, :2] @ np.array([rows_px, cols_px])
    return out


def turned(matrix: F64, degrees: float, about: tuple[float, float]) -> F64:
    """Return `matrix` with `degrees` more of turn; the place `about` ``(row, col)`` stays.

    ``rotation_deg`` of the registration grows by `degrees`.
    """
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return _about(matrix, np.array([[cos, -sin], [sin, cos]]), about)


def scaled(matrix: F64, factor: float, about: tuple[float, float]) -> F64:
    """Return `matrix` with `factor` times the scale; the place `about` ``(row, col)`` stays."""
    return _about(matrix, factor * np.eye(2), about)


def shift_px(
    matrix: F64, shape: tuple[int, ...], other: tuple[int, ...], scale: float
) -> tuple[float, float]:
    """Return how far off the second image saw what is in the middle of the first.

    Parameters
    ----------
    matrix : float64 array ``[2, 3]``
    shape, other : (int, int)
        ``(rows, cols)`` of the first and of the second image.
    scale : float
        Pixels of the second for one of the first, as the files say.

    Returns
    -------
    (float, float)
        ``(rows, cols)`` from the middle of the second, px of the first.
    """
    here, there = (np.array(s[:2]) / 2 - 0.5 for s in (shape, other))
    off = (matrix[:, :2] @ here + matrix[:, 2] - there) / scale
    return float(off[0]), float(off[1])


def _about(matrix: F64, change: F64, about: tuple[float, float]) -> F64:
    middle = np.array(about)
    linear = matrix[:, :2] @ change
    there = matrix[:, :2] @ middle + matrix[:, 2]
    return np.concatenate([linear, (there - linear @ middle)[:, None]], axis=1)
