"""Scans as napari layer data."""

from __future__ import annotations

from typing import Any

import numpy as np

from mirage_core.io.native_layout import spacing_fields
from mirage_core.scan import AXES, Scan

LayerData = tuple[Any, dict[str, Any], str]


def scan_layers(scan: Scan) -> list[LayerData]:
    """Return the volume ``[b, z, x]`` and, if there is one, the SLO ``[row, col]`` as layers.

    Scale is in mm along an axis whose spacing is known, else 1; ``metadata["spacing"]`` says
    for every axis where its number came from. The SLO comes hidden, being of another plane.
    """
    volume = np.stack([scan.b_scan(b) for b in range(scan.n_b_scans)])
    metadata = {
        "spacing": spacing_fields(scan.spacing),
        "laterality": str(scan.laterality),
        "pattern": str(scan.geometry.pattern),
        "superior_to_inferior": scan.geometry.superior_to_inferior,
        "simulated": scan.acquisition.simulated,
        "notes": list(scan.notes),
    }
    scale = tuple(scan.spacing[a].mm or 1.0 for a in AXES)
    layers: list[LayerData] = [
        (volume, {"name": scan.title, "scale": scale, "metadata": metadata}, "image")
    ]
    if scan.slo is not None:
        slo_scale = scan.geometry.slo_mm_per_px or (1.0, 1.0)
        layers.append(
            (
                scan.slo,
                {"name": f"SLO · {scan.title}", "scale": slo_scale, "visible": False},
                "image",
            )
        )
    return layers
