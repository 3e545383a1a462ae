"""En-face picture of a scan without an SLO: the mean over depth, B-scans as rows. No Qt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mirage_core.scan import Scan, ScanPattern
from mirage_viewer.canvas.contrast import auto_levels

U8 = NDArray[np.uint8]

FEWEST_B_SCANS = 3


@dataclass(frozen=True, eq=False)
class EnFace:
    """A mean projection for display.

    Attributes
    ----------
    image : uint8 array ``[row, x]``
        One row per B-scan, superior at the top where the orientation is known.
    flipped : bool
        True when row 0 is the last B-scan.
    orientation_known : bool
    """

    image: U8
    flipped: bool
    orientation_known: bool

    def row_of(self, b: int) -> int:
        """Return the row of B-scan `b`; its own inverse, so also the B-scan of a row."""
        return len(self.image) - 1 - b if self.flipped else b


def can_project(scan: Scan) -> bool:
    """Return whether B-scans as rows make a picture of the fundus."""
    stacked = scan.geometry.pattern in (ScanPattern.RASTER, ScanPattern.UNKNOWN)
    return stacked and scan.n_b_scans >= FEWEST_B_SCANS


def project(scan: Scan) -> EnFace:
    """Return the mean projection of `scan`; B-scans that cannot be read are black."""
    n, _, width = scan.shape
    rows = np.zeros((n, width), np.float32)
    for b in range(n):
        try:
            rows[b] = scan.b_scan(b).mean(axis=0, dtype=np.float32)
        except Exception:
            continue
    low, high = auto_levels(np.rint(rows).astype(np.uint8), 0.5, 99.8)
    image = np.clip((rows - low) * (255.0 / max(high - low, 1)), 0, 255).astype(np.uint8)
    superior_first = scan.geometry.superior_to_inferior
    flipped = superior_first is False
    return EnFace(
        np.ascontiguousarray(image[::-1]) if flipped else image,
        flipped,
        superior_first is not None,
    )


def row_aspect(scan: Scan) -> float:
    """Return the height of a row over the width of a column: true to scale, else a square."""
    db, dx = scan.spacing.b.mm, scan.spacing.x.mm
    if db is not None and dx is not None:
        return db / dx
    n, _, width = scan.shape
    return width / n
