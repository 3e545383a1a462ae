"""Curves along a B-scan: between coarse columns and A-scans, and smoothed without losing tilt."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

F32 = NDArray[np.float32]


def upsample(curve: F32, factor: int, width: int) -> F32:
    """Return a curve ``[..., X]`` of means over `factor` A-scans at every A-scan, ``[..., x]``."""
    if factor == 1:
        return curve[..., :width]
    position = (np.arange(width) + 0.5) / factor - 0.5
    left = np.clip(np.floor(position).astype(int), 0, curve.shape[-1] - 1)
    right = np.minimum(left + 1, curve.shape[-1] - 1)
    t = np.clip(position - left, 0.0, 1.0).astype(np.float32)
    return np.asarray(curve[..., left] * (1 - t) + curve[..., right] * t, np.float32)


def smooth_along(curve: F32, sigma: float) -> F32:
    """Return curves ``[b, x]`` smoothed by a Gaussian of `sigma` A-scans.

    The ends continue straight, mirrored through the mean of the last few A-scans, so that a
    tilted curve keeps its tilt there.
    """
    width = curve.shape[1]
    reach = min(round(2.5 * sigma) + 1, width - 1)
    ends = min(max(1, round(sigma)), width - reach)
    ends -= 1 - ends % 2  # odd, so that the mirror is an A-scan
    center = ends // 2
    left_pivot = curve[:, :ends].mean(axis=1, keepdims=True)
    right_pivot = curve[:, width - ends :].mean(axis=1, keepdims=True)
    left = 2 * left_pivot - curve[:, 2 * center + 1 : 2 * center + 1 + reach][:, ::-1]
    right_first = width - 1 - 2 * center - reach
    right = 2 * right_pivot - curve[:, right_first : right_first + reach][:, ::-1]
    wide = np.concatenate([left, curve, right], axis=1)
    smooth = ndimage.gaussian_filter1d(wide, sigma, axis=1, mode="nearest", truncate=2.5)
    return np.asarray(smooth[:, left.shape[1] : left.shape[1] + width], np.float32)


def filled(curves: F32) -> F32:
    """Return curves ``[b, x]`` without gaps: straight between what is known, level beyond.

    A curve that is known nowhere is 0.
    """
    x = np.arange(curves.shape[1])
    out = np.zeros_like(curves)
    for row, curve in zip(out, curves, strict=True):
        at = np.flatnonzero(np.isfinite(curve))
        if at.size:
            row[:] = np.interp(x, at, curve[at])
    return out
