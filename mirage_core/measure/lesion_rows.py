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
from mirage_core.measure.fluid import extent, height_um, sampling_error
from mirage_core.measure.ground import Ground, Row
from mirage_core.measure.lesion_columns import LesionColumns
from mirage_core.measure.measured import (
    LEAST_COVERAGE,
    Basis,
    Measured,
    covered,
    refused,
    spacing_words,
)
from mirage_core.measure.plane import across_mm
from mirage_core.measure.sought import NOT_SOUGHT, LookedFor, sought_b_scans
from mirage_core.measure.thickness import missing_surfaces
from mirage_core.scan import MaskClass, State

F64 = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

WHOLE = "whole scan"
DRUSEN, EZ_LOSS = "drusen", "EZ loss"
_WORTH_SAYING = 0.005
_LEAST_SECTIONS = 3
_NOBODY = "Nobody has looked for fluid or lesions: the masks have no state on any B-scan."


def fluid_rows(ground: Ground, looked_for: LookedFor | None = None) -> Iterator[Row]:
    """Yield volume, height and area of every class of the masks.

    None of a class is a figure only where it was looked for: see :mod:`~.measure.sought`.
    """
    masks, states = ground.annotated.masks, ground.annotated.states[-1]
    unseen = "" if (states != State.UNSEEN).any() else _NOBODY
    columns = LesionColumns.of(masks)
    regions = _regions(ground)
    for c in masks.scheme:
        sought = sought_b_scans(states, columns.b_scans(c.value), c.name, looked_for)
        lesion = _Lesion(c, columns, sought)
        for region in (WHOLE, *map(_circle, DISCS_MM)):
            why = unseen or ground.no_footprints or ("" if region == WHOLE else ground.no_fovea)
            yield from _extents(ground, lesion, region, regions.get(region), why)
        yield _height(ground, lesion, unseen or ground.no_depth)


@dataclass(frozen=True, eq=False)
class _Lesion:
    """A class: where it is marked, and on which B-scans it was looked for."""

    of: MaskClass
    columns: LesionColumns
    sought: BoolArray


def _sampling(ground: Ground, pixels: F64) -> str:
    """Return how far a volume depends on where B-scans happen to lie; empty where unknown."""
    n = int(np.count_nonzero(pixels))
    if 0 < n < _LEAST_SECTIONS:
        # So few sections do not tell how they grow from nothing: the error would be far too small.
        return f"Seen on {n} B-scan{'' if n == 1 else 's'} only: the volume is uncertain."
    footprints, plane = ground.footprints, ground.plane
    if footprints is None or plane is None or np.ptp(footprints.widths_mm) > 1e-9:
        return ""
    error = sampling_error(pixels[np.argsort(across_mm(plane.lines_mm), kind="stable")])
    if not error >= _WORTH_SAYING:
        return ""
    return f"Standard error by the gap between B-scans: at least about {100 * error:.0f} %."


def _figure(
    value: float,
    unit: str,
    basis: Basis,
    sought: float,
    seen: float,
    approved: float,
    note: str = "",
) -> Measured:
    """Return a figure of a region of which the shares `sought` and `seen` were looked at."""
    if seen >= LEAST_COVERAGE > sought:
        return Measured(float("nan"), unit, NOT_SOUGHT, basis, sought, approved)
    return covered(value, unit, basis, sought, approved, note)


def _extents(
    ground: Ground, lesion: _Lesion, name: str, region: _Region | None, why: str
) -> Iterator[Row]:
    """Yield volume and, of the whole scan, area of a class; `why` tells what forbids both."""
    spacing, states = ground.scan.spacing, ground.annotated.states[-1]
    area, volume = (Basis((), spacing_words(spacing, axes)) for axes in ("bx", "bzx"))
    why_no_volume = ground.no_volume if why in ("", ground.no_footprints) else why
    found, shares = None, (float("nan"),) * 3
    if not why:
        assert ground.footprints is not None
        assert region is not None
        dz_mm = spacing.z.mm if spacing.z.mm is not None else float("nan")
        columns, value = lesion.columns, lesion.of.value
        found = extent(columns, value, ground.footprints, dz_mm, region.inside)
        sought, approved = region.shares(ground, lesion.sought, states == State.APPROVED)
        seen, _ = region.shares(ground, states != State.UNSEEN, states == State.APPROVED)
        shares = sought, seen, approved
    if why_no_volume or found is None:
        figure = refused(why_no_volume, "nL", volume)
    else:
        note = _sampling(ground, found.pixels)
        figure = _figure(found.volume_nl, "nL", volume, *shares, note)
    yield Row(lesion.of.name, name, "volume", figure)
    if name != WHOLE:
        return
    if found is None:
        yield Row(lesion.of.name, name, "area", refused(why, "mm2", area))
    else:
        yield Row(lesion.of.name, name, "area", _figure(found.area_mm2, "mm2", area, *shares))


def _height(ground: Ground, lesion: _Lesion, why: str) -> Row:
    states = ground.annotated.states[-1]
    basis = Basis((), spacing_words(ground.scan.spacing, "z"))
    if why:
        return Row(lesion.of.name, WHOLE, "height", refused(why, "um", basis))
    (dz_mm,) = ground.scan.spacing.require_mm("z")
    tall = height_um(lesion.columns, lesion.of.value, dz_mm)
    marks = (lesion.sought, states != State.UNSEEN, states == State.APPROVED)
    sought, seen, approved = (float(b_scans.mean()) for b_scans in marks)
    figure = _figure(tall, "um", basis, sought, seen, approved)
    return Row(lesion.of.name, WHOLE, "height", figure)


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
