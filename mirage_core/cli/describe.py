"""A scan in plain fields, without anything of the patient."""

from __future__ import annotations

from typing import Any

from mirage_core.io.native_layout import spacing_fields
from mirage_core.scan import Scan


def scan_fields(scan: Scan) -> dict[str, Any]:
    """Return what `mirage info` says of a scan; values fit for JSON."""
    n, height, width = scan.shape
    surfaces = scan.vendor_surfaces
    acquired = scan.acquisition.date
    return {
        "title": scan.title,
        "format": scan.source_format,
        "b_scans": n,
        "depth_px": height,
        "a_scans": width,
        "pattern": scan.geometry.pattern.value,
        "laterality": scan.laterality.value,
        "device": scan.acquisition.device,
        "acquired": acquired.isoformat() if acquired else None,
        "simulated": scan.acquisition.simulated,
        "spacing": spacing_fields(scan.spacing),
        "slo": list(scan.slo.shape) if scan.slo is not None else None,
        "positions": len(scan.geometry.positions),
        "positions_assumed": scan.geometry.positions_assumed,
        "superior_to_inferior": scan.geometry.superior_to_inferior,
        "surfaces": list(surfaces.names) if surfaces is not None else [],
        "identity": "withheld" if scan.identity is not None else "none",
        "notes": list(scan.notes),
    }
