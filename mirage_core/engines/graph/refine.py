"""Refinement of every boundary at full lateral resolution, to a fraction of a pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mirage_core.engines.graph.layers import Boundary, Look
from mirage_core.engines.graph.scale import Scale
from mirage_core.engines.graph.search import along_columns, shortest_paths, sub_pixel

F32 = NDArray[np.float32]

_STRAY_COST = 0.35  # price at the end of the band for leaving the first estimate


@dataclass(frozen=True, eq=False)
class Refined:
    """One boundary: depth in px from the top and contrast there, both ``[b, x]``.

    ``contrast`` is the response of the boundary's detector divided by the local mean grey of the
    retina; 0 or less means that nothing of the boundary is seen.
    """

    depth: F32
    contrast: F32


def refine(grey: F32, first: F32, gain: F32, boundary: Boundary, scale: Scale) -> Refined:
    """Move one boundary to its best place near a first estimate.

    Parameters
    ----------
    grey : float32 array ``[b, x, z]``
    first : float32 array ``[b, x]``
        First estimate in px from the top.
    gain : float32 array ``[b, x]``
        Mean grey of the retina per A-scan.
    boundary : Boundary
    scale : Scale

    Returns
    -------
    Refined
    """
    reach = max(3, round(scale.z_px(boundary.band_um)))
    margin = max(2, round(scale.z_px(3 * boundary.sharp_um)))
    band = sample_band(grey, first, reach + margin)
    band /= gain[:, :, None]
    # The band follows the estimate, so smoothing across it runs along the boundary.
    band = ndimage.gaussian_filter1d(
        band, max(scale.x_px(boundary.smooth_um) / 2, 0.5), axis=1, mode="nearest", truncate=3
    )
    response = _detect(band, boundary.look, max(scale.z_px(boundary.sharp_um), 0.8))[
        :, :, margin:-margin
    ]
    strength = np.tanh(response / boundary.full)
    offsets = np.arange(-reach, reach + 1, dtype=np.float32)
    cost = along_columns(-strength + _STRAY_COST * (offsets / reach) ** 2)
    path = shortest_paths(cost, boundary.step_cost, 2)
    depth = first + sub_pixel(cost, path) - reach
    if boundary.look in (Look.RISE, Look.FALL):
        # An edge between rows k - 1 and k is written k, the first row of the layer below it.
        depth += 0.5
    contrast = np.take_along_axis(response, path[:, :, None], axis=2)[:, :, 0]
    return Refined(np.asarray(depth, np.float32), contrast)


def _detect(band: F32, look: Look, sigma: float) -> F32:
    """Return the response of a detector `sigma` px wide along depth."""
    if look in (Look.RIDGE, Look.VALLEY):
        near = ndimage.gaussian_filter1d(band, sigma, axis=2, mode="nearest")
        wide = ndimage.gaussian_filter1d(band, 3 * sigma, axis=2, mode="nearest")
        line = near - wide
        return np.asarray(line if look is Look.RIDGE else -line, np.float32)
    slope = ndimage.gaussian_filter1d(band, sigma, axis=2, order=1, mode="nearest")
    return np.asarray((sigma if look is Look.RISE else -sigma) * slope, np.float32)


def sample_band(grey: F32, center: F32, reach: int) -> F32:
    """Return grey interpolated at ``center - reach .. center + reach``, ``[b, x, 2 reach + 1]``."""
    height = grey.shape[2]
    whole = np.floor(center).astype(np.int64)
    t = (center - whole).astype(np.float32)[:, :, None]
    rows = np.clip(whole[:, :, None] + np.arange(-reach, reach + 2), 0, height - 1)
    taken = np.take_along_axis(grey, rows, axis=2)
    return np.asarray(taken[:, :, :-1] * (1 - t) + taken[:, :, 1:] * t, np.float32)
