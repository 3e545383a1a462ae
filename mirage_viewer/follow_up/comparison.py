"""Comparison: two visits as they were compared at one time; for a background thread. No Qt."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mirage_viewer.follow_up.pictures import Fundus, Pictures, fundus_of, pictures_of
from mirage_viewer.follow_up.visits import VisitLine, doubts_of

if TYPE_CHECKING:
    from mirage_core.measure.followup import FollowUp, Visit
    from mirage_core.measure.registration import Registration


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two visits, what changed, and what is seen of it.

    Attributes
    ----------
    lines : (VisitLine, VisitLine)
    visits : (Visit, Visit)
    found : FollowUp
    pictures : Pictures
    start : Registration or None
        What a person can go on from: the registration, or the images middle on middle; None where
        there is no SLO to move.
    why_not_moved : str
        Why nothing can be moved.
    """

    lines: tuple[VisitLine, VisitLine]
    visits: tuple[Visit, Visit]
    found: FollowUp
    pictures: Pictures
    start: Registration | None
    why_not_moved: str = ""

    @property
    def registration(self) -> Registration | None:
        """How the visits were brought together."""
        return self.found.registration

    @property
    def titles(self) -> dict[str, str]:
        """Titles of mask classes, by name."""
        return {c.name: c.title for v in self.visits for c in v.annotated.masks.scheme}

    @property
    def surfaces(self) -> tuple[str, ...]:
        """Surfaces drawn at both visits."""
        names = [
            {n for n in v.annotated.surfaces.names if np.isfinite(v.annotated.surfaces[n]).any()}
            for v in self.visits
        ]
        return tuple(n for n in self.visits[0].annotated.surfaces.names if n in names[0] & names[1])


def compare(
    lines: tuple[VisitLine, VisitLine],
    visits: tuple[Visit, Visit],
    registration: Registration | None,
    pair: tuple[str, str],
    fundus: dict[str, Fundus],
) -> Comparison:
    """Compare two visits.

    Parameters
    ----------
    lines, visits
    registration : Registration or None
        None: it is sought.
    pair : (str, str)
        Surfaces of the maps.
    fundus : dict
        Pictures made earlier, by scan id; those made now are added.

    Raises
    ------
    NotMeasuredError
        If the scans are of different eyes.
    """
    from mirage_core.measure.followup import follow_up, nominal_scale, slo_images
    from mirage_core.measure.registration import NotRegisteredError, start_of

    found = follow_up(*visits, well_known(visits, registration))
    found = replace(found, warnings=(*doubts_of(lines), *found.warnings))
    start, why = found.registration, ""
    if start is None:
        scans = visits[0].scan, visits[1].scan
        try:
            start = start_of(*slo_images(*scans), nominal_scale(*scans))
        except NotRegisteredError as error:
            why = str(error)
    for line, visit in zip(lines, visits, strict=True):
        if line.id not in fundus:
            fundus[line.id] = fundus_of(visit.scan)
    sides = tuple(fundus[line.id] for line in lines)
    pictures = pictures_of(visits, found, pair, sides)
    return Comparison(lines, visits, found, pictures, start, why)


def with_maps(before: Comparison, pair: tuple[str, str]) -> Comparison:
    """Return the same comparison with maps of another pair of surfaces."""
    sides = before.pictures.first.fundus, before.pictures.second.fundus
    return replace(before, pictures=pictures_of(before.visits, before.found, pair, sides))


def well_known(
    visits: tuple[Visit, Visit], registration: Registration | None
) -> Registration | None:
    """Return a registration with how well it fits, which is worked out where it is not known."""
    if registration is None or registration.alike == registration.alike:
        return registration
    from mirage_core.measure.followup import slo_images
    from mirage_core.measure.registration import judged

    scans = visits[0].scan, visits[1].scan
    return judged(*slo_images(*scans), registration.matrix, registration.source)
