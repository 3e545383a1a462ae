"""Finding the fovea: the pit in the retina, or the dark spot on the SLO."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mirage_core.measure.convolution import convolved
from mirage_core.measure.fovea import Fovea, FoveaSource
from mirage_core.measure.plane import Plane
from mirage_core.scan import Scan, Surfaces

F64 = NDArray[np.float64]

_STEP_MM = 0.05
_SEARCH_MM = 1.6
"""From the middle of the scan, where the operator aimed."""
_RING_MM = (0.7, 1.2)
_PIT_MM = 0.15
_REFINE_MM = 0.3
# Depth of the pit as a share of the thickness of the ring: from none to that of a healthy eye.
_PIT = {"inner": (0.2, 0.6), "whole": (0.05, 0.2)}
_LEAST = 0.3
_SLO_BLUR_MM, _SLO_AROUND_MM = 0.3, 1.3
_SLO_CONFIDENCE = 0.4
"""At most: the fovea is dark on the SLO, but so is much else."""


def estimate_fovea(scan: Scan, surfaces: Surfaces, plane: Plane) -> Fovea:
    """Find the fovea: the pit in the thickness of the retina, else the dark spot on the SLO.

    The pit is the place where the retina is thinnest against a ring around it, of the inner
    layers where they are known, since fluid and drusen lift what lies under them. Where neither
    shows, the middle of the scan, with no confidence.
    """
    found = [_by_thickness(surfaces, plane)]
    if found[0] is None or found[0][1] < _LEAST:
        found.append(_by_slo(scan, plane))
    best = max((f for f in found if f is not None), key=lambda f: f[1], default=None)
    if best is None or best[1] <= 0:
        b, x = plane.grid_place(plane.centre_mm)
        return Fovea(b, x, FoveaSource.CENTRE, 0.0)
    b, x = plane.grid_place(best[0])
    return Fovea(b, x, best[2], best[1])


_Found = tuple[F64, float, FoveaSource]


def _by_thickness(surfaces: Surfaces, plane: Plane) -> _Found | None:
    layer = _layer(surfaces)
    if layer is None:
        return None
    upper, lower, kind = layer
    axis = np.arange(-_SEARCH_MM - _RING_MM[1], _SEARCH_MM + _RING_MM[1] + _STEP_MM / 2, _STEP_MM)
    x, y = np.meshgrid(axis, axis)
    points = np.stack([x.ravel(), y.ravel()], axis=1) + plane.centre_mm
    thick = plane.sample(points).of(surfaces[lower] - surfaces[upper]).reshape(x.shape)
    known = np.isfinite(thick)
    middle = np.hypot(x, y) <= _SEARCH_MM
    if not known[middle].any():
        return None
    pit, ring = _smoothed(thick, _PIT_MM), _ring_mean(thick)
    with np.errstate(invalid="ignore", divide="ignore"):
        depth = np.where(middle & known & (ring > 0), 1 - pit / ring, np.nan)
    if not np.isfinite(depth).any():
        return None
    at = np.unravel_index(int(np.nanargmax(depth)), depth.shape)
    shallow, healthy = _PIT[kind]
    confidence = float(np.clip((depth[at] - shallow) / (healthy - shallow), 0.0, 1.0))
    bottom = _bottom(depth, np.hypot(x - x[at], y - y[at]) <= _REFINE_MM, x, y)
    return bottom + plane.centre_mm, confidence, FoveaSource.THICKNESS


def _layer(surfaces: Surfaces) -> tuple[str, str, str] | None:
    """Return the best pair of surfaces to see the pit in."""
    for lower, kind in (
        ("IPL/INL", "inner"), ("INL/OPL", "inner"), ("BM", "whole"), ("RPE", "whole"),
    ):  # fmt: skip
        if all(n in surfaces.names and np.isfinite(surfaces[n]).any() for n in ("ILM", lower)):
            return "ILM", lower, kind
    return None


def _bottom(depth: F64, near: NDArray[np.bool_], x: F64, y: F64) -> F64:
    """Return the middle of the deepest part of the pit, ``(x, y)``, finer than the grid."""
    here = near & np.isfinite(depth)
    deepest = float(depth[here].max())
    weight = np.where(here, np.maximum(depth - 0.75 * deepest, 0.0), 0.0)
    middle: F64 = np.array([(weight * x).sum(), (weight * y).sum()]) / weight.sum()
    return middle


def _smoothed(values: F64, sigma_mm: float) -> F64:
    """Blur what is known of a map ``[y, x]``."""
    known = np.isfinite(values)
    sigma = sigma_mm / _STEP_MM
    total = ndimage.gaussian_filter(np.where(known, values, 0.0), sigma)
    share = ndimage.gaussian_filter(known.astype(float), sigma)
    out: F64 = np.full_like(total, np.nan)
    np.divide(total, share, out=out, where=share > 0.3)
    return out


def _ring_mean(values: F64) -> F64:
    """Return the mean over the ring around each place; NaN where half of the ring is missing."""
    n = int(np.ceil(_RING_MM[1] / _STEP_MM))
    away = np.hypot(*np.mgrid[-n : n + 1, -n : n + 1]) * _STEP_MM
    ring = ((away >= _RING_MM[0]) & (away <= _RING_MM[1])).astype(float)
    known = np.isfinite(values)
    total = convolved(np.where(known, values, 0.0), ring)
    share = convolved(known.astype(float), ring)
    out: F64 = np.full_like(total, np.nan)
    np.divide(total, share, out=out, where=share > 0.5 * ring.sum())
    return out


def _by_slo(scan: Scan, plane: Plane) -> _Found | None:
    """Return the darkest broad spot near the middle of the scan."""
    scale = scan.geometry.slo_mm_per_px
    if scan.slo is None or scale is None or not plane.from_positions:
        return None
    image = scan.slo.astype(np.float32)
    spot, around = (
        ndimage.gaussian_filter(image, (mm / scale[0], mm / scale[1]))
        for mm in (_SLO_BLUR_MM, _SLO_AROUND_MM)
    )
    rows, columns = (np.arange(n) for n in image.shape)
    x, y = np.meshgrid(columns * scale[1], -rows * scale[0])
    near = np.hypot(x - plane.centre_mm[0], y - plane.centre_mm[1]) <= _SEARCH_MM
    if not near.any():
        return None
    contrast = np.where(near, around - spot, -np.inf)
    at = np.unravel_index(int(contrast.argmax()), contrast.shape)
    usual = float((around - spot)[near].std())
    strength = float(contrast[at]) / usual if usual > 0 else 0.0
    confidence = float(np.clip((strength - 1.0) / 3.0, 0.0, 1.0)) * _SLO_CONFIDENCE
    return np.array([x[at], y[at]]), confidence, FoveaSource.SLO
