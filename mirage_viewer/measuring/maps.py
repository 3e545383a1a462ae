"""Maps and grid of a scan as they lie over its fundus picture; for a background thread. No Qt.

The core is imported when first needed: it brings scipy, and the window starts without.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mirage_core.scan import Laterality, Scan, ScanPattern, SpacingUnknownError, State
from mirage_core.scan.fundus_map import FundusMap
from mirage_viewer.canvas.fundus_figures import FundusFrame, FundusGrid, GridCell, HeatMap

if TYPE_CHECKING:
    from mirage_core.annotate import Annotation
    from mirage_core.measure.ground import Ground
    from mirage_core.measure.maps import EnFaceMap
    from mirage_core.measure.measured import Measured
    from mirage_core.measure.sampling import Sampled
    from mirage_core.measure.sought import LookedFor

F32 = NDArray[np.float32]

SET_SPACING = "Set the spacing (Scan menu, Ctrl+M) to get figures in µm and mm."
_CELLS = 320
RETINA_UM = (150.0, 450.0)
"""Of the whole retina the scale is the same for every eye."""
_LETTERS_MM = 3.32
_NO_PICTURE = "Where the B-scans lie on the fundus is not known: there is nothing to lay it over."


class MapKind(StrEnum):
    """What a map shows."""

    NONE = "none"
    THICKNESS = "thickness"
    DRUSEN = "drusen"
    MARKED = "marked"


@dataclass(frozen=True, slots=True)
class MapChoice:
    """The map that is wanted.

    Attributes
    ----------
    kind : MapKind
    upper, lower : str
        Surfaces of a thickness map.
    value : int
        Mask class of a map of what is marked.
    """

    kind: MapKind = MapKind.THICKNESS
    upper: str = "ILM"
    lower: str = "BM"
    value: int = 0


class Picture:
    """The fundus picture of one scan, and how maps and places come onto it.

    Parameters
    ----------
    scan : Scan
    """

    def __init__(self, scan: Scan) -> None:
        self._scan = scan
        self._projected = scan.slo is None
        n, _, width = scan.shape
        self._size = scan.slo.shape[:2] if scan.slo is not None else (n, width)
        self._nearest: FundusMap | None = None
        self._between: Sampled | None = None
        self._frame: FundusFrame | None = None
        self._cells = (0, 0)

    @property
    def why_not(self) -> str:
        """Why nothing can be laid over it; empty where it can."""
        geometry = self._scan.geometry
        if self._projected:
            stacked = geometry.pattern in (ScanPattern.RASTER, ScanPattern.UNKNOWN)
            return "" if stacked and self._scan.n_b_scans > 2 else _NO_PICTURE
        return "" if geometry.positions else _NO_PICTURE

    def _point(self, b: int, x: float) -> tuple[float, float]:
        scan = self._scan
        if self._projected:
            flipped = scan.geometry.superior_to_inferior is False
            return float(scan.n_b_scans - 1 - b if flipped else b), x
        point = scan.geometry.slo_point(b, x, scan.shape[2])
        assert point is not None
        return point

    def frame(self, ground: Ground) -> FundusFrame | None:
        """Return how mm lie on the picture, None where they do not."""
        if ground.plane is None or self.why_not:
            return None
        if self._frame is None:  # of a scan there is one, wherever the fovea is
            n, _, width = self._scan.shape
            points = [(self._point(b, 0.0), self._point(b, width - 1.0)) for b in range(n)]
            lines = ground.plane.lines_mm.reshape(-1, 2)
            self._frame = FundusFrame.fitted(lines, np.reshape(points, (-1, 2)))
        return self._frame

    def painted(self, values: F32, ground: Ground, *, smooth: bool) -> F32:
        """Return a map ``[b, x]`` on cells over the whole picture, NaN where it has none.

        With `smooth` it is interpolated between A-scans and B-scans.
        """
        if self._projected:
            flipped = self._scan.geometry.superior_to_inferior is False
            return np.ascontiguousarray(values[::-1] if flipped else values)
        frame = self.frame(ground) if smooth else None
        if frame is None or ground.plane is None:
            if self._nearest is None:
                self._nearest = FundusMap(self._scan.geometry, self._size)
            return self._nearest.painted(values)
        if self._between is None:
            step = max(1.0, max(self._size) / _CELLS)
            self._cells = round(self._size[0] / step), round(self._size[1] / step)
            rows, columns = (
                (np.arange(n) + 0.5) * size / n - 0.5
                for n, size in zip(self._cells, self._size, strict=True)
            )
            points = np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1)
            self._between = ground.plane.sample(frame.to_mm(points.reshape(-1, 2)))
        return self._between.of(values).reshape(self._cells).astype(np.float32)


def make_map(
    choice: MapChoice, scan: Scan, annotation: Annotation, looked_for: LookedFor | None = None
) -> tuple[EnFaceMap | None, str]:
    """Return the map that is wanted, or None and why there is none.

    `looked_for` is what models look for of a class that is marked nowhere.
    """
    from mirage_core.measure.lesion_columns import LesionColumns
    from mirage_core.measure.maps import drusen_map, fluid_maps, thickness_map
    from mirage_core.measure.sought import NOT_SOUGHT, sought_b_scans
    from mirage_core.measure.thickness import missing_surfaces

    surfaces, spacing = annotation.surfaces, scan.spacing
    pair = ("RPE", "BM") if choice.kind is MapKind.DRUSEN else (choice.upper, choice.lower)
    if choice.kind in (MapKind.THICKNESS, MapKind.DRUSEN):
        why = missing_surfaces(surfaces, pair)
        if why:
            return None, why
    try:
        if choice.kind is MapKind.THICKNESS:
            return thickness_map(surfaces, *pair, spacing), ""
        if choice.kind is MapKind.DRUSEN:
            return drusen_map(surfaces, spacing), ""
        if choice.kind is MapKind.MARKED:
            states, masks = annotation.states[-1], annotation.masks
            if not (states != State.UNSEEN).any():
                return None, "Nobody has looked for fluid or lesions yet."
            values = [c.value for c in masks.scheme]
            at = values.index(choice.value)
            marked = LesionColumns.of(masks).b_scans(choice.value)
            sought = sought_b_scans(states, marked, masks.scheme.classes[at].name, looked_for)
            if not sought.any():
                return None, NOT_SOUGHT
            return fluid_maps(masks, spacing, sought)[at], ""
    except SpacingUnknownError as error:
        return None, f"{error.missing} {SET_SPACING}"
    return None, ""


def heat_of(
    en_face: EnFaceMap, picture: Picture, ground: Ground, *, smooth: bool
) -> HeatMap | None:
    """Return a map in colours over the picture; None where nothing of it is known."""
    known = en_face.values[np.isfinite(en_face.values)]
    if not known.size or picture.why_not:
        return None
    low, high = _range_um(en_face, known)
    values = picture.painted(en_face.values, ground, smooth=smooth)
    return HeatMap(en_face.title, values, low, high, "µm", smooth)


def _range_um(en_face: EnFaceMap, known: F32) -> tuple[float, float]:
    if en_face.surfaces in (("ILM", "BM"), ("ILM", "RPE")):
        return RETINA_UM
    low, high = (float(v) for v in np.percentile(known, (1, 99)))
    if not en_face.surfaces or en_face.title.startswith("Height"):
        low = 0.0  # nothing is nothing
        high = max(high, float(known.max()) / 2)
    low, high = 10 * np.floor(low / 10), 10 * np.ceil(high / 10)
    return float(low), float(max(high, low + 20))


def grid_of(ground: Ground, cells: tuple[Measured, ...], picture: Picture) -> FundusGrid | None:
    """Return the grid over the picture with `cells` in the order of the subfields."""
    from mirage_core.measure.etdrs import RADII_MM

    frame = picture.frame(ground)
    if frame is None or ground.plane is None or ground.fovea is None:
        return None
    nasal = -1.0 if ground.scan.laterality is Laterality.OS else 1.0
    ways = ((0.0, 1.0), (nasal, 0.0), (0.0, -1.0), (-nasal, 0.0))
    rings = ((RADII_MM[0] + RADII_MM[1]) / 2, (RADII_MM[1] + RADII_MM[2]) / 2)
    places = [(0.0, 0.0), *((r * x, r * y) for r in rings for x, y in ways)]
    figures = tuple(
        GridCell(x, y, cell.text, not cell.approved >= 0.9995)
        for (x, y), cell in zip(places, cells, strict=True)
    )
    sides = []
    for letter, (x, y) in zip("SNIT", ways, strict=True):
        # Without superior nothing says that B-scans are horizontal, and so nasal is not known.
        known = ground.plane.superior_known and (
            letter in "SI" or ground.scan.laterality is not Laterality.UNKNOWN
        )
        if known:
            sides.append(GridCell(_LETTERS_MM * x, _LETTERS_MM * y, letter))
    centre = ground.plane.place_mm(ground.fovea.b, ground.fovea.x)
    return FundusGrid(frame, centre, RADII_MM, figures, tuple(sides))
