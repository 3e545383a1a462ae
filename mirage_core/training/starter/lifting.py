"""Subretinal fluid under the retina of real B-scans: the retina lifted, the gap filled.

Subretinal fluid is rare where it was outlined. A real retina lifted off its real pigment
epithelium, over the grain of its own vitreous, is closer to it than any drawing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mirage_core.training.starter.samples import LESIONS, SIDE, SURFACES, Samples

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

_SRF = LESIONS.index("SRF") + 1
_SOLID = tuple(LESIONS.index(name) + 1 for name in ("PED", "SHRM", "DRUSEN"))
_ILM, _RPE = SURFACES.index("ILM"), SURFACES.index("RPE")
_BAND_PX = 3.0
"""From the ridge of the RPE band to its upper edge."""
_LEAST_KNOWN = 0.7
_LEAST_VITREOUS_PX = 16
_FROM_ILM_PX = 6
_PEAK_PX, _HALF_PX = (10.0, 100.0), (25.0, 190.0)
_SMOOTH_PX = (6.0, 40.0)
_LEAST_HEIGHT_PX, _ROOM_PX = 4, 40


def lifted(samples: Samples, rng: np.random.Generator, each: int) -> Samples:
    """Return `samples` with new fluid, each drawn `each` times.

    Those of which the RPE or the vitreous is not known well enough are left out.

    Parameters
    ----------
    samples : Samples
        With surfaces; those of them that are NaN stay so.
    rng : numpy.random.Generator
    each : int

    Returns
    -------
    Samples
        Surfaces above the fluid and lesions in the retina are lifted with it.
    """
    rows, images, surfaces, lesions = [], [], [], []
    for i in range(len(samples)):
        image, curves, labels = samples.images[i], samples.surfaces[i], samples.lesions[i]
        floor, grain = _floor(curves, labels), _grain(image, curves[_ILM])
        if floor is None or grain is None:
            continue
        for _ in range(each):
            fluid = _fluid(floor, rng)
            if fluid is None:
                continue
            rows.append(i)
            images.append(_painted(image, floor, fluid, grain, rng))
            above = np.array([name not in ("RPE", "BM", "CSI") for name in SURFACES])
            surfaces.append(curves - np.where(above[:, None], fluid, 0).astype(np.float32))
            lesions.append(_labelled(labels, floor, fluid))
    return Samples(
        np.array(images, np.uint8).reshape(-1, SIDE, SIDE),
        np.array(surfaces, np.float32).reshape(-1, len(SURFACES), SIDE),
        np.array(lesions, np.uint8).reshape(-1, SIDE, SIDE),
        samples.known[rows],
    )


def _floor(curves: F32, labels: U8) -> F64 | None:
    """Return on what fluid would lie, px ``[x]``: the RPE, or what stands on it."""
    rpe = curves[_RPE]
    known = np.isfinite(rpe)
    if known.mean() < _LEAST_KNOWN:
        return None
    x = np.arange(SIDE)
    floor = np.interp(x, x[known], rpe[known]) - _BAND_PX
    solid = np.isin(labels, _SOLID)
    top = np.where(solid.any(axis=0), solid.argmax(axis=0), SIDE)
    out: F64 = np.minimum(floor, top)
    return out


def _grain(image: U8, ilm: F32) -> U8 | None:
    """Return vitreous, mirrored down the image: no gap in it, and the image's own grain."""
    depth = np.nan_to_num(ilm - _FROM_ILM_PX, nan=0.0).astype(int)
    enough = np.flatnonzero(depth >= _LEAST_VITREOUS_PX)
    if len(enough) < SIDE // 8:
        return None
    x = np.arange(SIDE)
    near = enough[np.abs(x[:, None] - enough[None]).argmin(axis=1)]
    period = depth[near]
    z = np.arange(SIDE)[:, None]
    folded = z % (2 * period)
    rows = np.minimum(folded, 2 * period - 1 - folded)
    out: U8 = image[rows, near]
    return out


def _fluid(floor: F64, rng: np.random.Generator) -> F64 | None:
    """Return the height of fluid over its floor, px ``[x]``; it levels out what stands up."""
    x = np.arange(SIDE)
    level = ndimage.gaussian_filter1d(floor, np.exp(rng.uniform(*np.log(_SMOOTH_PX))))
    height = np.zeros(SIDE)
    for _ in range(int(rng.integers(1, 3))):
        half = np.exp(rng.uniform(*np.log(_HALF_PX)))
        peak = min(np.exp(rng.uniform(*np.log(_PEAK_PX))), 0.7 * half)
        away = (x - rng.uniform(0, SIDE)) / half
        dome = np.maximum(1 - away**2, 0) ** rng.uniform(0.6, 2.0)
        # The floor's unevenness is levelled out under the dome, not beside it.
        height = np.maximum(height, peak * dome + (floor - level) * np.minimum(3 * dome, 1))
    height = np.minimum(height, np.maximum(floor - _ROOM_PX, 0))
    return height if (height > _LEAST_HEIGHT_PX).any() else None


def _painted(image: U8, floor: F64, fluid: F64, grain: U8, rng: np.random.Generator) -> U8:
    x, z = np.arange(SIDE)[None], np.arange(SIDE)[:, None]
    source = np.where(z < floor - fluid, z + fluid, z).astype(np.float32)
    columns = np.broadcast_to(x, source.shape)
    out = ndimage.map_coordinates(image.astype(np.float32), [source, columns], order=1)
    dark = grain * rng.uniform(0.7, 1.3) + rng.uniform(0, 30)
    # Edges as soft as the image's own.
    soft = rng.uniform(0.6, 1.6)
    inside = np.clip((z - (floor - fluid)) / soft + 0.5, 0, 1) * np.clip(
        (floor - z) / soft + 0.5, 0, 1
    )
    inside = np.where(fluid > 0, inside, 0)
    mixed = out + (dark - out) * inside
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


def _labelled(labels: U8, floor: F64, fluid: F64) -> U8:
    x, z = np.arange(SIDE)[None], np.arange(SIDE)[:, None]
    source = np.rint(np.where(z < floor - fluid, z + fluid, z)).astype(int)
    moved = labels[source.clip(0, SIDE - 1), x]
    out: U8 = np.where((z >= floor - fluid) & (z < floor), np.uint8(_SRF), moved)
    return out
