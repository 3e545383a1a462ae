"""Random streams and smooth random fields: the same on every run and every core."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.interpolate import RectBivariateSpline

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


class Stream(IntEnum):
    """One independent source of randomness per part of the eye.

    Separate streams keep the anatomy of a seed the same whatever device looks at it.
    """

    ANATOMY = 0
    VESSELS = 1
    LESIONS = 2
    CHOROID = 3
    MOTION = 4
    TEXTURE = 5
    B_SCAN = 6
    SLO = 7
    PADDING = 8
    SOURCE = 9
    LIGHT = 10
    SHARED = 11


def stream(seed: int, part: Stream, index: int = 0) -> np.random.Generator:
    """Return the generator (PCG64) of `part` for eye `seed`; `index` numbers B-scans."""
    sequence = np.random.SeedSequence([seed, int(part), index])
    return np.random.Generator(np.random.PCG64(sequence))


class SmoothField:
    """A random function of ``(v, u)`` in mm, about unit variance, smooth over `scale_mm`.

    A cubic spline through white noise on a grid of step `scale_mm` over ``[-half, half]``.
    """

    def __init__(self, rng: np.random.Generator, scale_mm: float, half_mm: float = 6.5) -> None:
        n = max(int(np.ceil(2 * half_mm / scale_mm)) + 1, 5)
        knots = np.linspace(-half_mm, half_mm, n)
        self._spline = RectBivariateSpline(knots, knots, rng.standard_normal((n, n)) * 1.5)

    def at(self, v_mm: F64, u_mm: F64) -> F64:
        """Return the field at points of any shape."""
        values: F64 = self._spline.ev(v_mm, u_mm)
        return values

    def grid(self, v_mm: F64, u_mm: F64) -> F64:
        """Return the field ``[v, u]`` on increasing axes; much faster than :meth:`at`."""
        values: F64 = self._spline(v_mm, u_mm)
        return values


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw between `low` and `high`, each ratio as likely as the next."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def smoothstep(x: F64) -> F64:
    """Return 0 below 0, 1 above 1, and ``3x^2 - 2x^3`` between."""
    t = np.clip(x, 0.0, 1.0)
    out: F64 = t * t * (3.0 - 2.0 * t)
    return out


def standard(values: F32) -> F32:
    """Return `values` shifted and scaled to mean 0 and standard deviation 1."""
    out: F32 = ((values - values.mean()) / values.std()).astype(np.float32)
    return out


def blurred(values: F32, sigma: tuple[float, float]) -> F32:
    """Return `values` ``[z, x]`` blurred by Gaussians of `sigma` px, periodic at the edges."""
    out: F32 = ndimage.gaussian_filter(values, sigma, mode="wrap", truncate=3.0)
    return out
