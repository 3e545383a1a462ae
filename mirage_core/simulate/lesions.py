"""Lesions: how they lift the surfaces, and the pockets they fill."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mirage_core.simulate.anatomy import RPE_TO_BM_UM, Macula
from mirage_core.simulate.fields import SmoothField, Stream, smoothstep, stream
from mirage_core.simulate.parameters import EyeParameters, Pathology

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cyst:
    """An intraretinal cyst: an ellipsoid in the middle of a layer.

    Centre from the fovea and half axes in mm, half height in um; `layer` is INL or ONL.
    """

    v_mm: float
    u_mm: float
    half_v_mm: float
    half_u_mm: float
    half_height_um: float
    layer: str


@dataclass(frozen=True, slots=True)
class Focus:
    """A hyperreflective focus: B-scan, column, `depth` between ILM (0) and ELM (1), radius."""

    b: int
    x: int
    depth: float
    radius_um: float


@dataclass(frozen=True, eq=False)
class Lesions:
    """Everything that makes an eye ill, on the scan's grid ``[b, x]``, heights in um.

    Attributes
    ----------
    drusen_um, ped_um : float64 arrays
        How far the RPE stands off Bruch's membrane; where both are, the higher one is meant.
    srf_um, shrm_um : float64 arrays
        How far the outer segments stand off the RPE by fluid and by solid material.
    erm_um : float64 array
        Thickness of an epiretinal membrane; `erm_folds_um` is how it wrinkles the ILM.
    cysts : list of Cyst
    foci : list of Focus
    """

    drusen_um: F64
    ped_um: F64
    srf_um: F64
    shrm_um: F64
    erm_um: F64
    erm_folds_um: F64
    cysts: list[Cyst] = field(default_factory=list)
    foci: list[Focus] = field(default_factory=list)


def grow_lesions(parameters: EyeParameters, macula: Macula, seed: int) -> Lesions:
    """Grow the lesions `parameters` asks for.

    The first of each kind is centred on a B-scan, so that every kind is seen in some B-scan
    however sparse the raster is.
    """
    v, u = macula.fovea_v_mm, macula.fovea_u_mm
    lines = v[:, 0]

    def rng_of(kind: Pathology) -> np.random.Generator:
        return stream(seed, Stream.LESIONS, list(Pathology).index(kind))

    maps = {kind: np.zeros_like(v) for kind in Pathology}
    folds = np.zeros_like(v)
    cysts: list[Cyst] = []
    foci: list[Focus] = []
    for lesion in parameters.pathology:
        rng, severity = rng_of(lesion.kind), lesion.severity
        match lesion.kind:
            case Pathology.DRUSEN:
                maps[lesion.kind] = _drusen(rng, v, u, lines, severity)
                foci += _foci(rng, parameters, macula, round(1 + 5 * severity))
            case Pathology.PED:
                maps[lesion.kind] = _mounds(
                    rng, v, u, lines, 1 + round(severity), (110, 320), (0.35, 0.9), severity, 1.4
                )
            case Pathology.SRF:
                maps[lesion.kind] = _mounds(
                    rng,
                    v,
                    u,
                    lines,
                    1 + round(0.7 * severity),
                    (70, 240),
                    (0.45, 1.3),
                    severity,
                    0.9,
                )
            case Pathology.SHRM:
                maps[lesion.kind] = _mounds(
                    rng, v, u, lines, 1, (60, 170), (0.3, 0.8), severity, 1.1
                )
            case Pathology.IRF:
                cysts = _cysts(rng, lines, severity)
                foci += _foci(rng, parameters, macula, round(2 + 10 * severity))
            case Pathology.ERM:
                maps[lesion.kind], folds = _membrane(rng, v, u, severity)
    return Lesions(
        maps[Pathology.DRUSEN],
        maps[Pathology.PED],
        maps[Pathology.SRF],
        maps[Pathology.SHRM],
        maps[Pathology.ERM],
        folds,
        cysts,
        foci,
    )


def _dome(v: F64, u: F64, centre: F64, half_mm: tuple[float, float], power: float) -> F64:
    """Return a unit dome ``(1 - rho^2)^power`` with compact elliptic support."""
    rho2 = ((v - centre[0]) / half_mm[0]) ** 2 + ((u - centre[1]) / half_mm[1]) ** 2
    out: F64 = np.maximum(1.0 - rho2, 0.0) ** power
    return out


def _place(rng: np.random.Generator, lines: F64, reach_mm: float, snap: bool) -> F64:
    """Draw a centre ``(v, u)`` within `reach_mm` of the fovea, on a B-scan if `snap`."""
    bearing, distance = rng.uniform(0, 2 * np.pi), reach_mm * np.sqrt(rng.random())
    centre: F64 = distance * np.array([np.sin(bearing), np.cos(bearing)])
    if snap:
        centre[0] = lines[np.abs(lines - centre[0]).argmin()]
    return centre


def _drusen(rng: np.random.Generator, v: F64, u: F64, lines: F64, severity: float) -> F64:
    height = np.zeros_like(v)
    for i in range(round(8 + 60 * severity)):
        centre = _place(rng, lines, 2.3, snap=i < 3)
        size = rng.lognormal(0, 0.4)
        half = float(np.clip((0.07 + 0.08 * severity) * size, 0.045, 0.4))
        peak = float(np.clip(rng.uniform(28, 60) * (0.8 + 0.7 * severity) * size, 18, 150))
        # Three guaranteed drusen are seen as more than a speck on coarse grids too.
        if i < 3:
            half, peak = max(half, 0.12), max(peak, 45.0)
        squeeze = rng.uniform(0.8, 1.25)
        height = np.maximum(height, peak * _dome(v, u, centre, (half * squeeze, half), 1.2))
    return height


def _mounds(
    rng: np.random.Generator,
    v: F64,
    u: F64,
    lines: F64,
    n: int,
    peak_um: tuple[float, float],
    half_mm: tuple[float, float],
    severity: float,
    power: float,
) -> F64:
    """Return `n` smooth mounds with slightly uneven outline, bigger with `severity`."""
    height = np.zeros_like(v)
    warp = SmoothField(rng, 0.55)
    dv, du = 0.09 * warp.at(v, u), 0.09 * warp.at(u, v)
    for i in range(n):
        centre = _place(rng, lines, 0.9 if i == 0 else 1.6, snap=True)
        share = (0.25 + 0.75 * severity) * (1.0 if i == 0 else rng.uniform(0.4, 0.8))
        peak = peak_um[0] + (peak_um[1] - peak_um[0]) * share * rng.uniform(0.75, 1.0)
        half = half_mm[0] + (half_mm[1] - half_mm[0]) * share * rng.uniform(0.75, 1.0)
        axes = (half * rng.uniform(0.7, 1.1), half)
        at_centre = (
            int(np.abs(lines - centre[0]).argmin()),
            int(np.abs(u[0] - centre[1]).argmin()),
        )
        dome = _dome(v + dv - dv[at_centre], u + du - du[at_centre], centre, axes, power)
        height = np.maximum(height, peak * dome)
    return height


def _cysts(rng: np.random.Generator, lines: F64, severity: float) -> list[Cyst]:
    """Return cysts that do not touch within a layer: a petaloid cluster about the fovea."""
    cysts: list[Cyst] = []
    wanted = round(5 + 34 * severity)
    for attempt in range(wanted * 8):
        if len(cysts) >= wanted:
            break
        layer = "ONL" if attempt == 0 or rng.random() < 0.55 else "INL"
        centre = _place(rng, lines, 1.1 if layer == "ONL" else 1.5, snap=not cysts)
        distance = float(np.hypot(*centre))
        if layer == "INL" and distance < 0.45:
            continue
        size = float(np.clip(rng.lognormal(0, 0.4), 0.5, 2.0)) * (0.6 + 0.7 * severity)
        half_u = float(np.clip(0.085 * size, 0.05, 0.26))
        tall = 1.25 if layer == "ONL" else 0.62
        half_height = float(np.clip(48 * size * tall, 16, 120 if layer == "ONL" else 55))
        if attempt == 0:
            half_u, half_height = max(half_u, 0.13), max(half_height, 55.0)
        half_v = half_u * rng.uniform(0.9, 1.7)
        crowded = any(
            ((c.v_mm - centre[0]) / (c.half_v_mm + half_v)) ** 2
            + ((c.u_mm - centre[1]) / (c.half_u_mm + half_u)) ** 2
            < 1.1
            for c in cysts
            if c.layer == layer
        )
        if not crowded:
            cysts.append(
                Cyst(float(centre[0]), float(centre[1]), half_v, half_u, half_height, layer)
            )
    return cysts


def _membrane(rng: np.random.Generator, v: F64, u: F64, severity: float) -> tuple[F64, F64]:
    centre = rng.uniform(-0.6, 0.6, 2)
    half = 1.0 + 1.4 * severity
    area = smoothstep(2.0 * _dome(v, u, centre, (half, half * rng.uniform(0.8, 1.3)), 1.0))
    bearing = rng.uniform(0, np.pi)
    across = np.cos(bearing) * u + np.sin(bearing) * v + 0.08 * SmoothField(rng, 0.7).at(v, u)
    period = rng.uniform(0.16, 0.3)
    uneven = 0.6 + 0.4 * SmoothField(rng, 0.5).at(v, u)
    folds = (3 + 9 * severity) * np.sin(2 * np.pi * across / period) * np.clip(uneven, 0, 1.5)
    return (8 + 8 * severity) * area, folds * area


def _foci(
    rng: np.random.Generator, parameters: EyeParameters, macula: Macula, per_ten: int
) -> list[Focus]:
    """Return hyperreflective foci: `per_ten` in ten B-scans, in the middle of the retina."""
    n_b, _, n_x = parameters.shape
    n = max(round(per_ten * n_b / 10), 1)
    near = np.exp(-((macula.fovea_v_mm**2 + macula.fovea_u_mm**2) / 1.5**2)).ravel()
    places = rng.choice(n_b * n_x, size=n, p=near / near.sum())
    depths, radii = rng.uniform(0.35, 0.95, n), rng.uniform(8, 17, n)
    return [
        Focus(int(p // n_x), int(p % n_x), float(d), float(r))
        for p, d, r in zip(places, depths, radii, strict=True)
    ]


def rpe_lift_um(lesions: Lesions) -> F64:
    """Return how far the RPE ridge lies above Bruch's membrane, um ``[b, x]``."""
    out: F64 = RPE_TO_BM_UM + np.maximum(lesions.drusen_um, lesions.ped_um)
    return out
