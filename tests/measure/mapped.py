"""Scans over a known patch of fundus, with surfaces that follow a formula."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mirage_core.annotate import Annotation
from mirage_core.measure.fovea import Fovea
from mirage_core.measure.ground import Row
from mirage_core.measure.plane import plane_of
from mirage_core.measure.tables import ScanFigures
from mirage_core.scan import (
    ArrayPixels,
    Laterality,
    LinePosition,
    Provenance,
    Scan,
    ScanGeometry,
    ScanPattern,
    Spacing,
    State,
)

F64 = NDArray[np.float64]

DZ_MM = 0.004
HEIGHT = 64
SLO_MM = (0.012, 0.01)
SLO_MIDDLE = (400.0, 420.0)
"""SLO (row, col) px of the middle of every scan here."""


def raster(
    n: int = 97,
    width: int = 512,
    field_mm: tuple[float, float] = (6.6, 6.6),
    *,
    laterality: Laterality = Laterality.OD,
    superior_first: bool | None = False,
    rotation: float = 0.0,
    places_mm: NDArray[np.floating] | None = None,
    positions: bool = True,
) -> Scan:
    """Return B-scans side by side about :data:`SLO_MIDDLE`; `places_mm` are towards superior."""
    gap, dx = field_mm[0] / (n - 1), field_mm[1] / (width - 1)
    up = (np.arange(n) - (n - 1) / 2) * gap if places_mm is None else np.asarray(places_mm)
    if superior_first:
        up = up[::-1]
    spacing = Spacing.from_mm(float(np.median(np.abs(np.diff(up)))), DZ_MM, dx)
    lines = [((-field_mm[1] / 2, v), (field_mm[1] / 2, v)) for v in up]
    geometry = ScanGeometry(
        ScanPattern.RASTER,
        tuple(_on_slo(line, rotation) for line in lines) if positions else (),
        superior_first,
        SLO_MM if positions else None,
    )
    return _scan((len(up), HEIGHT, width), spacing, geometry, laterality)


def star(n: int = 24, width: int = 512, length_mm: float = 6.6) -> Scan:
    """Return radial B-scans through :data:`SLO_MIDDLE`."""
    angles = np.arange(n) * np.pi / n
    ends = np.stack([np.cos(angles), np.sin(angles)], axis=1) * length_mm / 2
    geometry = ScanGeometry(
        ScanPattern.RADIAL, tuple(_on_slo((-e, e), 0.0) for e in ends), None, SLO_MM
    )
    spacing = Spacing.from_mm(None, DZ_MM, length_mm / (width - 1))
    return _scan((n, HEIGHT, width), spacing, geometry, Laterality.OD)


def _on_slo(line: tuple[object, object], rotation: float) -> LinePosition:
    cos, sin = np.cos(rotation), np.sin(rotation)
    ends = []
    for x, y in np.asarray(line, float):
        x, y = cos * x - sin * y, sin * x + cos * y
        ends.append((SLO_MIDDLE[0] - y / SLO_MM[0], SLO_MIDDLE[1] + x / SLO_MM[1]))
    return LinePosition(ends[0], ends[1])


def _scan(
    shape: tuple[int, int, int], spacing: Spacing, geometry: ScanGeometry, eye: Laterality
) -> Scan:
    return Scan(ArrayPixels(np.broadcast_to(np.uint8(0), shape)), spacing, geometry, laterality=eye)


def places(scan: Scan) -> tuple[F64, F64]:
    """Return the places of A-scans from the scan's middle, mm to the right and up, ``[b, x]``."""
    plane = plane_of(scan)
    t = np.linspace(0, 1, plane.width)[:, None]
    lines = plane.lines_mm
    points = lines[:, None, 0] + t * (lines[:, None, 1] - lines[:, None, 0]) - plane.centre_mm
    return points[..., 0], points[..., 1]


def annotated(
    scan: Scan,
    thickness_um: Callable[[F64, F64], F64 | float],
    state: State = State.PREDICTED,
    upper: str = "ILM",
    lower: str = "BM",
) -> Annotation:
    """Return an annotation with a layer of a thickness that depends on the place (right, up)."""
    annotation = Annotation.empty(scan.shape)
    dz_mm = scan.spacing.z.mm or DZ_MM
    thick = np.broadcast_to(thickness_um(*places(scan)), (scan.n_b_scans, scan.shape[2]))
    top, bottom = (annotation.surfaces.index(name) for name in (upper, lower))
    annotation.surfaces.values[top] = 5.0
    annotation.surfaces.values[bottom] = 5.0 + thick / (dz_mm * 1000)
    annotation.states[[top, bottom]] = state
    annotation.states[-1] = state
    return annotation


def middle(scan: Scan) -> Fovea:
    """Return a fovea in the middle of the scan."""
    plane = plane_of(scan)
    return Fovea(*plane.grid_place(plane.centre_mm))


def row_of(figures: ScanFigures, structure: str, region: str, figure: str) -> Row:
    """Return the one row of that name."""
    (row,) = (
        r for r in figures.rows if (r.structure, r.region, r.figure) == (structure, region, figure)
    )
    return row


def value_of(figures: ScanFigures, structure: str, region: str, figure: str) -> float:
    """Return the value of the one row of that name."""
    return row_of(figures, structure, region, figure).measured.value


def typed(scan: Scan) -> Scan:
    """Return `scan` with the same spacing, typed by the user."""
    return scan.with_spacing(Spacing.from_mm(*scan.spacing.as_mm(), source=Provenance.USER))


def without_eye(scan: Scan) -> Scan:
    """Return `scan` of nobody knows which eye."""
    return replace(scan, laterality=Laterality.UNKNOWN)
