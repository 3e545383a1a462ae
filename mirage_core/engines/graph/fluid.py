"""Dark pockets between ILM and BM: candidate masks for intraretinal and subretinal fluid and PED.

Fluid reflects as little as vitreous. A pocket is kept when it is as dark as that relative to the
retina around it, and large and compact enough to be more than speckle or a vessel's shadow.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mirage_core.engines.graph.scale import Scale
from mirage_core.scan import FLUID_SCHEME

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
Bool = NDArray[np.bool_]
I64 = NDArray[np.int64]
Box = tuple[slice, slice]

_DARK = 0.26  # share of the way from vitreous to the mean of the retina
_DARK_UNDER_RPE = 0.45  # what leaks there is cloudier, and nothing healthy there is dark
_DARK_MARGIN = 0.5  # a pocket's blurred edge, which belongs to it
_GROWTH = 2  # px
_CROSS = ndimage.generate_binary_structure(2, 1)
_MIN_AREA_UM2 = 1800.0
_MIN_HEIGHT_UM = 22.0
_MIN_WIDTH_UM = 30.0
_RIM_UM = 22.0
_MIN_RIM = 0.35  # contrast with what surrounds it, in units of the retina's mean grey
_MIN_FILL = 0.35  # of the bounding box
_RESTS_UM = 40.0  # from the ridge of the RPE to the fluid on it
_LEVEL_ASPECT = 4.0
_KEEP_OFF_UM = 14.0  # from the ILM, whose edge is dark on one side by nature


def fluid_candidates(
    grey: F32, padding: Bool, curves: Mapping[str, F32], gain: F32, scale: Scale
) -> U8:
    """Find dark pockets in one B-scan.

    Parameters
    ----------
    grey : float32 array ``[x, z]``
        Normalised grey.
    padding : bool array ``[x, z]``
    curves : mapping of float32 arrays ``[x]``
        Depths in px of at least ILM, OPL/ONL, EZ, RPE and BM, without NaN.
    gain : float32 array ``[x]``
        Mean grey of the retina per A-scan.
    scale : Scale

    Returns
    -------
    uint8 array ``[z, x]``
        Values of :data:`mirage_core.scan.FLUID_SCHEME`: IRF, SRF, PED or 0.
    """
    width, height = grey.shape
    out = np.zeros((height, width), np.uint8)
    ilm, onl, ez, rpe, bm = (curves[n] for n in ("ILM", "OPL/ONL", "EZ", "RPE", "BM"))
    top = max(int(np.floor(ilm.min())), 0)
    bottom = min(int(np.ceil(bm.max())) + 1, height)
    if bottom - top < 4:
        return out
    rows = np.arange(top, bottom, dtype=np.float32)
    sigma = (scale.x_px(12), scale.z_px(7))
    smooth = ndimage.gaussian_filter(grey[:, top:bottom], sigma, mode="nearest", truncate=2.5)
    vitreous = _vitreous_level(grey, ilm, scale)
    share = np.where(rows > rpe[:, None], _DARK_UNDER_RPE, _DARK)
    contrast = np.maximum(gain - vitreous, 0)[:, None]
    inside = (rows > ilm[:, None] + scale.z_px(_KEEP_OFF_UM)) & (rows < bm[:, None])
    inside &= ~padding[:, top:bottom]
    dark = inside & (smooth < vitreous + share * contrast)
    margin = inside & (smooth < vitreous + _DARK_MARGIN * contrast)
    labels, n = ndimage.label(dark)
    if n == 0:
        return out
    pixel_um2 = scale.axial_um * scale.lateral_um
    areas = np.bincount(labels.ravel())
    rim = (max(1, round(scale.x_px(_RIM_UM))), max(1, round(scale.z_px(_RIM_UM))))
    scheme = {c.name: c.value for c in FLUID_SCHEME}
    for i, box in enumerate(ndimage.find_objects(labels), start=1):
        if areas[i] * pixel_um2 < _MIN_AREA_UM2:
            continue
        x_extent = (box[0].stop - box[0].start) * scale.lateral_um
        z_extent = (box[1].stop - box[1].start) * scale.axial_um
        pocket = labels[box] == i
        if x_extent < _MIN_WIDTH_UM or z_extent < _MIN_HEIGHT_UM or pocket.mean() < _MIN_FILL:
            continue
        if _rim_contrast(smooth, gain, box, pocket, rim) < _MIN_RIM:
            continue
        wide = _widened(box, rim, smooth.shape)
        pocket = ndimage.binary_fill_holes(_placed(pocket, box, wide))
        grown = ndimage.binary_dilation(pocket, _CROSS, iterations=_GROWTH, mask=margin[wide])
        xs, zs = np.nonzero(grown | pocket)
        xs, depth = xs + wide[0].start, zs + wide[1].start + top
        kind = _kind(xs, depth, ez, rpe, scale)
        level = x_extent > _LEVEL_ASPECT * z_extent
        if kind == "IRF" and level and ((depth > onl[xs]) & (depth < ez[xs])).mean() > 0.8:
            continue  # the outer nuclear layer itself, which is as dark as fluid in dim scans
        out[depth, xs] = scheme[kind]
    return out


def _kind(xs: I64, depth: I64, ez: F32, rpe: F32, scale: Scale) -> str:
    """Return the class of a pocket given as pixels ``(xs, depth)``."""
    if (depth > rpe[xs]).mean() > 0.5:
        return "PED"
    columns, first = np.unique(xs, return_index=True)
    floor = np.maximum.reduceat(depth, first)
    # Under a detached retina the ellipsoid zone may be found on the RPE: what rests on the RPE
    # is subretinal wherever the ellipsoid zone was put.
    rests = np.median(rpe[columns] - floor) < scale.z_px(_RESTS_UM)
    return "SRF" if rests or (depth > ez[xs]).mean() > 0.5 else "IRF"


def _widened(box: Box, by: tuple[int, int], shape: tuple[int, ...]) -> Box:
    """Return `box` grown by `by` px on every side, within an array of `shape`."""
    x, z = (
        slice(max(s.start - r, 0), min(s.stop + r, n))
        for s, r, n in zip(box, by, shape, strict=True)
    )
    return x, z


def _placed(pocket: Bool, box: Box, wide: Box) -> Bool:
    """Return a pocket known inside `box` as a mask over the larger box `wide`."""
    out = np.zeros((wide[0].stop - wide[0].start, wide[1].stop - wide[1].start), bool)
    x, z = box[0].start - wide[0].start, box[1].start - wide[1].start
    out[x : x + pocket.shape[0], z : z + pocket.shape[1]] = pocket
    return out


def _rim_contrast(smooth: F32, gain: F32, box: Box, pocket: Bool, rim: tuple[int, int]) -> float:
    """Return how much brighter the surroundings of a pocket are, in units of the retina's mean."""
    wide = _widened(box, rim, smooth.shape)
    inner = _placed(pocket, box, wide)
    outer = ndimage.maximum_filter(inner, size=(2 * rim[0] + 1, 2 * rim[1] + 1)) & ~inner
    if not outer.any():
        return 0.0
    relative = smooth[wide] / gain[wide[0], None]
    return float(relative[outer].mean() - relative[inner].mean())


def _vitreous_level(grey: F32, ilm: F32, scale: Scale) -> float:
    """Return the mean grey of the vitreous just above the ILM, 0 where the image shows none."""
    rows = np.arange(grey.shape[1])
    above = (rows < ilm[:, None] - scale.z_px(25)) & (rows > ilm[:, None] - scale.z_px(150))
    return float(grey[above].mean()) if above.any() else 0.0
