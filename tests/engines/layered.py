"""A layered retina drawn with known boundaries, so that errors can be measured without scans."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mirage_core.scan import Spacing

SPACING = Spacing.from_mm(0.06, 0.0039, 0.0115)
_DEPTH_UM = {
    "ILM": 0.0,
    "RNFL/GCL": 32.0,
    "IPL/INL": 115.0,
    "INL/OPL": 152.0,
    "OPL/ONL": 182.0,
    "EZ": 270.0,
    "RPE": 312.0,
    "BM": 330.0,
}
# Grey below each boundary; the RPE's ridge is drawn on top.
_GREY = {
    "ILM": 150.0,
    "RNFL/GCL": 105.0,
    "IPL/INL": 72.0,
    "INL/OPL": 112.0,
    "OPL/ONL": 58.0,
    "EZ": 165.0,
    "BM": 95.0,
}
_VITREOUS = 12.0


@dataclass
class Drawn:
    """B-scans ``[b, z, x]`` and their true boundaries, name to ``[b, x]``."""

    b_scans: NDArray[np.uint8]
    truth: dict[str, NDArray[np.float64]]


def draw(
    n: int = 1,
    height: int = 300,
    width: int = 320,
    tilt_px: float = 0.0,
    bowl_px: float = 0.0,
    top_px: float = 80.0,
    noise: float = 0.25,
    seed: int = 0,
    fibres_um: float = _DEPTH_UM["RNFL/GCL"],
) -> Drawn:
    """Draw `n` alike B-scans with multiplicative speckle of relative strength `noise`.

    The nerve fibre layer is `fibres_um` thick.
    """
    rng = np.random.default_rng(seed)
    t = np.linspace(-1, 1, width)
    top = top_px + tilt_px * t - bowl_px * t**2
    thicker_um = fibres_um - _DEPTH_UM["RNFL/GCL"]
    depth_um = {name: um + thicker_um * (name != "ILM") for name, um in _DEPTH_UM.items()}
    truth = {name: np.repeat((top + um / 3.9)[None], n, axis=0) for name, um in depth_um.items()}
    rows = np.arange(height)[:, None]
    clean = np.full((height, width), _VITREOUS)
    for name, grey in _GREY.items():
        clean[rows >= np.rint(truth[name][0])] = grey
    distance = rows - truth["RPE"][0]
    clean = np.maximum(clean, 235 * np.exp(-0.5 * (distance / 2.2) ** 2))
    under = rows - truth["BM"][0]
    clean = np.where(under > 0, clean * np.exp(-under / 60), clean)
    speckle = 1 + noise * rng.standard_normal((n, height, width))
    b_scans = np.clip(clean * speckle + 3 * rng.standard_normal((n, height, width)), 0, 250)
    return Drawn(b_scans.astype(np.uint8), truth)
