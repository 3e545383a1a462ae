"""Two visits of one eye: the same places in both, what changed, and what makes that doubtful."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mirage_core.measure.annotated import Annotated
from mirage_core.measure.fovea import Fovea, FoveaSource
from mirage_core.measure.fovea_search import estimate_fovea
from mirage_core.measure.ground import Row
from mirage_core.measure.measured import NotMeasuredError
from mirage_core.measure.plane import Plane, plane_of
from mirage_core.measure.registration import (
    NotRegisteredError,
    Registration,
    RegistrationSource,
    register,
)
from mirage_core.measure.sought import LookedFor
from mirage_core.measure.tables import ScanFigures, measure_scan
from mirage_core.measure.thickness import thickness_um
from mirage_core.measure.visit_differences import differences
from mirage_core.scan import Laterality, Provenance, Scan, SpacingUnknownError

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

_SCALE_ALIKE = 0.03
_LEFT_OVER_MM = 0.05
_FOVEAS_APART_MM = 0.1
_OWN_FOVEAS = "Each visit is measured about its own fovea: places on the SLO are not known."
_NO_STRUCTURES = ("fovea", "quality")


@dataclass(frozen=True, eq=False)
class Visit:
    """One visit: the scan and what was drawn on it.

    Attributes
    ----------
    scan : Scan
    annotated : Annotated
    fovea : Fovea or None
        None: it is sought.
    looked_for : mapping or None
        Which lesions the model that drew the masks looks for; None: not known.
    """

    scan: Scan
    annotated: Annotated
    fovea: Fovea | None = None
    looked_for: LookedFor | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One figure at both visits.

    Attributes
    ----------
    structure, region, figure, unit : str
    first, second : float
        NaN where it is refused.
    change : float
        Second less first; NaN unless both are known.
    note : str
        Why there is no change to tell.
    first_approved, second_approved : float
        Share of the region that a human approved, 0..1; NaN where that is not known.
    """

    structure: str
    region: str
    figure: str
    unit: str
    first: float
    second: float
    change: float
    note: str
    first_approved: float = float("nan")
    second_approved: float = float("nan")


@dataclass(frozen=True, eq=False)
class FollowUp:
    """What two visits say together.

    Attributes
    ----------
    registration : Registration or None
        None where the images could not be brought together; then every visit is measured about
        its own fovea, and there is no difference map.
    fovea : Fovea or None
        Of the second visit: that of the first, carried over, where registered.
    turned_deg : float
        How far the second's grid is turned against its image to have the first's directions;
        counter-clockwise with superior up, 0 where not registered.
    figures : (ScanFigures, ScanFigures)
    changes : tuple of Change
        In the order of the first visit's rows.
    warnings : tuple of str
        What makes changes doubtful.
    """

    registration: Registration | None
    fovea: Fovea | None
    turned_deg: float
    figures: tuple[ScanFigures, ScanFigures]
    changes: tuple[Change, ...]
    warnings: tuple[str, ...]


def follow_up(first: Visit, second: Visit, registration: Registration | None = None) -> FollowUp:
    """Compare two visits; takes seconds, for a background thread.

    The fovea of the first visit is carried to the second by the vessels of the SLO images, and the
    grid is turned as the second image is, so that both grids lie on the same tissue.

    Parameters
    ----------
    first, second : Visit
    registration : Registration, optional
        By default it is sought. One that a person made is warned of.

    Raises
    ------
    NotMeasuredError
        If the scans are known to be of different eyes.
    """
    eyes = {first.scan.laterality, second.scan.laterality}
    if eyes == {Laterality.OD, Laterality.OS}:
        raise NotMeasuredError("One scan is of a right eye, the other of a left eye.")
    warnings = list(differences(first.scan, second.scan))
    fovea = first.fovea or _found(first)
    carried, turned = second.fovea, 0.0
    try:
        registration = registration or register_visits(first.scan, second.scan)
    except NotRegisteredError as error:
        warnings.append(f"{error} Each visit is measured about its own fovea.")
    else:
        warnings += _doubts(registration, first.scan, second.scan)
        turned = _turned_deg(first.scan, second.scan, registration)
        carried, doubts = _fovea_of_second(fovea, first, second, registration)
        warnings += doubts
    figures = (
        measure_scan(first.scan, first.annotated, fovea, looked_for=first.looked_for),
        measure_scan(
            second.scan,
            second.annotated,
            carried,
            looked_for=second.looked_for,
            turned_deg=turned,
        ),
    )
    changes = _changes(figures[0].rows, figures[1].rows)
    return FollowUp(registration, figures[1].fovea, turned, figures, changes, tuple(warnings))


def _fovea_of_second(
    fovea: Fovea | None, first: Visit, second: Visit, registration: Registration
) -> tuple[Fovea | None, list[str]]:
    """Return what the second visit is measured about, and what makes that doubtful."""
    own = second.fovea
    if fovea is None:
        return own, []
    if _put_by_hand(own) and not _put_by_hand(fovea):
        return own, [
            "A person put the fovea of the second visit only: each is measured about its own."
        ]
    carried = carried_fovea(fovea, first.scan, second.scan, registration)
    if carried is None:
        return own, [_OWN_FOVEAS]
    if own is None or not _put_by_hand(own):
        return carried, []
    plane = plane_of(second.scan)
    apart = plane.place_mm(carried.b, carried.x) - plane.place_mm(own.b, own.x)
    apart_mm = float(np.hypot(*apart))
    if apart_mm <= _FOVEAS_APART_MM:
        return carried, []
    return carried, [
        f"A person put the fovea at both visits, {apart_mm:.2f} mm apart: both are measured about "
        "that of the first."
    ]


def _put_by_hand(fovea: Fovea | None) -> bool:
    return fovea is not None and fovea.source is FoveaSource.USER


def register_visits(first: Scan, second: Scan) -> Registration:
    """Bring the SLO images of two scans together.

    Raises
    ------
    NotRegisteredError
        If a scan has no SLO or its B-scans no place on it, or the vessels do not match.
    """
    one, other = slo_images(first, second)
    return register(one, other, nominal_scale(first, second))


def slo_images(first: Scan, second: Scan) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the SLO images by which two scans can be brought together.

    Raises
    ------
    NotRegisteredError
        If a scan has none, or its B-scans no place on it.
    """
    for scan in (first, second):
        geometry = scan.geometry
        if scan.slo is None or not geometry.positions or geometry.positions_assumed:
            raise NotRegisteredError("It is not known where the B-scans of both lie on an SLO.")
    assert first.slo is not None
    assert second.slo is not None
    return first.slo, second.slo


def carried_fovea(
    fovea: Fovea, first: Scan, second: Scan, registration: Registration
) -> Fovea | None:
    """Return the fovea of the first visit in the second; None where places are not known."""
    planes = _planes(first, second)
    if planes is None:
        return None
    place = _across(planes[0].place_mm(fovea.b, fovea.x)[None], first, second, registration)[0]
    b, x = planes[1].grid_place(place)
    # What a person brought together may have no vessels to tell how alike it is.
    alike = registration.alike if math.isfinite(registration.alike) else 0.0
    confidence = fovea.confidence * min(1.0, max(0.0, alike / 0.5))
    source = FoveaSource.OTHER_VISIT
    if fovea.source is FoveaSource.CENTRE:
        source = FoveaSource.CENTRE
    return Fovea(b, x, source, confidence)


def difference_map(
    first: Visit,
    second: Visit,
    registration: Registration,
    pair: tuple[str, str] = ("ILM", "BM"),
    half_mm: float = 3.0,
    step_mm: float = 0.02,
) -> F32:
    """Return by how much a layer grew, um ``[row, col]``, on a square about the first's fovea.

    Row 0 is superior. NaN where either visit does not know.

    Raises
    ------
    NotMeasuredError, SpacingUnknownError, KeyError
    """
    planes = _planes(first.scan, second.scan)
    if planes is None:
        raise NotMeasuredError("It is not known where the B-scans of both lie on an SLO.")
    fovea = first.fovea or _found(first)
    assert fovea is not None  # a plane has one
    n = round(2 * half_mm / step_mm)
    axis = (np.arange(n) + 0.5) * step_mm - half_mm
    x, y = np.meshgrid(axis, -axis)
    points = np.stack([x.ravel(), y.ravel()], axis=1) + planes[0].place_mm(fovea.b, fovea.x)
    places = points, _across(points, first.scan, second.scan, registration)
    before, after = (
        plane.sample(place).of(
            thickness_um(visit.annotated.surfaces, *pair, visit.scan.spacing.require_mm("z")[0])
        )
        for plane, place, visit in zip(planes, places, (first, second), strict=True)
    )
    return (after - before).reshape(n, n).astype(np.float32)


def _planes(first: Scan, second: Scan) -> tuple[Plane, Plane] | None:
    """Return the planes of both, None unless both come from places on the SLO."""
    if any(s.spacing[axis].source is Provenance.USER for s in (first, second) for axis in "bx"):
        return None  # lengths that were typed are not those of the SLO
    try:
        planes = plane_of(first), plane_of(second)
    except (SpacingUnknownError, NotMeasuredError):
        return None
    return planes if all(p.from_positions for p in planes) else None


def _across(points_mm: F64, first: Scan, second: Scan, registration: Registration) -> F64:
    """Return where places ``[n, (x, y)]`` mm of the first scan's plane lie in the second's."""
    here, there = first.geometry.slo_mm_per_px, second.geometry.slo_mm_per_px
    assert here is not None
    assert there is not None
    px = np.stack([-points_mm[:, 1] / here[0], points_mm[:, 0] / here[1]], axis=1)
    px = registration.points(px)
    return np.stack([px[:, 1] * there[1], -px[:, 0] * there[0]], axis=1)


def _turned_deg(first: Scan, second: Scan, registration: Registration) -> float:
    """Return how far the first's directions are turned in the second's plane, if both are known."""
    if _planes(first, second) is None:
        return 0.0
    ends = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    across = _across(ends, first, second, registration)
    right, up = across[0] - across[1], across[2] - across[3]
    return float(np.degrees(np.arctan2(right[1] - up[0], right[0] + up[1])))


def _found(visit: Visit) -> Fovea | None:
    try:
        plane = plane_of(visit.scan)
    except (SpacingUnknownError, NotMeasuredError):
        return None
    return estimate_fovea(visit.scan, visit.annotated.surfaces, plane)


def nominal_scale(first: Scan, second: Scan) -> float:
    """Return pixels of the second SLO for one of the first, as the files say, else 1."""
    here, there = first.geometry.slo_mm_per_px, second.geometry.slo_mm_per_px
    return 1.0 if here is None or there is None else math.sqrt(math.prod(here) / math.prod(there))


def _doubts(registration: Registration, first: Scan, second: Scan) -> list[str]:
    out = []
    by_hand = registration.source is RegistrationSource.USER
    if by_hand:
        out.append("The SLO images were brought together by hand.")
    off = registration.scale / nominal_scale(first, second) - 1
    if abs(off) > _SCALE_ALIKE:
        whence = "As it was moved by hand" if by_hand else "By the vessels"
        out.append(
            f"{whence} the second SLO is scaled {100 * off:+.0f} % otherwise than its file "
            "says: areas and volumes cannot be compared."
        )
    scale = first.geometry.slo_mm_per_px
    if scale is None:
        return out
    left_mm = registration.residual_px * scale[0]
    if not left_mm <= _LEFT_OVER_MM:  # also where it is not known
        kept = registration.source is RegistrationSource.CONFIRMED
        more = "; a person looked and left it so" if kept else ""
        out.append(f"The SLO images were only roughly brought together{more}.")
    return out


def _changes(first: tuple[Row, ...], second: tuple[Row, ...]) -> tuple[Change, ...]:
    later = {(r.structure, r.region, r.figure): r.measured for r in second}
    out = []
    for row in first:
        key = (row.structure, row.region, row.figure)
        if row.structure in _NO_STRUCTURES or key not in later:
            continue
        one, other = row.measured, later[key]
        why = [f"{n} visit: {m.reason}" for n, m in (("First", one), ("Second", other)) if m.reason]
        values = one.value, other.value, other.value - one.value
        shares = one.approved, other.approved
        out.append(Change(*key, one.unit, *values, " ".join(why), *shares))
    return tuple(out)
