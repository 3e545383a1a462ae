"""Refinement of every boundary at full lateral resolution, to a fraction of a pixel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mirage_core.engines.graph.curves import smooth_along
from mirage_core.engines.graph.layers import Boundary, Look
from mirage_core.engines.graph.scale import Scale
from mirage_core.engines.graph.search import BLOCKED, along_columns, shortest_paths, sub_pixel

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


def refine(
    grey: F32, first: Sequence[F32], gain: F32, boundaries: Sequence[Boundary], scale: Scale
) -> list[Refined]:
    """Move boundaries to their best places near first estimates, each on its own.

    Parameters
    ----------
    grey : float32 array ``[b, x, z]``
    first : sequence of float32 arrays ``[b, x]``
        First estimate of each boundary in px from the top.
    gain : float32 array ``[b, x]``
        Mean grey of the retina per A-scan.
    boundaries : sequence of Boundary
    scale : Scale

    Returns
    -------
    list of Refined
    """
    n, width, _ = grey.shape
    reaches = [max(3, round(scale.z_px(b.band_um))) for b in boundaries]
    depth = 2 * max(reaches) + 1
    # One search for all of them: the cost of a step in Python is shared.
    cost = np.full((width, len(boundaries) * n, depth), BLOCKED, np.float32)
    step_cost = np.empty((len(boundaries) * n, 1), np.float32)
    responses = []
    for k, (boundary, reach) in enumerate(zip(boundaries, reaches, strict=True)):
        response = edge_response(grey, first[k], gain, boundary, reach, scale)
        offsets = np.arange(-reach, reach + 1, dtype=np.float32) / reach
        rows = slice(k * n, (k + 1) * n)
        own = _STRAY_COST * offsets**2 - np.tanh(response / boundary.full)
        cost[:, rows, : 2 * reach + 1] = along_columns(own)
        step_cost[rows] = boundary.step_cost
        responses.append(response)
    paths = shortest_paths(cost, step_cost, 2)
    exact = sub_pixel(cost, paths)
    found = []
    for k, (boundary, reach) in enumerate(zip(boundaries, reaches, strict=True)):
        rows = slice(k * n, (k + 1) * n)
        place = smooth_along(first[k] + exact[rows] - reach, scale.x_px(boundary.smooth_um))
        if boundary.look in (Look.RISE, Look.FALL):
            # An edge between rows r - 1 and r is written r, the first row of the layer below.
            place += 0.5
        contrast = np.take_along_axis(responses[k], paths[rows][:, :, None], axis=2)[:, :, 0]
        found.append(Refined(np.asarray(place, np.float32), contrast))
    return found


def edge_response(
    grey: F32, first: F32, gain: F32, boundary: Boundary, reach: int, scale: Scale
) -> F32:
    """Return the detector's response in a band around `first`, ``[b, x, 2 reach + 1]``."""
    margin = max(2, round(scale.z_px(3 * boundary.sharp_um)))
    band = sample_band(grey, first, reach + margin)
    band /= gain[:, :, None]
    # The band follows the estimate, so smoothing across it runs along the boundary.
    band = ndimage.gaussian_filter1d(
        band, max(scale.x_px(boundary.smooth_um) / 2, 0.5), axis=1, mode="nearest", truncate=3
    )
    sigma = max(scale.z_px(boundary.sharp_um), 0.8)
    return _detect(band, boundary.look, sigma)[:, :, margin:-margin]


def _detect(band: F32, look: Look, sigma: float) -> F32:
    """Return the response of a rise, fall or valley detector `sigma` px wide along depth."""
    if look is Look.VALLEY:
        near = ndimage.gaussian_filter1d(band, sigma, axis=2, mode="nearest")
        # Widths 1 : 1.6 come closest to a second derivative (Marr & Hildreth, 1980).
        wide = ndimage.gaussian_filter1d(band, 1.6 * sigma, axis=2, mode="nearest")
        return np.asarray(wide - near, np.float32)
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
