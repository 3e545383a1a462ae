"""What is worked out of a scan at one time, for a background thread. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mirage_core.measure.fovea import Fovea
from mirage_viewer.canvas.fundus_figures import FundusGrid, HeatMap
from mirage_viewer.measuring.maps import MapChoice, Picture, grid_of, heat_of, make_map

if TYPE_CHECKING:
    from mirage_core.annotate import Annotation, Edit
    from mirage_core.engines.base import EngineInfo
    from mirage_core.measure.ground import Ground
    from mirage_core.measure.maps import EnFaceMap
    from mirage_core.measure.measured import Measured
    from mirage_core.measure.sought import LookedFor
    from mirage_core.measure.tables import ScanFigures
    from mirage_core.scan import Scan


@dataclass(frozen=True, eq=False)
class Seen:
    """What was worked out at one time.

    Attributes
    ----------
    figures : ScanFigures
    ground : Ground
        What they stand on.
    en_face : EnFaceMap or None
        The map that is wanted.
    heat : HeatMap or None
    grid : FundusGrid or None
    looked_for : mapping
        What the models that drew the masks look for.
    why : str
        Why there is no map although one is wanted, or nothing to lay it over.
    """

    figures: ScanFigures
    ground: Ground
    en_face: EnFaceMap | None
    heat: HeatMap | None
    grid: FundusGrid | None
    looked_for: LookedFor
    why: str = ""


def all_of(
    scan: Scan,
    annotation: Annotation,
    picture: Picture,
    fovea: Fovea | None,
    choice: MapChoice,
    smooth: bool,
    looked_for: LookedFor,
) -> Seen:
    """Measure everything, about `fovea` or the one that is found."""
    from mirage_core.measure.ground import Ground
    from mirage_core.measure.tables import measure_scan

    figures = measure_scan(scan, annotation, fovea, looked_for=looked_for)
    ground = Ground.of(scan, annotation, figures.fovea)
    return laid_over(figures, ground, annotation, picture, choice, smooth, looked_for)


def sought_by(done: Sequence[Edit], n_b_scans: int, engines: Sequence[EngineInfo]) -> LookedFor:
    """Return what the models that drew the masks look for."""
    from mirage_core.engines.looked_for import looked_for

    return looked_for(done, n_b_scans, engines)


def laid_over(
    figures: ScanFigures,
    ground: Ground,
    annotation: Annotation,
    picture: Picture,
    choice: MapChoice,
    smooth: bool,
    looked_for: LookedFor,
) -> Seen:
    """Return the same figures with another map over the picture."""
    en_face, why = make_map(choice, ground.scan, annotation, looked_for)
    heat = heat_of(en_face, picture, ground, smooth=smooth) if en_face is not None else None
    if en_face is not None and heat is None:
        why = picture.why_not or "Nothing is drawn yet."
    grid = nine_of(en_face, ground, annotation, picture)
    return Seen(figures, ground, en_face, heat, grid, looked_for, why)


def nine_of(
    en_face: EnFaceMap | None,
    ground: Ground,
    annotation: Annotation,
    picture: Picture,
    *,
    moving: bool = False,
) -> FundusGrid | None:
    """Return the grid with the nine means of a map; without a map those of the whole retina.

    While the fovea is `moving` they are taken on a coarser grid: within a fifth of a µm.
    """
    from mirage_core.measure.etdrs import STEP_MM
    from mirage_core.measure.grid import map_grid

    if en_face is None:
        en_face, _ = make_map(MapChoice(), ground.scan, annotation)
    if ground.plane is None or ground.fovea is None:
        return None
    step_mm = 2 * STEP_MM if moving else STEP_MM
    cells = map_grid(ground, en_face, step_mm) if en_face is not None else _dashes()
    return grid_of(ground, cells, picture)


def _dashes() -> tuple[Measured, ...]:
    from mirage_core.measure.etdrs import SUBFIELDS
    from mirage_core.measure.measured import refused

    return (refused("There is no ILM and no BM in this annotation.", "um"),) * len(SUBFIELDS)
