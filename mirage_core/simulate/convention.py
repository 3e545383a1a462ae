"""From the eye's geometry to surfaces and masks as the product writes them.

The eye is built with edges at continuous depth (a pixel reaches half a pixel to either side of its
centre) and with the middle lines of its bands. The truth handed out follows ``docs/conventions.md``
instead, as annotations of real scans do.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mirage_core.scan import enforce_order
from mirage_core.simulate.anatomy import SURFACE_NAMES
from mirage_core.simulate.bands import detached_share, ellipsoid_px, elm_half_px
from mirage_core.simulate.structure import EyeStructure

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]

EDGE_PX = 0.5
"""An edge between rows k-1 and k, at the continuous depth k - 0.5, is written k."""


def written_surfaces(structure: EyeStructure, um_per_px: float) -> F32:
    """Return the true surfaces ``[s, b, x]`` in px from the top, finite and in order.

    Edges move by half a pixel; the ELM and the ellipsoid zone are given by their inner edges; the
    outer segments end at the dark line under the ellipsoid zone or, where the retina is detached,
    at its outer edge; the RPE is its ridge, a line, and stays.
    """
    s = dict(zip(SURFACE_NAMES, structure.surfaces.astype(np.float64), strict=True))
    inner, outer = ellipsoid_px(s, um_per_px)
    apart = detached_share(structure.lesions)
    dark_line = (outer + s["OS/RPE"]) / 2
    written = {name: depth + EDGE_PX for name, depth in s.items()}
    written["ELM"] = s["ELM"] - elm_half_px(um_per_px) + EDGE_PX
    written["EZ"] = inner + EDGE_PX
    written["OS/RPE"] = dark_line + apart * (s["OS/RPE"] + EDGE_PX - dark_line)
    written["RPE"] = s["RPE"]
    return enforce_order(np.stack([written[name] for name in SURFACE_NAMES]))


def written_labels(structure: EyeStructure, shape: tuple[int, int, int]) -> U8:
    """Return the lesions as labels ``[b, z, x]``: a pixel belongs where most of it lies inside."""
    labels = np.zeros(shape, np.uint8)
    for b, pockets in enumerate(structure.pockets):
        for pocket in pockets:
            top, bottom = np.rint(pocket.top + EDGE_PX), np.rint(pocket.bottom + EDGE_PX)
            first, last = max(int(top.min()), 0), min(int(bottom.max()), shape[1])
            rows = np.arange(first, last)[:, None]
            part = labels[b, first:last, pocket.x0 : pocket.x0 + len(top)]
            part[(rows >= top) & (rows < bottom)] = pocket.value
    return labels
