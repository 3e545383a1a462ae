"""The RPE between a known ellipsoid zone and Bruch's membrane, at full lateral resolution."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mirage_core.engines.graph.refine import Refined, sample_band
from mirage_core.engines.graph.scale import Scale
from mirage_core.engines.graph.search import along_columns, shortest_paths, sub_pixel

F32 = NDArray[np.float32]

# Distances of the RPE's ridge from its neighbours, in um: histology puts the outer segments and
# half the RPE between the first two, half the RPE and the choriocapillaris' edge below.
_UNDER_EZ_UM = (26.0, 40.0)
_OVER_BM_UM = 8.0
_NEAR_EZ_COST, _FAR_EZ_COST, _NEAR_BM_COST = 0.025, 0.015, 0.05  # per um
STEP_COST, SMOOTH_UM = 0.1, 11.0
MAX_STEP_PX = 4  # sides of drusen are steep
_FAR_EZ_LIMIT = 0.8  # fluid may lie between them
_REACH_UM = 70.0


def refine_rpe(grey: F32, first: F32, ez: F32, bm: F32, gain: F32, scale: Scale) -> Refined:
    """Find the bright ridge of the RPE.

    Parameters
    ----------
    grey : float32 array ``[b, x, z]``
    first, ez, bm : float32 arrays ``[b, x]``
        First estimate, and refined neighbours, in px from the top.
    gain : float32 array ``[b, x]``
        Mean grey of the retina per A-scan.
    scale : Scale

    Returns
    -------
    Refined
    """
    # A smooth centre keeps the steps between A-scans those of the RPE itself.
    center = ndimage.gaussian_filter1d(first, scale.x_px(40), axis=1, mode="nearest")
    reach = max(6, round(scale.z_px(_REACH_UM)))
    bright = ridge_brightness(grey, center, gain, reach, scale)
    depth = center[:, :, None] + np.arange(-reach, reach + 1, dtype=np.float32)
    under_ez = (depth - ez[:, :, None]) * scale.axial_um
    over_bm = (bm[:, :, None] - depth) * scale.axial_um
    cost = (
        -ridge_likeness(bright)
        + _NEAR_EZ_COST * np.maximum(_UNDER_EZ_UM[0] - under_ez, 0)
        + np.minimum(_FAR_EZ_COST * np.maximum(under_ez - _UNDER_EZ_UM[1], 0), _FAR_EZ_LIMIT)
        + _NEAR_BM_COST * np.maximum(_OVER_BM_UM - over_bm, 0)
    )
    columns = along_columns(np.asarray(cost, np.float32))
    path = shortest_paths(columns, STEP_COST, MAX_STEP_PX)
    found = center + sub_pixel(columns, path) - reach
    found = ndimage.gaussian_filter1d(
        found, max(scale.x_px(SMOOTH_UM), 0.4), axis=1, mode="nearest"
    )
    contrast = np.take_along_axis(bright, path[:, :, None], axis=2)[:, :, 0] - 1.0
    return Refined(np.asarray(found, np.float32), np.asarray(contrast, np.float32))


def ridge_brightness(grey: F32, center: F32, gain: F32, reach: int, scale: Scale) -> F32:
    """Return how bright a band is around each of its rows, ``[b, x, 2 reach + 1]``.

    In units of the retina's mean grey `gain`; the band runs along `center` ``[b, x]`` px.
    """
    band = sample_band(grey, center, reach)
    band /= gain[:, :, None]
    band = ndimage.gaussian_filter1d(band, max(scale.x_px(9), 0.4), axis=1, mode="nearest")
    bright = ndimage.gaussian_filter1d(band, max(scale.z_px(6), 0.7), axis=2, mode="nearest")
    return np.asarray(bright, np.float32)


def ridge_likeness(bright: F32) -> F32:
    """Return -1..1: how much like the RPE's ridge a place as bright as this is."""
    return np.asarray(np.tanh((bright - 1.5) / 0.5), np.float32)
