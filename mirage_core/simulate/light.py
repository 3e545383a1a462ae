"""Light of ill and of difficult eyes: lost bands, hypertransmission, the disc, the vitreous."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from mirage_core.simulate.appearance import TISSUES, Appearance
from mirage_core.simulate.fields import smoothstep
from mirage_core.simulate.lesions import Lesions

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Levels = list[tuple[F64, F64 | float]]

# What is seen where photoreceptors and RPE are gone: scattered remains, then a thin BM.
_BARE: dict[str, float] = {
    "ONL": 82.0,
    "ELM": 92.0,
    "myoid": 98.0,
    "ellipsoid": 108.0,
    "outer segments": 116.0,
    "interdigitation": 126.0,
    "under the interdigitation": 132.0,
    "RPE inner": 150.0,
    "RPE core": 172.0,
    "RPE outer": 180.0,
    "RPE edge": 184.0,
    "choriocapillaris": 168.0,
    "choroid": 186.0,
    "deep choroid": 194.0,
}
_PHOTORECEPTORS = ("ELM", "myoid", "ellipsoid", "outer segments")
_OUTER_BANDS = ("ellipsoid", "interdigitation", "RPE inner", "RPE core", "RPE outer", "RPE edge")


def wavy(rng: np.random.Generator, n: int, sigma: float) -> F64:
    """Return `n` values of unit variance, smooth over `sigma`."""
    values = ndimage.gaussian_filter1d(rng.standard_normal(n), max(sigma, 0.3), mode="wrap")
    out: F64 = values / max(float(values.std()), 1e-9)
    return out


def lit_levels(
    levels: Levels,
    lesions: Lesions,
    b: int,
    appearance: Appearance,
    dx_um: float,
    rng: np.random.Generator,
) -> Levels:
    """Return `levels` of B-scan `b` as photoreceptors, RPE and their unevenness leave them."""
    grey = dict(zip(TISSUES, (level for _, level in levels), strict=True))
    n_x = len(levels[1][0])
    if lesions.ellipsoid_loss is not None:
        lost = lesions.ellipsoid_loss[b]
        for name in _PHOTORECEPTORS:
            grey[name] = grey[name] * (1 - lost) + _BARE[name] * lost
    if appearance.unevenness > 0:
        for name in _OUTER_BANDS:
            lumps = wavy(rng, n_x, rng.uniform(12, 60) / dx_um)
            grey[name] = grey[name] * np.clip(1 + appearance.unevenness * lumps, 0.4, 1.3)
    if lesions.atrophy is not None:
        bare = lesions.atrophy[b]
        uneven = 1 + 0.12 * wavy(rng, n_x, 40 / dx_um)
        for name, level in _BARE.items():
            grey[name] = grey[name] * (1 - bare) + level * uneven * bare
    return [(depth, grey[name]) for (depth, _), name in zip(levels, TISSUES, strict=True)]


def streaked(
    grey: F32, from_px: F32, strength: float, dx_um: float, rng: np.random.Generator
) -> None:
    """Dim and brighten columns below `from_px` in place: what lies above lets through less."""
    n_z, n_x = grey.shape
    fine, wide = wavy(rng, n_x, 8 / dx_um), wavy(rng, n_x, 70 / dx_um)
    gain = np.clip(1 + strength * (0.7 * fine + 0.7 * wide), 0.4, 1.6).astype(np.float32)
    below = np.clip((np.arange(n_z, dtype=np.float32)[:, None] - from_px) / 12, 0, 1)
    grey *= 1 + below * (gain - 1)


def draw_trail(grey: F32, from_px: F64, light: F64, reach_px: float) -> None:
    """Add `light` of each column below `from_px` in place, to a third over `reach_px`."""
    first = int(np.clip(from_px.min(), 0, len(grey)))
    last = int(np.clip(from_px.max() + 5 * reach_px + 2, first, len(grey)))
    away = np.arange(first, last, dtype=np.float32)[:, None] - from_px.astype(np.float32)
    inside = np.clip(away + 0.5, 0, 1)
    fall = np.exp(-np.maximum(away, 0) / np.float32(reach_px))
    grey[first:last] += inside * fall * np.asarray(light, np.float32)


def draw_disc(
    grey: F32, rho: F64, ilm_px: F32, um_per_px: float, texture: F32, rng: np.random.Generator
) -> None:
    """Draw the optic disc's tissue in place, where `rho` (1 at its margin) says that it is."""
    inside = smoothstep((1.04 - rho) / 0.1).astype(np.float32)
    at = np.flatnonzero(inside > 0)
    if len(at) == 0:
        return
    depth_um = (np.arange(len(grey), dtype=np.float32)[:, None] + 0.5 - ilm_px[at]) * um_per_px
    vessels = np.clip(1 - 0.35 * np.maximum(wavy(rng, len(at), 9), 0), 0.3, 1)
    reach = float(rng.uniform(300, 800))
    fibres = rng.uniform(120, 185) * np.exp(-np.maximum(depth_um, 0) / reach)
    fibres = fibres * (1 + 0.16 * texture[:, at]) * vessels.astype(np.float32)
    part = grey[:, at]
    weight = inside[at] * np.clip(depth_um / um_per_px + 0.5, 0, 1)
    beyond = inside[at] * (depth_um < 0) * np.clip(part - 20, 0, None)
    grey[:, at] = part + weight * (fibres - part) - beyond


def draw_vitreous(
    grey: F32, ilm_px: F32, appearance: Appearance, um_per_px: float, rng: np.random.Generator
) -> None:
    """Draw haze, the posterior hyaloid and debris in place, above the retina only."""
    n_z, n_x = grey.shape
    rows = np.arange(n_z, dtype=np.float32)[:, None]
    above = np.clip(ilm_px - 1 - rows, 0, 1)
    if appearance.haze > 0:
        coarse = Image.fromarray(rng.random((5, 6), dtype=np.float32))
        cloud = np.asarray(coarse.resize((n_x, n_z), Image.Resampling.BICUBIC))
        grey += above * np.maximum(cloud, 0) * np.float32(appearance.haze)
    if appearance.hyaloid > 0:
        line = _hyaloid_px(ilm_px, um_per_px, rng)
        half = rng.uniform(4, 11) / um_per_px
        seen = np.clip(rng.uniform(0, 1) + 0.6 * wavy(rng, n_x, n_x / 12), 0, 1)
        _add_band(grey, above, line, half, appearance.hyaloid * seen)
    for _ in range(appearance.debris):
        z, x = rng.uniform(0, n_z), rng.uniform(0, n_x)
        rz, rx, light = rng.uniform(0.8, 6), rng.uniform(0.8, 8), rng.uniform(30, 190)
        z0, z1 = max(int(z - 2.5 * rz), 0), min(int(z + 2.5 * rz) + 2, n_z)
        x0, x1 = max(int(x - 2.5 * rx), 0), min(int(x + 2.5 * rx) + 2, n_x)
        spot = np.exp(
            -(((rows[z0:z1] - z) / rz) ** 2) - ((np.arange(x0, x1)[None, :] - x) / rx) ** 2
        )
        grey[z0:z1, x0:x1] += (above[z0:z1, x0:x1] * spot * light).astype(np.float32)
    if appearance.top_band > 0:
        middle, half = rng.uniform(0, 0.16) * n_z, rng.uniform(4, 14)
        drift = middle + 3 * wavy(rng, n_x, n_x / 4)
        rays = np.clip(0.4 + 0.6 * wavy(rng, n_x, 2.0), 0, None)
        _add_band(grey, above, drift, half, rays * appearance.top_band)


def _add_band(grey: F32, above: F32, line_px: F64, half_px: float, light: F64) -> None:
    """Add a soft band along `line_px`, where `above` (0..1) lets it."""
    z0 = int(np.clip(line_px.min() - 3 * half_px, 0, len(grey)))
    z1 = int(np.clip(line_px.max() + 3 * half_px + 1, z0, len(grey)))
    rows = np.arange(z0, z1, dtype=np.float32)[:, None]
    rho = (rows - line_px.astype(np.float32)) / np.float32(half_px)
    grey[z0:z1] += above[z0:z1] * np.exp(-(rho**2)) * light.astype(np.float32)


def _hyaloid_px(ilm_px: F32, um_per_px: float, rng: np.random.Generator) -> F64:
    """Return the posterior hyaloid: detached, or still attached at one place."""
    n_x = len(ilm_px)
    x = np.linspace(0, 1, n_x)
    off = rng.uniform(20, 420) / um_per_px
    away = off * (1 + 0.25 * wavy(rng, n_x, n_x / 5))
    if rng.random() < 0.6:
        at, width = rng.uniform(-0.2, 1.2), rng.uniform(0.15, 0.9)
        away = away * np.minimum(np.abs(x - at) / width, 1) ** rng.uniform(0.8, 2)
    smooth = ndimage.gaussian_filter1d(ilm_px.astype(np.float64), n_x / 25, mode="nearest")
    out: F64 = smooth - away
    return out
