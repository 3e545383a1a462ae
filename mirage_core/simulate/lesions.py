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

    Centre from the fovea and half axes in mm, half height in um; `layer` is GCL, INL or ONL.
    A `power` below 1 makes it boxy, above 1 lens-shaped.
    """

    v_mm: float
    u_mm: float
    half_v_mm: float
    half_u_mm: float
    half_height_um: float
    layer: str
    power: float = 1.0


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
        How far the outer segments stand off the RPE by fluid and, beneath it, by solid material.
    erm_um : float64 array
        Thickness of an epiretinal membrane; `erm_folds_um` is how it wrinkles the ILM.
    cysts : list of Cyst
    foci : list of Focus
    scales : dict of str to float64 array
        Thickness of a layer, or of the ``choroid``, over what it is in health.
    atrophy : float64 array or None
        0..1, how much of RPE and outer retina is lost.
    tissue : float64 array or None
        Share of the neurosensory retina that is there: 0 in a macular hole.
    disc : float64 array or None
        Distance from the centre of the optic disc in units of its half axes.
    ellipsoid_loss : float64 array or None
        0..1, how far ellipsoid zone and ELM cannot be seen; thickness stays.
    """

    drusen_um: F64
    ped_um: F64
    srf_um: F64
    shrm_um: F64
    erm_um: F64
    erm_folds_um: F64
    cysts: list[Cyst] = field(default_factory=list)
    foci: list[Focus] = field(default_factory=list)
    scales: dict[str, F64] = field(default_factory=dict)
    atrophy: F64 | None = None
    tissue: F64 | None = None
    disc: F64 | None = None
    ellipsoid_loss: F64 | None = None


@dataclass(frozen=True, slots=True)
class _MoundRange:
    """Range of a kind of mound: height in um, half width and distance from the fovea in mm."""

    peak_um: tuple[float, float]
    half_mm: tuple[float, float]
    reach_mm: tuple[float, float]
    power: float
    extra: float


_MOUNDS = {
    Pathology.PED: _MoundRange((90, 300), (0.32, 0.9), (0.5, 1.3), 1.3, 1.0),
    Pathology.SRF: _MoundRange((50, 230), (0.5, 1.4), (0.0, 0.6), 1.0, 0.7),
    Pathology.SHRM: _MoundRange((60, 170), (0.3, 0.8), (0.0, 0.8), 1.1, 0.0),
}


def grow_lesions(parameters: EyeParameters, macula: Macula, seed: int) -> Lesions:
    """Grow the lesions `parameters` asks for.

    The first of each kind is centred on a B-scan, so that every kind is seen in some B-scan
    however sparse the raster is.
    """
    v, u = macula.fovea_v_mm, macula.fovea_u_mm

    def rng_of(kind: Pathology) -> np.random.Generator:
        return stream(seed, Stream.LESIONS, list(Pathology).index(kind))

    mounds = {kind: np.zeros_like(v) for kind in _MOUNDS}
    for kind in _MOUNDS:
        severity = parameters.severity(kind)
        if severity is not None:
            mounds[kind] = _mounds(rng_of(kind), v, u, _MOUNDS[kind], severity)
    drusen, membrane, folds = np.zeros_like(v), np.zeros_like(v), np.zeros_like(v)
    cysts: list[Cyst] = []
    foci: list[Focus] = []
    severity = parameters.severity(Pathology.DRUSEN)
    if severity is not None:
        rng = rng_of(Pathology.DRUSEN)
        drusen = _drusen(rng, v, u, mounds[Pathology.PED], severity)
        foci += scattered_foci(rng, parameters, macula, round(1 + 5 * severity))
    severity = parameters.severity(Pathology.IRF)
    if severity is not None:
        rng = rng_of(Pathology.IRF)
        cysts = _cysts(rng, v[:, 0], severity)
        foci += scattered_foci(rng, parameters, macula, round(2 + 10 * severity))
    severity = parameters.severity(Pathology.ERM)
    if severity is not None:
        membrane, folds = epiretinal_membrane(rng_of(Pathology.ERM), v, u, severity)
    below = np.maximum(drusen, mounds[Pathology.PED])
    fluid = mounds[Pathology.SRF]
    return Lesions(
        drusen_um=drusen,
        ped_um=mounds[Pathology.PED],
        # Fluid levels out what stands up from its floor.
        srf_um=fluid - np.minimum(below, 0.6 * fluid),
        shrm_um=mounds[Pathology.SHRM],
        erm_um=membrane,
        erm_folds_um=folds,
        cysts=cysts,
        foci=foci,
    )


def unit_dome(v: F64, u: F64, centre: F64, half_mm: tuple[float, float], power: float) -> F64:
    """Return a unit dome ``(1 - rho^2)^power`` with compact elliptic support."""
    rho2 = ((v - centre[0]) / half_mm[0]) ** 2 + ((u - centre[1]) / half_mm[1]) ** 2
    out: F64 = np.maximum(1.0 - rho2, 0.0) ** power
    return out


def place_around(rng: np.random.Generator, low_mm: float, high_mm: float) -> F64:
    """Draw a centre ``(v, u)`` at a distance of `low_mm` to `high_mm` from the fovea."""
    bearing = rng.uniform(0, 2 * np.pi)
    distance = np.sqrt(rng.uniform(low_mm**2, high_mm**2))
    centre: F64 = distance * np.array([np.sin(bearing), np.cos(bearing)])
    return centre


def on_b_scan(centre: F64, lines: F64) -> F64:
    """Return `centre` moved to the nearest B-scan; `lines` are the B-scans' places."""
    return np.array([lines[np.abs(lines - centre[0]).argmin()], centre[1]])


def _drusen(rng: np.random.Generator, v: F64, u: F64, ped_um: F64, severity: float) -> F64:
    """Return drusen of many sizes, none of them on a detachment."""
    height = np.zeros_like(v)
    wanted, grown = round(8 + 60 * severity), 0
    for _ in range(4 * wanted):
        if grown == wanted:
            break
        centre = place_around(rng, 0.0, 2.3)
        size = rng.lognormal(0, 0.4)
        half = float(np.clip((0.07 + 0.08 * severity) * size, 0.045, 0.4))
        peak = float(np.clip(rng.uniform(28, 60) * (0.8 + 0.7 * severity) * size, 18, 150))
        squeeze = rng.uniform(0.8, 1.25)
        if grown < 3:
            # The first ones are seen as more than a speck on coarse grids too.
            centre = on_b_scan(centre, v[:, 0])
            half, peak = max(half, 0.12), max(peak, 45.0)
        dome = unit_dome(v, u, centre, (half * squeeze, half), 1.2)
        if not ((dome > 0) & (ped_um > 0)).any():
            height = np.maximum(height, peak * dome)
            grown += 1
    return height


def _mounds(rng: np.random.Generator, v: F64, u: F64, kind: _MoundRange, severity: float) -> F64:
    """Return smooth mounds with slightly uneven outline, more and bigger with `severity`."""
    height = np.zeros_like(v)
    warp = SmoothField(rng, 0.55)
    dv, du = 0.07 * warp.at(v, u), 0.07 * warp.at(u, v)
    for i in range(1 + round(kind.extra * severity)):
        centre = on_b_scan(place_around(rng, *kind.reach_mm), v[:, 0])
        share = severity * (1.0 if i == 0 else rng.uniform(0.4, 0.8))
        peak, half = (
            low + (high - low) * share * rng.uniform(0.85, 1.0)
            for low, high in (kind.peak_um, kind.half_mm)
        )
        axes = (half * rng.uniform(0.75, 1.1), half)
        middle = np.unravel_index(np.hypot(v - centre[0], u - centre[1]).argmin(), v.shape)
        dome = unit_dome(v + dv - dv[middle], u + du - du[middle], centre, axes, kind.power)
        height = np.maximum(height, peak * dome)
    return height


def _cysts(rng: np.random.Generator, lines: F64, severity: float) -> list[Cyst]:
    """Return a cluster of cysts near the fovea that do not touch within their layer."""
    cysts: list[Cyst] = []
    hub = place_around(rng, 0.0, 0.7)
    wanted = round(5 + 34 * severity)
    for attempt in range(wanted * 8):
        if len(cysts) >= wanted:
            break
        layer = "ONL" if attempt == 0 or rng.random() < 0.55 else "INL"
        centre = hub + place_around(rng, 0.0, 0.5 + 0.5 * severity)
        if not cysts:
            centre = on_b_scan(centre, lines)
        distance = float(np.hypot(*centre))
        if layer == "INL" and distance < 0.45:
            continue
        size = float(np.clip(rng.lognormal(0, 0.4), 0.5, 2.0)) * (0.75 + 0.6 * severity)
        half_u = float(np.clip(0.085 * size, 0.05, 0.26))
        tall = 1.25 if layer == "ONL" else 0.62
        half_height = float(np.clip(48 * size * tall, 16, 105 if layer == "ONL" else 48))
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


def epiretinal_membrane(
    rng: np.random.Generator, v: F64, u: F64, severity: float
) -> tuple[F64, F64]:
    """Return thickness and folds of a membrane on the retina, um."""
    centre = rng.uniform(-0.6, 0.6, 2)
    half = 1.0 + 1.4 * severity
    area = smoothstep(2.0 * unit_dome(v, u, centre, (half, half * rng.uniform(0.8, 1.3)), 1.0))
    bearing = rng.uniform(0, np.pi)
    across = np.cos(bearing) * u + np.sin(bearing) * v + 0.08 * SmoothField(rng, 0.7).at(v, u)
    period = rng.uniform(0.16, 0.3)
    uneven = 0.6 + 0.4 * SmoothField(rng, 0.5).at(v, u)
    folds = (3 + 9 * severity) * np.sin(2 * np.pi * across / period) * np.clip(uneven, 0, 1.5)
    return (8 + 8 * severity) * area, folds * area


def scattered_foci(
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
    band = RPE_TO_BM_UM if lesions.atrophy is None else RPE_TO_BM_UM * (1 - 0.7 * lesions.atrophy)
    out: F64 = band + np.maximum(lesions.drusen_um, lesions.ped_um)
    return out
