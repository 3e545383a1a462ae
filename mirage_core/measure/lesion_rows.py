"""Rows of fluid and lesions, drusen, and loss of the ellipsoid zone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mirage_core.measure import atrophy
from mirage_core.measure.drusen import DISCS_MM as DRUSEN_MM
from mirage_core.measure.drusen import drusen_height_um, normal_gap_um
from mirage_core.measure.etdrs import DISCS_MM, disc_regions
from mirage_core.measure.fluid import extent, height_um
from mirage_core.measure.ground import Ground, Row
from mirage_core.measure.lesion_columns import LesionColumns
from mirage_core.measure.measured import Basis, covered, refused, spacing_words
from mirage_core.measure.thickness import missing_surfaces
from mirage_core.scan import MaskClass, State

F64 = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

WHOLE = "whole scan"
DRUSEN, EZ_LOSS = "drusen", "EZ loss"
_BY_ENGINE = "None is marked; where no human looked, the engine may not look for it."
_NOT_SOUGHT = "Nobody has looked for fluid or lesions: the masks have no state on any B-scan."


def fluid_rows(ground: Ground) -> Iterator[Row]:
    """Yield volume, height and area of every class of the masks."""
    masks, states = ground.annotated.masks, ground.annotated.states[-1]
    unseen = "" if (states != State.UNSEEN).any() else _NOT_SOUGHT
    columns = LesionColumns.of(masks)
    regions = _regions(ground)
    for mask_class in masks.scheme:
        for region in (WHOLE, *map(_circle, DISCS_MM)):
            why = unseen or ground.no_footprints or ("" if region == WHOLE else ground.no_fovea)
            yield from _extents(ground, mask_class, columns, region, regions.get(region), why)
        yield _height(ground, mask_class, columns, unseen or ground.no_depth)


def _extents(
    ground: Ground,
    mask_class: MaskClass,
    columns: LesionColumns,
    name: str,
    region: _Region | None,
    why: str,
) -> Iterator[Row]:
    """Yield volume and, of the whole scan, area of a class; `why` tells what forbids both."""
    spacing, states = ground.scan.spacing, ground.annotated.states[-1]
    area, volume = (Basis((), spacing_words(spacing, axes)) for axes in ("bx", "bzx"))
    why_no_volume = ground.no_volume if why in ("", ground.no_footprints) else why
    found, shares = None, (float("nan"), float("nan"))
    if not why:
        assert ground.footprints is not None
        assert region is not None
        dz_mm = spacing.z.mm if spacing.z.mm is not None else float("nan")
        found = extent(columns, mask_class.value, ground.footprints, dz_mm, region.inside)
        shares = region.shares(ground, states != State.UNSEEN, states == State.APPROVED)
    if why_no_volume or found is None:
        figure = refused(why_no_volume, "nL", volume)
    else:
        note = _doubt_of_none(ground, found.volume_nl)
        figure = covered(found.volume_nl, "nL", volume, *shares, note)
    yield Row(mask_class.name, name, "volume", figure)
    if name != WHOLE:
        return
    if found is None:
        yield Row(mask_class.name, name, "area", refused(why, "mm2", area))
    else:
        note = _doubt_of_none(ground, found.area_mm2)
        figure = covered(found.area_mm2, "mm2", area, *shares, note)
        yield Row(mask_class.name, name, "area", figure)


def _doubt_of_none(ground: Ground, value: float) -> str:
    """Return what is to be said of a class that is marked nowhere."""
    states = ground.annotated.states[-1]
    human = states[states != State.UNSEEN] >= State.EDITED
    return _BY_ENGINE if value == 0 and not human.all() else ""


def _height(ground: Ground, mask_class: MaskClass, columns: LesionColumns, why: str) -> Row:
    states = ground.annotated.states[-1]
    basis = Basis((), spacing_words(ground.scan.spacing, "z"))
    if why:
        return Row(mask_class.name, WHOLE, "height", refused(why, "um", basis))
    (dz_mm,) = ground.scan.spacing.require_mm("z")
    tall = height_um(columns, mask_class.value, dz_mm)
    seen, approved = (states != State.UNSEEN).mean(), (states == State.APPROVED).mean()
    note = _doubt_of_none(ground, tall)
    figure = covered(tall, "um", basis, float(seen), float(approved), note)
    return Row(mask_class.name, WHOLE, "height", figure)


@dataclass(frozen=True, eq=False)
class _Region:
    """The part of the scan that counts: `inside` of each footprint, None for all of all."""

    inside: F64 | None
    area_mm2: float | None

    def shares(self, ground: Ground, seen: BoolArray, approved: BoolArray) -> tuple[float, float]:
        """Return how much of the region is `seen`, and how much of its scanned part `approved`."""
        if ground.footprints is None:
            return float("nan"), float("nan")
        n, width = ground.scan.n_b_scans, ground.scan.shape[2]
        columns = np.full(n, float(width)) if self.inside is None else self.inside.sum(axis=1)
        areas = ground.footprints.areas_mm2 * columns
        scanned = float(areas.sum())
        region = max(self.area_mm2 or 0.0, scanned)
        share = float(areas @ approved) / scanned if scanned else float("nan")
        return (float(areas @ seen) / region if region else 0.0), share


def _regions(ground: Ground) -> dict[str, _Region]:
    """Return the whole scan and, where they are known, the circles about the fovea."""
    out = {WHOLE: _Region(None, None)}
    if ground.footprints is not None and not ground.no_fovea:
        assert ground.plane is not None
        for d in DISCS_MM:
            inside = ground.footprints.inside(ground.plane, ground.fovea_mm, d)
            out[_circle(d)] = _Region(inside, float(np.pi * d * d / 4))
    return out


def _circle(diameter_mm: float) -> str:
    return f"{diameter_mm:g} mm"


def drusen_rows(ground: Ground) -> Iterator[Row]:
    """Yield the volume between RPE and BM, and of it what is over the eye's usual distance."""
    basis = Basis(("RPE", "BM"), f"{spacing_words(ground.scan.spacing, 'z')}, {ground.places}")
    surfaces = ground.annotated.surfaces
    why = missing_surfaces(surfaces, ("RPE", "BM")) or ground.no_grid
    kinds = ("volume", "volume above usual")
    if why:
        for d in DRUSEN_MM:
            for kind in kinds:
                yield Row(DRUSEN, _circle(d), kind, refused(why, "mm3", basis))
        return
    assert ground.plane is not None
    (dz_mm,) = ground.scan.spacing.require_mm("z")
    usual_um = normal_gap_um(surfaces, dz_mm)
    notes = (
        "All between RPE and BM; the RPE band itself counts.",
        f"What is over {usual_um:.0f} µm, the median distance from RPE to BM in this scan.",
    )
    maps = np.stack([drusen_height_um(surfaces, dz_mm, um) for um in (0.0, usual_um)])
    regions = disc_regions(ground.plane, ground.fovea_mm, DRUSEN_MM)
    averages, approved = regions.of(maps), regions.share_of(ground.approved("RPE", "BM"))
    for i, d in enumerate(DRUSEN_MM):
        for k, kind in enumerate(kinds):
            volume = float(averages.mean[k, i]) * np.pi * d * d / 4 / 1000
            coverage = float(averages.coverage[k, i])
            share = float(approved[i])
            figure = covered(volume, "mm3", basis, coverage, share, notes[k])
            yield Row(DRUSEN, _circle(d), kind, figure)


def ellipsoid_rows(ground: Ground) -> Iterator[Row]:
    """Yield the area on which the ellipsoid zone is lost, and its square root."""
    surfaces, spacing = ground.annotated.surfaces, ground.scan.spacing
    basis = Basis(("EZ", "RPE"), spacing_words(spacing, "bzx"))
    missing = missing_surfaces(surfaces, ("EZ", "RPE")) or ground.no_volume
    lost, regions = None, _regions(ground)
    if not missing:
        (dz_mm,) = spacing.require_mm("z")
        lost = atrophy.ellipsoid_loss(surfaces, dz_mm)
    for region in (WHOLE, _circle(6.0)):
        why = missing or ("" if region == WHOLE else ground.no_fovea)
        if why or lost is None or ground.footprints is None:
            yield Row(EZ_LOSS, region, "area", refused(why, "mm2", basis))
            yield Row(EZ_LOSS, region, "square root of area", refused(why, "mm", basis))
            continue
        part = regions[region]
        area, known = atrophy.area_mm2(lost, ground.footprints, part.inside)
        every = np.ones(ground.scan.n_b_scans, bool)
        scanned, approved = part.shares(ground, every, ground.approved("EZ", "RPE"))
        note = f"Where the EZ runs less than {atrophy.LOST_UM:.0f} µm above the RPE."
        for figure, unit, value in (
            ("area", "mm2", area),
            ("square root of area", "mm", area**0.5),
        ):
            measured = covered(value, unit, basis, known * scanned, approved, note)
            yield Row(EZ_LOSS, region, figure, measured)
