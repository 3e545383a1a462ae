"""B-scan positions for display, for a scan with an SLO whose file does not say where they lie."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mirage_core.scan import LinePosition, Scan, ScanGeometry, ScanPattern

# A 20 degree volume on a 30 degree SLO, the commonest macular setting, covers two thirds of it.
_COVERED = 2 / 3


def with_assumed_positions(scan: Scan) -> Scan:
    """Return `scan` with B-scans laid out evenly over the central part of its SLO.

    Scans without an SLO, or with positions of their own, come back unchanged. The layout is
    flagged ``positions_assumed`` and said in a note; nothing may be measured from it. B-scan 0
    is taken as inferior, as Heidelberg devices store volumes, unless the geometry says it is
    superior; the geometry's own flag stays as it was.
    """
    geometry = scan.geometry
    if scan.slo is None or geometry.positions:
        return scan
    height, width = scan.slo.shape
    n = scan.n_b_scans
    first, last = (height - 1) * (1 + _COVERED) / 2, (height - 1) * (1 - _COVERED) / 2
    if geometry.superior_to_inferior:
        first, last = last, first
    rows = np.linspace(first, last, n) if n > 1 else np.array([(height - 1) / 2])
    left, right = (width - 1) * (1 - _COVERED) / 2, (width - 1) * (1 + _COVERED) / 2
    positions = tuple(LinePosition((float(r), left), (float(r), right)) for r in rows)
    pattern = geometry.pattern
    if pattern is ScanPattern.UNKNOWN:
        pattern = ScanPattern.RASTER if n > 1 else ScanPattern.LINE
    geometry = replace(geometry, pattern=pattern, positions=positions, positions_assumed=True)
    return replace(scan, geometry=geometry, notes=(*scan.notes, assumed_note(geometry)))


def assumed_note(geometry: ScanGeometry) -> str:
    """Return what a user is told of assumed positions."""
    order = "superior" if geometry.superior_to_inferior else "inferior"
    return (
        "The file does not say where its B-scans lie: they are drawn evenly over the middle of "
        f"the SLO, B-scan 1 {order}, for orientation only."
    )
