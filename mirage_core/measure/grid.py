"""The nine subfields of any map of a scan: what lies over the fundus."""

from __future__ import annotations

import numpy as np

from mirage_core.measure.etdrs import STEP_MM, SUBFIELDS, etdrs_samples
from mirage_core.measure.ground import Ground
from mirage_core.measure.layer_rows import unknown_sides
from mirage_core.measure.maps import EnFaceMap
from mirage_core.measure.measured import Basis, Measured, covered, refused, spacing_words
from mirage_core.scan import State


def map_grid(ground: Ground, en_face: EnFaceMap, step_mm: float = STEP_MM) -> tuple[Measured, ...]:
    """Return the means of a map in the nine :data:`SUBFIELDS` about the fovea.

    Of a layer they are those of its rows in the table. Refused as those are: where too little
    is known, or a side, a scale or the fovea is not. A coarser `step_mm` than that of the table
    is for a fovea that is still being moved.
    """
    basis = Basis(en_face.surfaces, f"{spacing_words(ground.scan.spacing, 'z')}, {ground.places}")
    unit = en_face.unit
    if ground.no_grid:
        return (refused(ground.no_grid, unit, basis),) * len(SUBFIELDS)
    assert ground.plane is not None
    regions = etdrs_samples(
        ground.plane, ground.fovea_mm, ground.scan.laterality, step_mm, ground.turned_deg
    )
    averages = regions.of(en_face.values)
    if en_face.surfaces:
        approved = ground.approved(*en_face.surfaces)
    else:
        approved = ground.annotated.states[-1] == State.APPROVED
    shares = regions.share_of(np.asarray(approved))
    sides = unknown_sides(ground)
    cells = []
    for i, region in enumerate(SUBFIELDS):
        why = next((why for word, why in sides.items() if word in region), "")
        mean, coverage = float(averages.mean[i]), float(averages.coverage[i])
        cell = covered(mean, unit, basis, coverage, float(shares[i]))
        cells.append(refused(why, unit, basis) if why else cell)
    return tuple(cells)
