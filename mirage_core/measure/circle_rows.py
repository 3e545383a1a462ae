"""Rows of circle scans: sector means and the TSNIT profile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from mirage_core.measure.circle import SECTORS, sector_means, tsnit_degrees, tsnit_profile
from mirage_core.measure.ground import Ground, Row
from mirage_core.measure.layer_rows import MEAN
from mirage_core.measure.measured import Basis, covered, refused, spacing_words
from mirage_core.measure.thickness import missing_surfaces, thickness_um
from mirage_core.scan import CirclePosition, Laterality

RNFL = ("ILM", "RNFL/GCL")
TSNIT = "TSNIT profile"
GLOBAL = SECTORS[0][0]
_STEP_DEG = 5
_LAYERS = (RNFL, ("ILM", "BM"))
_NO_PLACES = "The file does not say where the circle lies, nor where temporal is."
_EYE_UNKNOWN = "Right or left eye: unknown, and so temporal is."


def circle_names(rows: Iterable[Row]) -> tuple[str, ...]:
    """Return what the circles of a scan are called in its rows; ``""`` of a scan of one."""
    regions = (r.region for r in rows if r.figure == MEAN and r.region.endswith(GLOBAL))
    return tuple(dict.fromkeys(_circle(region) for region in regions))


def profile_of(rows: Iterable[Row], circle: str) -> list[tuple[float, float]]:
    """Return the profile around the disc of a circle, ``(degrees, um)``; empty for none."""
    return [
        (float(r.region.rpartition(" ")[2].rstrip("°")), r.measured.value)
        for r in rows
        if r.figure == TSNIT and _circle(r.region) == circle
    ]


def in_circle(circle: str, region: str) -> str:
    """Return what a region of a circle is called in the rows."""
    return f"{circle}, {region}" if circle else region


def _circle(region: str) -> str:
    return region.rpartition(", ")[0]


def circle_rows(ground: Ground) -> Iterator[Row]:
    """Yield sector means of the nerve fibre layer and of the retina, and the RNFL's profile.

    Angles are about the centre of the circle.
    """
    for b in range(ground.scan.n_b_scans):
        for pair in _LAYERS:
            yield from _rows(ground, b, pair)


def _rows(ground: Ground, b: int, pair: tuple[str, str]) -> Iterator[Row]:
    scan, surfaces = ground.scan, ground.annotated.surfaces
    name = "..".join(pair)
    circle = f"circle {b + 1}" if scan.n_b_scans > 1 else ""
    basis = Basis(pair, f"{spacing_words(scan.spacing, 'z')}, positions file")
    why = missing_surfaces(surfaces, pair) or ground.no_depth
    geometry = scan.geometry
    position = geometry.positions[b] if geometry.positions else None
    no_side = "" if isinstance(position, CirclePosition) else _NO_PLACES
    if geometry.positions_assumed:
        no_side = _NO_PLACES
    if not no_side and scan.laterality is Laterality.UNKNOWN:
        no_side = _EYE_UNKNOWN
    if why:
        for sector, _, _ in SECTORS:
            yield Row(name, in_circle(circle, sector), MEAN, refused(why, "um", basis))
        return
    (dz_mm,) = scan.spacing.require_mm("z")
    width = scan.shape[2]
    thick = thickness_um(surfaces, *pair, dz_mm)[b]
    degrees = np.linspace(0.0, 360.0, width, endpoint=False)
    if not no_side:
        assert isinstance(position, CirclePosition)
        degrees = tsnit_degrees(position, width, scan.laterality)
    approved = float(ground.approved(*pair)[b])
    for mean in sector_means(degrees, thick):
        figure = covered(mean.mean, "um", basis, mean.coverage, approved)
        if no_side and mean.name != GLOBAL:
            figure = refused(no_side, "um", basis)
        yield Row(name, in_circle(circle, mean.name), MEAN, figure)
    if pair != RNFL or no_side:
        return
    profile = tsnit_profile(degrees, thick, _STEP_DEG)
    for angle, value in zip(profile.degrees, profile.values, strict=True):
        known = float(np.isfinite(value))
        figure = covered(float(value), "um", basis, known, approved)
        yield Row(name, in_circle(circle, f"{angle:.0f}°"), TSNIT, figure)
