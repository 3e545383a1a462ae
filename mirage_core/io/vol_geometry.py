"""Scan pattern, B-scan positions and spacing of a Heidelberg .vol file."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mirage_core.io.limits import GAP_LIMITS_MM, SCALE_LIMITS_MM, possible
from mirage_core.io.positions_mm import line_positions, superior_first, usual_gap_mm
from mirage_core.io.vol_layout import BScanHeaders, VolHeader
from mirage_core.scan import (
    CirclePosition,
    Laterality,
    Length,
    Position,
    Provenance,
    ScanGeometry,
    ScanPattern,
    Spacing,
)
from mirage_core.scan.spacing import UNKNOWN_LENGTH

F64 = NDArray[np.float64]

# 3 is a volume, 4 the fast volume, 5 the star of lines.
_PATTERNS = {
    1: ScanPattern.LINE,
    2: ScanPattern.CIRCLE,
    3: ScanPattern.RASTER,
    4: ScanPattern.RASTER,
    5: ScanPattern.RADIAL,
}
_FARTHEST_MM = 100.0
CIRCLE_OF_UNKNOWN_EYE = (
    "The file does not say which eye this is: the circle is drawn as for a right eye."
)


@dataclass(frozen=True, slots=True)
class Layout:
    """Geometry and spacing of one file, and what the user should know about them."""

    geometry: ScanGeometry
    spacing: Spacing
    notes: tuple[str, ...]


def layout_of(header: VolHeader, b_scans: BScanHeaders, laterality: Laterality) -> Layout:
    """Return geometry and spacing of a .vol file.

    The file gives, per B-scan, start and end in mm from the SLO's upper left corner (y
    downwards). The length of a line is ``size_x`` times the lateral scale, so the end lies one
    A-scan beyond the last; in SLO px the position here ends on the last A-scan itself. Circles
    keep a point of the circle as start (temporal, where the TSNIT profile begins) and the
    centre as end; A-scans run temporal, superior, nasal, inferior: clockwise on the image of a
    right eye, anticlockwise on that of a left eye.
    """
    notes: list[str] = []
    start, end = b_scans.start_mm, b_scans.end_mm
    usable = bool(np.all(np.abs(np.concatenate([start, end])) < _FARTHEST_MM))
    pattern = _PATTERNS.get(header.scan_pattern, ScanPattern.UNKNOWN)
    if pattern is ScanPattern.UNKNOWN and usable:
        pattern = _pattern_of_lines(start, end)
    slo_scale = _scale(header.slo_scale_y_mm), _scale(header.slo_scale_x_mm)
    slo_mm_per_px = None
    positions: tuple[Position, ...] = ()
    if slo_scale[0] is not None and slo_scale[1] is not None:
        slo_mm_per_px = (slo_scale[0], slo_scale[1])
        if usable:
            positions = _positions(pattern, start, end, slo_mm_per_px, header.size_x, laterality)
    if not positions:
        notes.append("The B-scan positions in the file are missing or damaged; none are shown.")
    elif pattern is ScanPattern.CIRCLE and laterality is Laterality.UNKNOWN:
        notes.append(CIRCLE_OF_UNKNOWN_EYE)
    raster = pattern is ScanPattern.RASTER
    gap = _gap(header, start, end, usable, notes) if raster else UNKNOWN_LENGTH
    z, x = _scale(header.scale_z_mm), _scale(header.scale_x_mm)
    for value, what in ((z, "depth"), (x, "lateral")):
        if value is None:
            notes.append(f"The {what} scale in the file cannot be true; it counts as unknown.")
    return Layout(
        ScanGeometry(
            pattern=pattern,
            positions=positions,
            superior_to_inferior=superior_first(start, end) if raster and usable else None,
            slo_mm_per_px=slo_mm_per_px,
        ),
        Spacing(gap, _length(z), _length(x)),
        tuple(notes),
    )


def _gap(header: VolHeader, start: F64, end: F64, usable: bool, notes: list[str]) -> Length:
    """Return the gap between B-scans: the header's, else the positions' median."""
    derived = usual_gap_mm(start, end) if usable else None
    stored = header.distance_mm
    if not possible(stored, GAP_LIMITS_MM):
        return _length(derived, Provenance.DERIVED)
    if derived is not None and abs(derived - stored) > 0.1 * stored:
        notes.append(
            f"The file gives a gap of {stored:.4f} mm between B-scans, their positions "
            f"{derived:.4f} mm; figures use the positions."
        )
    return _length(stored)


def _pattern_of_lines(start: F64, end: F64) -> ScanPattern:
    """Return the pattern that start and end points ``[b, (x, y)]`` show, where the file is mute."""
    along = end - start
    lengths = np.hypot(along[:, 0], along[:, 1])
    if not np.all(lengths > 0):
        return ScanPattern.UNKNOWN
    if len(along) == 1:
        return ScanPattern.LINE
    unit = along / lengths[:, None]
    parallel = bool(np.all(unit @ unit[0] > math.cos(math.radians(1))))
    return ScanPattern.RASTER if parallel else ScanPattern.UNKNOWN


def _positions(
    pattern: ScanPattern,
    start_mm: F64,
    end_mm: F64,
    slo_mm_per_px: tuple[float, float],
    n_a_scans: int,
    laterality: Laterality,
) -> tuple[Position, ...]:
    """Return positions in SLO px, empty if one of them has no length."""
    scale = np.array(slo_mm_per_px)
    start = start_mm[:, ::-1] / scale  # (x, y) mm to (row, col) px
    end = end_mm[:, ::-1] / scale
    if np.any(np.all(start == end, axis=1)):
        return ()
    if pattern is ScanPattern.CIRCLE:
        direction = _direction(laterality)
        return tuple(_circle(s, c, direction) for s, c in zip(start, end, strict=True))
    return line_positions(start_mm, end_mm, slo_mm_per_px, n_a_scans)


def circles_of(geometry: ScanGeometry, laterality: Laterality) -> ScanGeometry:
    """Return `geometry` with its circles running temporal, superior, nasal in that eye."""
    positions = tuple(
        replace(p, direction=_direction(laterality)) if isinstance(p, CirclePosition) else p
        for p in geometry.positions
    )
    return replace(geometry, positions=positions)


def _direction(laterality: Laterality) -> int:
    """Return how A-scans advance on the image: 1 clockwise, -1 anticlockwise."""
    return -1 if laterality is Laterality.OS else 1


def _circle(start: F64, center: F64, direction: int) -> CirclePosition:
    d_row, d_col = start - center
    return CirclePosition(
        center=(float(center[0]), float(center[1])),
        radius=math.hypot(d_row, d_col),
        start_angle=math.atan2(d_row, d_col),
        direction=direction,
    )


def _scale(mm: float) -> float | None:
    return mm if possible(mm, SCALE_LIMITS_MM) else None


def _length(mm: float | None, source: Provenance = Provenance.FILE) -> Length:
    return UNKNOWN_LENGTH if mm is None else Length(mm, source)
