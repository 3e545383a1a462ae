"""Rows of layers: the ETDRS grid of each, volumes, the centre point."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mirage_core.measure.etdrs import (
    AREAS_MM2,
    CENTRAL,
    DISCS_MM,
    SUBFIELDS,
    Averages,
    etdrs_regions,
    whole,
)
from mirage_core.measure.fovea import Fovea
from mirage_core.measure.ground import Ground, Row
from mirage_core.measure.measured import Basis, Measured, covered, refused, spacing_words
from mirage_core.measure.plane import Plane
from mirage_core.measure.quality import EYE_UNKNOWN
from mirage_core.measure.thickness import (
    WHOLE_RETINA,
    layer_pairs,
    missing_surfaces,
    thickness_um,
)
from mirage_core.scan import Laterality

F64 = NDArray[np.float64]

MEAN, CST, CENTRE_POINT, VOLUME = "mean thickness", "CST", "centre point thickness", "volume"
_UP_UNKNOWN = "The file does not say which way its B-scans lie."


def layer_rows(ground: Ground) -> Iterator[Row]:
    """Yield the figures of the whole retina and of every layer that was drawn."""
    surfaces = ground.annotated.surfaces
    pairs = layer_pairs(surfaces)
    measurable = [p for p in pairs if not missing_surfaces(surfaces, p)]
    why_none = ground.no_grid
    averages, shares = None, None
    if not why_none and measurable:
        assert ground.plane is not None
        (dz_mm,) = ground.scan.spacing.require_mm("z")
        regions = etdrs_regions(
            ground.plane, ground.fovea_mm, ground.scan.laterality, ground.turned_deg
        )
        maps = np.stack([thickness_um(surfaces, *pair, dz_mm) for pair in measurable])
        averages = regions.of(maps)
        shares = regions.share_of(np.stack([ground.approved(*pair) for pair in measurable]))
    spacing = f"{spacing_words(ground.scan.spacing, 'z')}, {ground.places}"
    for pair in pairs:
        basis = Basis(pair, spacing)
        why = missing_surfaces(surfaces, pair) or why_none
        if why or averages is None or shares is None:
            yield from _refused(pair, why, basis)
            continue
        at = measurable.index(pair)
        one = Averages(averages.mean[at], averages.coverage[at])
        yield from _measured(ground, pair, one, shares[at], basis)


def _name(pair: tuple[str, str]) -> str:
    return "..".join(pair)


def _refused(pair: tuple[str, str], why: str, basis: Basis) -> Iterator[Row]:
    name, um = _name(pair), refused(why, "um", basis)
    for region in SUBFIELDS:
        yield Row(name, region, MEAN, um)
    if pair in WHOLE_RETINA:
        yield Row(name, CENTRAL, CST, um)
        yield Row(name, "fovea", CENTRE_POINT, um)
    for diameter in DISCS_MM:
        yield Row(name, f"{diameter:g} mm", VOLUME, refused(why, "mm3", basis))


def _measured(
    ground: Ground, pair: tuple[str, str], averages: Averages, approved: F64, basis: Basis
) -> Iterator[Row]:
    name = _name(pair)
    sides = unknown_sides(ground)
    cells = []
    for region, mean, coverage, share in zip(
        SUBFIELDS, averages.mean, averages.coverage, approved, strict=True
    ):
        why = next((why for word, why in sides.items() if word in region), "")
        cell = covered(float(mean), "um", basis, float(coverage), float(share))
        cells.append(refused(why, "um", basis) if why else cell)
        yield Row(name, region, MEAN, cells[-1])
    if pair in WHOLE_RETINA:
        yield Row(name, CENTRAL, CST, cells[0])
        yield Row(name, "fovea", CENTRE_POINT, _centre_point(ground, pair, basis))
    for diameter in DISCS_MM:
        over = whole(averages, diameter)
        share = float(np.nansum(AREAS_MM2 * approved * (_in_disc(diameter))) / _area(diameter))
        volume = float(over.mean) * _area(diameter) / 1000
        figure = covered(volume, "mm3", basis, float(over.coverage), share)
        yield Row(name, f"{diameter:g} mm", VOLUME, figure)


def _in_disc(diameter_mm: float) -> F64:
    inside = np.cumsum(AREAS_MM2) <= _area(diameter_mm) * 1.001
    return inside.astype(float)


def _area(diameter_mm: float) -> float:
    return float(np.pi * (diameter_mm / 2) ** 2)


def unknown_sides(ground: Ground) -> dict[str, str]:
    """Return why subfields with these words in their name cannot be told from each other."""
    assert ground.plane is not None
    sides: dict[str, str] = {}
    if ground.scan.laterality is Laterality.UNKNOWN:
        sides |= {"nasal": EYE_UNKNOWN, "temporal": EYE_UNKNOWN}
    if not ground.plane.superior_known:
        # Nor does anything say that its B-scans are horizontal.
        sides = dict.fromkeys(("superior", "inferior", "nasal", "temporal"), _UP_UNKNOWN)
    return sides


def _centre_point(ground: Ground, pair: tuple[str, str], basis: Basis) -> Measured:
    """Return the thickness at the fovea itself."""
    plane, fovea = ground.plane, ground.fovea
    assert isinstance(plane, Plane)
    assert isinstance(fovea, Fovea)
    (dz_mm,) = ground.scan.spacing.require_mm("z")
    sampled = plane.sample(ground.fovea_mm[None])
    value = float(sampled.of(thickness_um(ground.annotated.surfaces, *pair, dz_mm))[0])
    by_b_scan = np.zeros((plane.n_b_scans, plane.width))
    by_b_scan.ravel()[sampled.at[0]] = sampled.weights[0]
    share = float(by_b_scan.sum(axis=1) @ ground.approved(*pair))
    known = 0.0 if np.isnan(value) else 1.0
    return covered(value, "um", basis, known, share)
