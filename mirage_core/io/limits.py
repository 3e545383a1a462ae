"""Lengths that can be true of an eye, which is 24 mm long; what lies beyond is damage or µm."""

from __future__ import annotations

SCALE_LIMITS_MM = (1e-5, 1.0)
"""Size of a pixel in depth, of an A-scan, of an SLO pixel."""

GAP_LIMITS_MM = (1e-4, 10.0)
"""Distance between neighbouring B-scans."""

SPACING_LIMITS_MM = (GAP_LIMITS_MM, SCALE_LIMITS_MM, SCALE_LIMITS_MM)
"""Of ``(db, dz, dx)``."""


def possible(mm: float, limits: tuple[float, float]) -> bool:
    """Return whether `mm` lies within `limits`; NaN does not."""
    return limits[0] <= mm <= limits[1]
