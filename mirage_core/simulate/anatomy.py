"""The healthy macula: thickness of each layer, and the bowl it lies in.

Thickness follows published normal values for spectral-domain OCT: total ILM-BM thickness by
Grover et al., Am J Ophthalmol 2009 (centre point 227, central subfield 270, inner ring about 340,
outer ring 290-320 um) and the shares of the layers by Nieves-Moreno et al., PLoS ONE 2017.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d

from mirage_core.scan import SURFACE_KINDS
from mirage_core.simulate.fields import SmoothField, Stream, stream
from mirage_core.simulate.parameters import EyeParameters

F64 = NDArray[np.float64]

SURFACE_NAMES: tuple[str, ...] = tuple(kind.name for kind in SURFACE_KINDS)
"""All twelve surfaces, top to bottom."""
DISC_MM = (0.35, 4.45)
"""Centre of the optic disc from the fovea: mm towards superior, towards nasal."""
RPE_TO_BM_UM = 21.0
"""From the bright ridge of the RPE band to its lower edge."""

_RADII_MM = (0.0, 0.25, 0.5, 1.0, 1.6, 2.2, 3.0, 4.4)
# Layer -> thickness in um at these distances from the fovea, for nasal, superior, temporal and
# inferior directions; one row where the layer is the same all round.
_THICKNESS_UM: dict[str, tuple[tuple[float, ...], ...]] = {
    "RNFL": (
        (3, 5, 10, 20, 28, 38, 55, 95),
        (3, 5, 10, 24, 34, 40, 45, 56),
        (3, 5, 9, 16, 18, 19, 19, 19),
        (3, 5, 10, 25, 36, 42, 47, 58),
    ),
    "GCL": (
        (1, 8, 26, 54, 48, 36, 25, 18),
        (1, 8, 26, 54, 46, 34, 24, 18),
        (1, 7, 24, 51, 49, 38, 29, 22),
        (1, 8, 26, 54, 46, 33, 23, 18),
    ),
    "IPL": ((2, 9, 24, 43, 40, 32, 27, 23),),
    "INL": ((3, 11, 26, 41, 40, 35, 32, 28),),
    "OPL": ((11, 19, 28, 34, 32, 29, 28, 26),),
    "ONL": ((101, 102, 95, 77, 67, 60, 54, 50),),
    "ELM-EZ": ((33, 31, 28, 25, 23, 23, 23, 23),),
    "EZ-OS": ((22, 20, 18, 16, 15, 15, 15, 15),),
    "OS-RPE": ((25, 24, 22, 20, 18, 18, 18, 18),),
}
LAYERS: tuple[str, ...] = tuple(_THICKNESS_UM)
"""Names of the layers between consecutive surfaces from ILM to RPE."""
# Standard deviation of a layer's thickness between eyes, as a share of it.
_SPREAD = {"RNFL": 0.08, "GCL": 0.07, "IPL": 0.06, "INL": 0.05, "OPL": 0.06, "ONL": 0.07}


@dataclass(frozen=True, eq=False)
class Macula:
    """A healthy eye on the grid of the scan, in the frame of a right eye (nasal = +u).

    Attributes
    ----------
    v_mm, u_mm : float64 arrays ``[b, x]``
        Place of each A-scan from the scan's centre, towards superior and towards nasal, as seen:
        lateral motion included.
    fovea_v_mm, fovea_u_mm : float64 arrays ``[b, x]``
        The same from the fovea.
    layers_um : dict of str to float64 array ``[b, x]``
        Thickness of each of :data:`LAYERS`.
    bm_um : float64 array ``[b, x]``
        Bruch's membrane, um from an arbitrary level, positive is deeper; without motion.
    choroid_um : float64 array ``[b, x]``
    """

    v_mm: F64
    u_mm: F64
    fovea_v_mm: F64
    fovea_u_mm: F64
    layers_um: dict[str, F64]
    bm_um: F64
    choroid_um: F64


def scan_grid_mm(parameters: EyeParameters) -> tuple[F64, F64]:
    """Return the nominal places of B-scans and A-scans, mm to superior ``[b]`` and nasal ``[x]``.

    In the frame of a right eye; a left eye's A-scans run the other way.
    """
    (b, _, x), (db, _, dx) = parameters.shape, parameters.spacing_mm
    v: F64 = (np.arange(b, dtype=np.float64) - (b - 1) / 2) * db
    u: F64 = (np.arange(x, dtype=np.float64) - (x - 1) / 2) * dx
    return (-v if parameters.superior_to_inferior else v), u


def healthy_macula(parameters: EyeParameters, seed: int) -> Macula:
    """Build the layers of a healthy eye on the scan's grid."""
    rng = stream(seed, Stream.ANATOMY)
    v_axis, u_axis = scan_grid_mm(parameters)
    slip_mm = stream(seed, Stream.MOTION, 1).standard_normal(len(v_axis)) * (
        parameters.motion_lateral_um / 1000
    )
    v, u = np.broadcast_arrays(v_axis[:, None], u_axis[None, :] + slip_mm[:, None])
    fovea_v, fovea_u = parameters.fovea_offset_mm
    rv, ru = v - fovea_v, u - fovea_u
    radius = np.hypot(rv, ru)
    pit_width = 1.0 + parameters.variation * float(np.clip(rng.normal(0, 0.09), -0.2, 0.2))
    radius_in_pit = radius / (1.0 + (pit_width - 1.0) * np.exp(-((radius / 1.5) ** 2)))
    shares = _direction_shares(rv, ru, radius)
    layers: dict[str, F64] = {}
    for name in LAYERS:
        spread = parameters.variation * _SPREAD.get(name, 0.03)
        scale = parameters.thickness_scale * (1 + spread * float(np.clip(rng.normal(), -2, 2)))
        wander = SmoothField(rng, 1.1).at(rv, ru) * (0.35 * spread)
        layers[name] = _profile(name, radius_in_pit, shares) * scale * (1 + wander)
    # Plexiform and nuclear layers interlock: their boundaries are rough, the ILM is not.
    for above, below in pairwise(("RNFL", "GCL", "IPL", "INL", "OPL", "ONL")):
        rough_um = SmoothField(rng, 0.09).at(rv, ru) * 0.9 * parameters.variation
        rough_um *= np.minimum(np.minimum(layers[above], layers[below]) / 25, 1)
        layers[above] += rough_um
        layers[below] -= rough_um
    tilt_v, tilt_u = parameters.tilt_um_per_mm
    bm = tilt_v * v + tilt_u * u - parameters.curvature_um_per_mm2 * (v**2 + u**2)
    bm = bm + parameters.variation * 5.0 * SmoothField(rng, 2.2).at(v, u)
    thinning = 1.0 - 0.035 * radius**2 - 0.05 * ru  # thickest under the fovea, thin nasally
    choroid = parameters.choroid_um * np.clip(thinning, 0.4, 1.1)
    choroid = choroid * (1 + 0.06 * parameters.variation * SmoothField(rng, 0.8).at(v, u))
    return Macula(v, u, rv, ru, layers, bm, np.maximum(choroid, 60.0))


def _direction_shares(rv: F64, ru: F64, radius: F64) -> tuple[F64, F64, F64, F64]:
    """Return how nasal, superior, temporal and inferior each A-scan is; the shares sum to 1."""
    safe = np.maximum(radius, 1e-9)
    cos, sin = ru / safe, rv / safe
    # At the fovea every direction has the same thickness, so the sum being 0 there would bias it.
    nasal = np.where(radius > 1e-9, np.maximum(cos, 0) ** 2, 1.0)
    nasal = np.asarray(nasal, np.float64)
    return nasal, np.maximum(sin, 0) ** 2, np.maximum(-cos, 0) ** 2, np.maximum(-sin, 0) ** 2


def _profile(layer: str, radius: F64, shares: tuple[F64, F64, F64, F64]) -> F64:
    """Return the mean thickness of `layer` in um at `radius` mm."""
    rows = _THICKNESS_UM[layer]
    knots = np.asarray(_RADII_MM)
    fine = np.linspace(0.0, knots[-1], 600)
    # Mirrored knots make the profile flat at the fovea; a blur over 0.1 mm takes the edge off
    # the rim of the pit, where the layers all have a knot.
    x = np.concatenate([-knots[2:0:-1], knots])
    sigma = 0.1 / fine[1]
    out = np.zeros_like(radius)
    for row, share in zip(rows, shares if len(rows) > 1 else (1.0,), strict=True):
        y = np.asarray(row, float)
        curve = PchipInterpolator(x, np.concatenate([y[2:0:-1], y]))(fine)
        out += share * np.interp(radius, fine, gaussian_filter1d(curve, sigma, mode="mirror"))
    return out
