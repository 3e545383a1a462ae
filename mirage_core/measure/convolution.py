"""Convolution by FFT. That of scipy.signal takes seconds to import."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


def convolved(values: F64, kernel: F64) -> F64:
    """Return `values` ``[y, x]`` convolved with `kernel`, of the size of `values`, 0 beyond them.

    Parameters
    ----------
    values : float64 array ``[y, x]``
    kernel : float64 array ``[y, x]``
        Its middle is at ``(n - 1) // 2``.
    """
    shape = tuple(a + b - 1 for a, b in zip(values.shape, kernel.shape, strict=True))
    whole = np.fft.irfft2(np.fft.rfft2(values, shape) * np.fft.rfft2(kernel, shape), shape)
    (y, x), (n, m) = ((k - 1) // 2 for k in kernel.shape), values.shape
    out: F64 = whole[y : y + n, x : x + m]
    return out
