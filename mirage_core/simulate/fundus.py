"""The SLO image: fundus background, nerve fibres, disc, fovea and the vessels of the B-scans."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mirage_core.simulate.anatomy import DISC_MM
from mirage_core.simulate.fields import SmoothField, Stream, smoothstep, stream
from mirage_core.simulate.parameters import EyeParameters
from mirage_core.simulate.structure import EyeStructure, slo_axes_mm

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
U8 = NDArray[np.uint8]

DISC_HALF_MM = (0.92, 0.82)
"""Half axes of the optic disc: vertical, horizontal."""


def paint_slo(parameters: EyeParameters, structure: EyeStructure, seed: int) -> U8:
    """Return the SLO as uint8 ``[row, col]``, in the frame of a right eye; row 0 is superior."""
    rng = stream(seed, Stream.SLO)
    rows_mm, u_axis = slo_axes_mm(parameters)
    v_axis = rows_mm - parameters.fovea_offset_mm[0]
    u_axis = u_axis - parameters.fovea_offset_mm[1]
    v, u = v_axis[:, None], u_axis[None, :]

    def cloud(scale_mm: float) -> F64:
        return SmoothField(rng, scale_mm).grid(v_axis[::-1], u_axis)[::-1]

    grey = 114 + 6 * cloud(2.6) + 2.2 * cloud(0.7) + 2.2 * cloud(0.25) + 2.6 * cloud(0.07)
    grey = grey + _nerve_fibres(rng, v, u)
    grey = grey - 30 * np.exp(-((v**2 + u**2) / 0.62**2)) - 8 * np.exp(-((v**2 + u**2) / 1.6**2))
    grey = _with_disc(grey, v, u, cloud(0.16))
    maps = structure.vessel_maps
    depth = 0.56 * (maps.half_chord_mm.astype(np.float64) / 0.06) ** 0.62
    grey = grey * (1 - np.minimum(depth, 0.6) * (1 - 0.45 * maps.reflex))
    half = parameters.slo_field_mm / 2
    off_centre = ((rows_mm[:, None] - rows_mm.mean()) ** 2 + (u - u_axis.mean()) ** 2) / half**2
    grey = grey * (1.06 - 0.16 * off_centre)
    sharpness = 0.9 * parameters.slo_px / 768
    image = ndimage.gaussian_filter(grey.astype(np.float32), max(sharpness, 0.5), truncate=3.0)
    grain = rng.standard_normal(image.shape, dtype=np.float32)
    image = image + 3.2 * ndimage.uniform_filter1d(grain, 2, axis=1)
    out: U8 = np.rint(np.clip(image, 0, 255)).astype(np.uint8)
    return out


def _nerve_fibres(rng: np.random.Generator, v: F64, u: F64) -> F64:
    """Return the striation and sheen of the nerve fibre layer, brightest beside the disc.

    Fibres run on the same family of parabolas as the arcades, so that ``v / sqrt(distance)``
    is constant along one.
    """
    dv, du = v - DISC_MM[0], DISC_MM[1] - u
    along = np.sqrt(np.abs(du) + 0.12)
    fibre = dv / along
    strands = rng.standard_normal(3000)
    strands = ndimage.gaussian_filter1d(strands, 2.2) * 2.4
    texture = np.interp(fibre, np.linspace(-8, 8, len(strands)), strands)
    distance = np.hypot(dv, du)
    near = np.exp(-np.maximum(distance - 0.8, 0) / 1.5)
    # The papillomacular bundle and the horizontal raphe carry few fibres.
    bundle = 1 - 0.55 * np.exp(-((fibre / 0.35) ** 2))
    out: F64 = near * bundle * (32 + 7 * texture)
    return out


def _with_disc(grey: F64, v: F64, u: F64, cloud: F64) -> F64:
    """Lay the optic disc over `grey`: rim, brighter cup, soft margin with a darker crescent."""
    rho = np.hypot((v - DISC_MM[0]) / DISC_HALF_MM[0], (u - DISC_MM[1]) / DISC_HALF_MM[1])
    inside = smoothstep((1.04 - rho) / 0.1)
    cup = smoothstep((0.55 - rho) / 0.25)
    disc = 168 + 52 * cup + 7 * cloud
    crescent = 16 * np.exp(-(((rho - 1.07) / 0.05) ** 2))
    out: F64 = (grey - crescent) * (1 - inside) + disc * inside
    return out
