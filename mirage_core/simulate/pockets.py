"""Lesions cut along B-scans: where each begins and ends in every A-scan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mirage_core.scan import FLUID_SCHEME
from mirage_core.simulate.anatomy import SURFACE_NAMES, Macula
from mirage_core.simulate.fields import smoothstep
from mirage_core.simulate.lesions import Cyst, Lesions

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

RPE_HALF_UM = 8.0
"""The RPE band reaches this far above its ridge; fluid above the RPE ends there."""
_BELOW_RIDGE_UM = 9.0
_CYST_WALL_UM = 5.0
_LAYER_OF_CYST = {
    "ONL": ("OPL/ONL", "ELM"),
    "INL": ("IPL/INL", "INL/OPL"),
    "GCL": ("RNFL/GCL", "GCL/IPL"),
}


@dataclass(frozen=True, eq=False)
class Pocket:
    """A lesion's cross-section in one B-scan: columns ``x0 ..``, rows from `top` to `bottom`.

    `top` and `bottom` are float32 ``[n]``, px from the top; `value` is the class of
    :data:`~mirage_core.scan.FLUID_SCHEME`.
    """

    value: int
    x0: int
    top: F32
    bottom: F32


def rho2_of(cyst: Cyst, macula: Macula, widen: float = 1.0, margin_mm: float = 0.0) -> F64:
    """Return the squared distance from the cyst's axis in units of its (widened) half axes."""
    dv = (macula.fovea_v_mm - cyst.v_mm) / (cyst.half_v_mm * widen + margin_mm)
    du = (macula.fovea_u_mm - cyst.u_mm) / (cyst.half_u_mm * widen + margin_mm)
    out: F64 = dv**2 + du**2
    return out


def cut_pockets(
    surfaces: F32, lesions: Lesions, macula: Macula, um_per_px: float
) -> list[list[Pocket]]:
    """Cut every lesion along every B-scan."""
    value = {c.name: c.value for c in FLUID_SCHEME}
    found: list[list[Pocket]] = [[] for _ in range(surfaces.shape[1])]

    def cut(name: str, top: F64, height_px: F64) -> None:
        here = height_px > 0
        for b in np.flatnonzero(here.any(axis=1)):
            columns = np.flatnonzero(here[b])
            for run in np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1):
                upper = top[b, run].astype(np.float32)
                lower = (top[b, run] + height_px[b, run]).astype(np.float32)
                if (np.rint(lower) > np.rint(upper)).any():
                    found[b].append(Pocket(value[name], int(run[0]), upper, lower))

    named = {name: surfaces[i].astype(np.float64) for i, name in enumerate(SURFACE_NAMES)}
    for cyst in lesions.cysts:
        rho2 = rho2_of(cyst, macula)
        upper, lower = _LAYER_OF_CYST[cyst.layer]
        room = (named[lower] - named[upper]) / 2 - _CYST_WALL_UM / um_per_px
        round_ = np.sqrt(np.maximum(1 - rho2, 0))
        half = (
            cyst.half_height_um / um_per_px * (round_ if cyst.power == 1.0 else round_**cyst.power)
        )
        half = np.minimum(half, np.maximum(room, 0))
        half[half < 0.6] = 0
        cut("IRF", (named[upper] + named[lower]) / 2 - half, 2 * half)
    detached = lesions.srf_um + lesions.shrm_um
    floor = named["RPE"] - RPE_HALF_UM / um_per_px
    band = np.maximum(macula.layers_um["OS-RPE"] - RPE_HALF_UM, 0)
    height = (detached + band * smoothstep(detached / 20.0)) / um_per_px
    wasted = lesions.atrophy is not None or lesions.tissue is not None
    if wasted:
        height = np.clip(floor - named["OS/RPE"], 0, height)
    solid = height * np.divide(
        lesions.shrm_um, detached, out=np.zeros_like(detached), where=detached > 0
    )
    cut("SRF", floor - height, height - solid)
    cut("SHRM", floor - solid, solid)
    lift = np.maximum(lesions.drusen_um, lesions.ped_um)
    roof = named["RPE"] + _BELOW_RIDGE_UM / um_per_px
    hidden = RPE_HALF_UM * smoothstep(lift / 15.0)
    height = (lift + hidden) / um_per_px
    if wasted:
        height = np.clip(named["BM"] - roof, 0, height)
    wide = lesions.ped_um >= lesions.drusen_um
    cut("PED", roof, np.where(wide, height, 0))
    cut("DRUSEN", roof, np.where(wide, 0, height))
    return found
