"""Rows of circle scans: sector means and the TSNIT profile."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mirage_core.measure.circle import SECTORS, sector_means, tsnit_degrees, tsnit_profile
from mirage_core.measure.ground import Ground, Row
from mirage_core.measure.layer_rows import MEAN
from mirage_core.measure.measured import Basis, covered, refused, spacing_words
from mirage_core.measure.thickness import missing_surfaces, thickness_um
from mirage_core.scan import CirclePosition, Laterality

RNFL = ("ILM", "RNFL/GCL")
TSNIT = "TSNIT profile"
_STEP_DEG = 5
_LAYERS = (RNFL, ("ILM", "BM"))
_NO_PLACES = "The file does not say where the circle lies, and so not where temporal is."
_EYE_UNKNOWN = "Which eye it is is unknown, and so which side is temporal."


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
    before = f"circle {b + 1}, " if scan.n_b_scans > 1 else ""
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
            yield Row(name, before + sector, MEAN, refused(why, "um", basis))
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
        if no_side and mean.name != "global":
            figure = refused(no_side, "um", basis)
        yield Row(name, before + mean.name, MEAN, figure)
    if pair != RNFL or no_side:
        return
    profile = tsnit_profile(degrees, thick, _STEP_DEG)
    for angle, value in zip(profile.degrees, profile.values, strict=True):
        known = float(np.isfinite(value))
        figure = covered(float(value), "um", basis, known, approved)
        yield Row(name, f"{before}{angle:.0f}°", TSNIT, figure)
