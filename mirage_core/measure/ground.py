"""Ground: what the figures of one scan stand on, and the rows they end in."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mirage_core.measure.annotated import Annotated
from mirage_core.measure.footprint import Footprints, footprints_of
from mirage_core.measure.fovea import Fovea, FoveaSource
from mirage_core.measure.fovea_search import estimate_fovea
from mirage_core.measure.measured import Measured, NotMeasuredError
from mirage_core.measure.plane import Plane, plane_of
from mirage_core.measure.slabs import NoSlabsError
from mirage_core.scan import AXES, Scan, ScanPattern, SpacingUnknownError, State

F64 = NDArray[np.float64]

_NOT_FOUND = "The fovea was not found: put it in its place to get figures about it."


@dataclass(frozen=True, slots=True)
class Row:
    """A figure and what it is of.

    Attributes
    ----------
    structure : str
        ``upper..lower`` of a layer, a mask class, ``drusen``, ``EZ loss``, ``fovea``, ``quality``.
    region : str
        A subfield, a circle by its diameter, a sector, ``whole scan``.
    figure : str
        What is measured.
    measured : Measured
    """

    structure: str
    region: str
    figure: str
    measured: Measured


@dataclass(frozen=True, eq=False)
class Ground:
    """A scan, what was drawn on it, and where that lies; or why it is not known where.

    Attributes
    ----------
    scan : Scan
    annotated : Annotated
    plane : Plane or None
    fovea : Fovea or None
    footprints : Footprints or None
    no_fovea, no_footprints, no_depth : str
        Why there is no place to measure about, no area and no scale; empty where there is.
    no_grid, no_volume : str
        Why thickness has no grid and fluid no volume: of these all that matters.
    turned_deg : float
        How far the grid is turned against the image, counter-clockwise with superior up: 0 but
        for a visit that is measured by the directions of another.
    """

    scan: Scan
    annotated: Annotated
    plane: Plane | None
    fovea: Fovea | None
    footprints: Footprints | None
    no_fovea: str = ""
    no_grid: str = ""
    no_footprints: str = ""
    no_volume: str = ""
    no_depth: str = ""
    turned_deg: float = 0.0

    @classmethod
    def of(
        cls,
        scan: Scan,
        annotated: Annotated,
        fovea: Fovea | None = None,
        turned_deg: float = 0.0,
    ) -> Ground:
        """Find out what is known; the fovea is sought unless it is given."""
        blind = ("z",) if scan.spacing.z.mm is None else ()
        no_depth = _unknown(blind)
        plane, no_plane, no_grid = None, "", no_depth
        try:
            plane = plane_of(scan)
        except SpacingUnknownError as error:
            no_plane, no_grid = str(error), _unknown((*error.axes, *blind))
        except NotMeasuredError as error:
            no_plane = no_grid = str(error)
        if plane is not None and fovea is None:
            fovea = estimate_fovea(scan, annotated.surfaces, plane)
        lost = fovea is None or fovea.source is FoveaSource.CENTRE
        no_fovea = no_plane or (_NOT_FOUND if lost else "")
        footprints, no_footprints, no_volume = None, "", no_depth
        try:
            footprints = footprints_of(scan)
        except SpacingUnknownError:
            missing = tuple(a for a in ("b", "x") if scan.spacing[a].mm is None)
            no_footprints, no_volume = _unknown(missing), _unknown((*missing, *blind))
        except NoSlabsError as error:
            no_footprints = no_volume = str(error)
        return cls(
            scan,
            annotated,
            plane,
            fovea,
            footprints,
            no_fovea,
            no_grid or no_fovea,
            no_footprints,
            no_volume,
            no_depth,
            turned_deg,
        )

    def about(self, fovea: Fovea) -> Ground:
        """Return the same about a fovea that a person puts; where it is sought, see :meth:`of`."""
        if self.plane is None:
            return replace(self, fovea=fovea)
        return replace(self, fovea=fovea, no_fovea="", no_grid=self.no_depth)

    @property
    def is_circle(self) -> bool:
        """Whether this is a circle scan, which has sectors instead of a grid."""
        return self.scan.geometry.pattern is ScanPattern.CIRCLE

    @property
    def fovea_mm(self) -> F64:
        """The fovea's ``(x, y)`` in the plane; only where `no_fovea` is empty."""
        assert self.plane is not None
        assert self.fovea is not None
        return self.plane.place_mm(self.fovea.b, self.fovea.x)

    @property
    def off_centre_mm(self) -> float:
        """How far the fovea lies from the middle of the scan."""
        assert self.plane is not None
        return float(np.hypot(*(self.fovea_mm - self.plane.centre_mm)))

    @property
    def places(self) -> str:
        """Where the places of A-scans came from."""
        if self.plane is not None and self.plane.from_positions:
            return "positions file"
        return ", ".join(f"{a} {self.scan.spacing[a].source.value}" for a in ("b", "x"))

    def approved(self, *structures: str) -> NDArray[np.bool_]:
        """Return on which B-scans a human approved all of `structures`, ``[b]``."""
        names, states = self.annotated.surfaces.names, self.annotated.states
        rows = [states[names.index(s)] if s in names else np.zeros_like(states[-1])
                for s in structures]  # fmt: skip
        out: NDArray[np.bool_] = (np.stack(rows) == State.APPROVED).all(axis=0)
        return out


def _unknown(axes: tuple[str, ...]) -> str:
    """Return the sentence that says which spacings are unknown; empty for none."""
    return str(SpacingUnknownError(tuple(a for a in AXES if a in axes))) if axes else ""
