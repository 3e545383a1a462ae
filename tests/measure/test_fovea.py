"""Where the fovea and the disc are found, and with what confidence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mirage_core.measure.disc import DiscSource, estimate_disc
from mirage_core.measure.fovea import Fovea, FoveaSource
from mirage_core.measure.fovea_search import estimate_fovea
from mirage_core.measure.plane import plane_of
from mirage_core.measure.tables import measure_scan
from mirage_core.scan import Laterality, ScanGeometry, ScanPattern, Surfaces
from mirage_core.simulate import EyeParameters, Lesion, Pathology, SimulatedEye, simulate_eye
from tests.measure.mapped import annotated, middle, raster, row_of

SMALL = EyeParameters(shape=(49, 200, 256), field_mm=(5.88, 1.92, 5.88), pathology=())
ILL = (Lesion(Pathology.IRF, 0.8), Lesion(Pathology.SRF, 0.5), Lesion(Pathology.DRUSEN, 0.5))


def off_mm(eye: SimulatedEye, fovea: Fovea) -> float:
    plane = plane_of(eye.scan)
    return float(np.hypot(*(plane.place_mm(fovea.b, fovea.x) - plane.place_mm(*eye.fovea))))


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("pathology", [(), ILL])
def test_the_pit_is_found_in_health_and_over_fluid(
    seed: int, pathology: tuple[Lesion, ...]
) -> None:
    p = replace(
        SMALL,
        pathology=pathology,
        laterality=Laterality.OS if seed % 2 else Laterality.OD,
        superior_to_inferior=seed > 1,
        fovea_offset_mm=(0.3 - 0.15 * seed, 0.2 * seed - 0.3),
    )
    eye = simulate_eye(p, seed)
    fovea = estimate_fovea(eye.scan, eye.surfaces, plane_of(eye.scan))
    assert off_mm(eye, fovea) < 0.05
    assert fovea.source is FoveaSource.THICKNESS
    assert fovea.confidence > 0.8


def test_whole_thickness_serves_where_inner_layers_are_missing() -> None:
    eye = simulate_eye(SMALL, 5)
    few = Surfaces(np.stack([eye.surfaces["ILM"], eye.surfaces["BM"]]), ("ILM", "BM"))
    fovea = estimate_fovea(eye.scan, few, plane_of(eye.scan))
    assert off_mm(eye, fovea) < 0.06
    assert fovea.confidence > 0.5


def test_without_surfaces_the_slo_gives_a_place_that_is_not_trusted() -> None:
    eye = simulate_eye(SMALL, 6)
    nothing = Surfaces.empty(("ILM", "BM"), 49, 256)
    fovea = estimate_fovea(eye.scan, nothing, plane_of(eye.scan))
    assert fovea.source is FoveaSource.SLO
    assert off_mm(eye, fovea) < 0.3
    assert 0 < fovea.confidence <= 0.4


def test_a_flat_retina_has_no_fovea_and_no_grid() -> None:
    scan = raster(49, 128)
    figures = measure_scan(scan, annotated(scan, lambda _x, _y: 300.0))
    assert figures.fovea is not None
    assert figures.fovea.source is FoveaSource.CENTRE
    assert figures.fovea.confidence == 0
    cst = row_of(figures, "ILM..BM", "central", "CST").measured
    assert np.isnan(cst.value)
    assert "fovea was not found" in cst.reason
    assert any(flag.name == "fovea not found" for flag in figures.flags)
    by_hand = measure_scan(scan, annotated(scan, lambda _x, _y: 300.0), middle(scan))
    assert row_of(by_hand, "ILM..BM", "central", "CST").measured.value == pytest.approx(300)


def test_moving_the_fovea_says_that_a_user_did() -> None:
    fovea = Fovea(1, 2, FoveaSource.SLO, 0.2).moved(3.5, 4.5)
    assert fovea == Fovea(3.5, 4.5, FoveaSource.USER, 1.0)


@pytest.mark.parametrize("laterality", [Laterality.OD, Laterality.OS])
def test_the_disc_is_found_on_the_nasal_side_of_the_slo(laterality: Laterality) -> None:
    eye = simulate_eye(replace(SMALL, laterality=laterality, slo_offset_mm=(0.0, 1.4)), 3)
    geometry = eye.scan.geometry
    b, x = eye.fovea
    fovea = geometry.slo_point(round(b), x, eye.scan.shape[2])
    disc = estimate_disc(eye.scan, fovea)
    assert fovea is not None
    assert disc is not None
    assert disc.source is DiscSource.SLO
    scale = eye.parameters.slo_mm_per_px
    up, right = (fovea[0] - disc.row) * scale, (disc.col - fovea[1]) * scale
    nasal = right if laterality is Laterality.OD else -right
    assert (up, nasal) == pytest.approx((0.35, 4.45), abs=0.2)


def test_no_disc_is_made_up() -> None:
    eye = simulate_eye(SMALL, 3)
    assert estimate_disc(eye.scan) is None
    dull = replace(eye.scan, slo=np.full((768, 768), 90, np.uint8))
    assert estimate_disc(dull, (384.0, 300.0)) is None
    assert estimate_disc(replace(eye.scan, laterality=Laterality.UNKNOWN), (384.0, 300.0)) is None
    star = replace(eye.scan, geometry=ScanGeometry(ScanPattern.RADIAL), slo=None)
    assert estimate_disc(star, (384.0, 300.0)) is None
