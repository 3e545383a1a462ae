"""What is seen of two visits: both fundus pictures in one frame, maps, grids, and the change.

For a background thread. No Qt.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mirage_core.measure.fovea import FoveaSource
from mirage_core.scan import Scan, SpacingUnknownError
from mirage_viewer.canvas.en_face import can_project, project, row_aspect
from mirage_viewer.canvas.fundus_figures import FundusFrame, FundusGrid, HeatMap
from mirage_viewer.follow_up.words import signed
from mirage_viewer.measuring.maps import MapChoice, Picture, grid_of, heat_of, make_map

if TYPE_CHECKING:
    from mirage_core.measure.followup import FollowUp, Visit
    from mirage_core.measure.ground import Ground
    from mirage_core.measure.maps import EnFaceMap
    from mirage_core.measure.measured import Measured
    from mirage_core.measure.registration import Registration

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
U8 = NDArray[np.uint8]

_STEP_MM = 0.03
_LEAST_UM = 20.0
_ROUND_UM = 10.0
_NOT_TOGETHER = "The visits are not brought together: there is no map of the change."
_BLACK = np.zeros((1, 1), np.uint8)


@dataclass(frozen=True, eq=False)
class Fundus:
    """One fundus picture.

    Attributes
    ----------
    image : uint8 array ``[row, col]``
    mm_per_px : (float, float) or None
        Of rows and columns.
    aspect : float
        Height of a row over the width of a column.
    """

    image: U8
    mm_per_px: tuple[float, float] | None
    aspect: float


@dataclass(frozen=True, eq=False)
class Side:
    """One visit as it is seen.

    Attributes
    ----------
    fundus : Fundus
        In its own pixels.
    heat : HeatMap or None
    grid : FundusGrid or None
        Both in the frame of the first visit, where the visits are brought together.
    why : str
        Why there is no map.
    """

    fundus: Fundus
    heat: HeatMap | None
    grid: FundusGrid | None
    why: str = ""


@dataclass(frozen=True, eq=False)
class Pictures:
    """Two visits and their change, as they are seen.

    Attributes
    ----------
    first, second : Side
    registration : Registration or None
        None: each is in a frame of its own.
    change : HeatMap or None
        In um, thicker is positive.
    area_px : (float, float, float, float)
        ``(row, col, rows, cols)`` of the first picture that the change is drawn over.
    change_grid : FundusGrid or None
        With the changes of the nine means.
    why : str
        Why there is no change to be seen.
    """

    first: Side
    second: Side
    registration: Registration | None
    change: HeatMap | None = None
    area_px: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    change_grid: FundusGrid | None = None
    why: str = ""


class CarriedPicture(Picture):
    """The fundus picture of the first visit, and how what the second saw comes onto it.

    Parameters
    ----------
    second, first : Scan
    registration : Registration
    """

    def __init__(self, second: Scan, first: Scan, registration: Registration) -> None:
        super().__init__(second)
        assert first.slo is not None  # without one nothing is brought together
        self._size = first.slo.shape[:2]
        self._matrix = registration.matrix

    def frame(self, ground: Ground) -> FundusFrame | None:
        """Return how mm of the second visit lie on the first picture."""
        own = super().frame(ground)
        if own is None:
            return None
        back = np.linalg.inv(self._matrix[:, :2])
        linear = back @ own.matrix[:, :2]
        shift = back @ (own.matrix[:, 2] - self._matrix[:, 2])
        return FundusFrame(np.column_stack([linear, shift]))

    def painted(self, values: F32, ground: Ground, *, smooth: bool) -> F32:
        """Return a map ``[b, x]`` on cells over the first picture; it is always interpolated."""
        if self.frame(ground) is None:  # a circle covers no area that could be moved
            return np.full((1, 1), np.nan, np.float32)
        return super().painted(values, ground, smooth=True)


def pictures_of(
    visits: tuple[Visit, Visit], found: FollowUp, pair: tuple[str, str], sides: tuple[Fundus, ...]
) -> Pictures:
    """Return what is seen of two visits with the thickness between a pair of surfaces."""
    from mirage_core.measure.ground import Ground

    choice = MapChoice(upper=pair[0], lower=pair[1])
    scans = visits[0].scan, visits[1].scan
    registration = found.registration
    own: tuple[Picture, Picture] = Picture(scans[0]), Picture(scans[1])
    if registration is not None:
        own = own[0], CarriedPicture(scans[1], scans[0], registration)
    grounds = [
        Ground.of(visit.scan, visit.annotated, figures.fovea, turned)
        for visit, figures, turned in zip(
            visits, found.figures, (0.0, found.turned_deg), strict=True
        )
    ]
    maps = [make_map(choice, v.scan, v.annotated) for v in visits]  # type: ignore[arg-type]
    high = _common_high([m for m, _ in maps if m is not None])
    seen, cells = [], []
    for (en_face, why), ground, picture, fundus in zip(maps, grounds, own, sides, strict=True):
        heat = heat_of(en_face, picture, ground, smooth=True) if en_face is not None else None
        if heat is not None and high is not None:
            heat = replace(heat, low=high[0], high=high[1])
        nine = _nine(en_face, ground)
        cells.append(nine)
        grid = grid_of(ground, nine, picture) if nine is not None else None
        seen.append(Side(fundus, heat, grid, why or ("" if heat is not None else picture.why_not)))
    first, second = seen
    if registration is None:
        return Pictures(first, second, None, why=_NOT_TOGETHER)
    if first.grid is not None and cells[1] is not None and _on_one_place(found):
        second = replace(second, grid=_same_place(first.grid, cells[1]))
    return _with_change(
        Pictures(first, second, registration), visits, found, pair, (cells[0], cells[1])
    )


def fundus_of(scan: Scan) -> Fundus:
    """Return the SLO, else the en-face picture, of which every B-scan is read."""
    if scan.slo is not None:
        mm = scan.geometry.slo_mm_per_px
        image = np.ascontiguousarray(scan.slo)
        return Fundus(image, mm, mm[0] / mm[1] if mm is not None else 1.0)
    if not can_project(scan):
        return Fundus(_BLACK, None, 1.0)
    db, dx = scan.spacing.b.mm, scan.spacing.x.mm
    mm = (db, dx) if db is not None and dx is not None else None
    return Fundus(project(scan).image, mm, row_aspect(scan))


def scale_of_change_um(values: F32) -> float:
    """Return where the scale of a change ends, both ways: what all but 2 % keep to, rounded up."""
    known = np.abs(values[np.isfinite(values)])
    most = float(np.percentile(known, 98)) if known.size else 0.0
    return max(_LEAST_UM, math.ceil(most / _ROUND_UM) * _ROUND_UM)


def _with_change(
    pictures: Pictures,
    visits: tuple[Visit, Visit],
    found: FollowUp,
    pair: tuple[str, str],
    cells: tuple[tuple[Measured, ...] | None, tuple[Measured, ...] | None],
) -> Pictures:
    from mirage_core.measure.followup import difference_map
    from mirage_core.measure.measured import NotMeasuredError
    from mirage_core.measure.plane import plane_of
    from mirage_core.measure.thickness import missing_surfaces

    assert found.registration is not None
    for visit, which in zip(visits, ("first", "second"), strict=True):
        why = missing_surfaces(visit.annotated.surfaces, pair)
        if why:
            return replace(pictures, why=f"At the {which} visit: {why}")
    fovea = found.figures[0].fovea
    try:
        plane = plane_of(visits[0].scan)
        assert fovea is not None
        centre = plane.place_mm(fovea.b, fovea.x)
        # As far as the scan reaches from the fovea, whichever way.
        half = float(np.abs(plane.lines_mm.reshape(-1, 2) - centre).max()) + _STEP_MM
        half = math.ceil(half / _STEP_MM) * _STEP_MM
        first = replace(visits[0], fovea=fovea)
        values = difference_map(first, visits[1], found.registration, pair, half, _STEP_MM)
    except (NotMeasuredError, SpacingUnknownError) as error:
        return replace(pictures, why=str(error))
    if not np.isfinite(values).any():
        return replace(pictures, why="The two scans do not overlap where both are known.")
    ends = scale_of_change_um(values)
    change = HeatMap("Change", values, -ends, ends, "µm", smooth=True)
    rows_mm, cols_mm = visits[0].scan.geometry.slo_mm_per_px or (1.0, 1.0)
    middle = -centre[1] / rows_mm, centre[0] / cols_mm
    rows, cols = 2 * half / rows_mm, 2 * half / cols_mm
    area = middle[0] - rows / 2, middle[1] - cols / 2, rows, cols
    # Of grids on different tissue there is no difference to tell.
    grid = pictures.first.grid if _on_one_place(found) else None
    if grid is not None and None not in cells:
        grown = tuple(
            replace(
                cell,
                text=_signed(one.value, other.value),
                quiet=cell.quiet or not other.approved >= 0.9995,
            )
            for cell, one, other in zip(grid.cells, cells[0], cells[1], strict=True)  # type: ignore[arg-type]
        )
        grid = replace(grid, cells=grown)
    return replace(pictures, change=change, area_px=area, change_grid=grid)


def _on_one_place(found: FollowUp) -> bool:
    """Return whether the second visit is measured about the place of the first's fovea."""
    return found.fovea is not None and found.fovea.source is FoveaSource.OTHER_VISIT


def _same_place(grid: FundusGrid, cells: tuple[Measured, ...]) -> FundusGrid:
    """Return `grid` with other figures: in its frame both grids lie on each other."""
    figures = tuple(
        replace(cell, text=measured.text, quiet=not measured.approved >= 0.9995)
        for cell, measured in zip(grid.cells, cells, strict=True)
    )
    return replace(grid, cells=figures)


def _signed(first: float, second: float) -> str:
    change = second - first
    return "–" if change != change else signed(change, 0)


def _nine(en_face: EnFaceMap | None, ground: Ground) -> tuple[Measured, ...] | None:
    from mirage_core.measure.grid import map_grid

    if en_face is None or ground.plane is None or ground.fovea is None:
        return None
    return map_grid(ground, en_face)


def _common_high(maps: list[EnFaceMap]) -> tuple[float, float] | None:
    """Return one scale for both visits: colours that can be compared."""
    known = [m.values[np.isfinite(m.values)] for m in maps]
    known = [k for k in known if k.size]
    if not known or maps[0].surfaces in (("ILM", "BM"), ("ILM", "RPE")):
        return None
    low, high = np.percentile(np.concatenate(known), (1, 99))
    low, high = 10 * math.floor(low / 10), 10 * math.ceil(high / 10)
    return float(low), float(max(high, low + 20))
