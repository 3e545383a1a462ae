"""Two visits: the images brought together, the same tissue measured, warnings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from mirage_core.annotate import Annotation
from mirage_core.measure.followup import Visit, difference_map, follow_up
from mirage_core.measure.fovea import FoveaSource
from mirage_core.measure.measured import NotMeasuredError
from mirage_core.measure.registration import NotRegisteredError, register
from mirage_core.scan import Laterality, Spacing, State
from mirage_core.simulate import EyeParameters, SimulatedEye, simulate_eye
from tests.measure.mapped import raster

P = EyeParameters(shape=(49, 120, 160), field_mm=(6.4, 1.92, 6.4), pathology=(), slo_px=512)
EYE = simulate_eye(P, 3)


def transformed(
    image: NDArray[np.uint8], degrees: float, factor: float, shift: tuple[float, float]
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return the image turned, scaled and shifted, duller and noisier, and the map to it."""
    cos, sin = np.cos(np.radians(degrees)) * factor, np.sin(np.radians(degrees)) * factor
    turn = np.array([[cos, -sin], [sin, cos]])
    middle = np.array(image.shape) / 2 - 0.5
    matrix = np.concatenate([turn, (middle - turn @ middle + shift)[:, None]], axis=1)
    back = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))[:2]
    seen = ndimage.affine_transform(image.astype(float), back[:, :2], back[:, 2], order=1)
    seen = 0.8 * seen + 15 + np.random.default_rng(0).normal(0, 6, image.shape)
    return np.clip(seen, 0, 255).astype(np.uint8), matrix


@pytest.mark.parametrize(
    ("degrees", "factor", "shift"),
    [(0, 1, (8.3, -14.7)), (5, 1, (10, 20)), (-12, 1, (25, -35)), (3, 1.12, (4, 6))],
)
def test_a_known_move_is_found_to_a_part_of_a_pixel(
    degrees: float, factor: float, shift: tuple[float, float]
) -> None:
    assert EYE.scan.slo is not None
    second, matrix = transformed(EYE.scan.slo, degrees, factor, shift)
    found = register(EYE.scan.slo, second)
    places = np.stack(np.meshgrid([120.0, 256, 390], [120.0, 256, 390]), axis=-1).reshape(-1, 2)
    off = found.points(places) - (places @ matrix[:, :2].T + matrix[:, 2])
    assert np.hypot(*off.T).max() < 0.5
    assert found.scale == pytest.approx(factor, abs=2e-3)
    assert found.rotation_deg == pytest.approx(degrees, abs=0.1)
    assert found.alike > 0.5


def test_another_eye_is_not_brought_together() -> None:
    other = simulate_eye(replace(P, shape=(3, 120, 64)), 8)
    assert EYE.scan.slo is not None
    assert other.scan.slo is not None
    with pytest.raises(NotRegisteredError, match="do not match"):
        register(EYE.scan.slo, other.scan.slo)


def visit(eye: SimulatedEye, thicker_px: float = 0.0) -> Visit:
    annotation = Annotation.empty(eye.scan.shape)
    annotation.surfaces.values[:] = eye.surfaces.values
    annotation.surfaces.values[0] -= thicker_px
    annotation.masks.labels[:] = eye.masks.labels
    annotation.states[:] = State.PREDICTED
    return Visit(eye.scan, annotation)


def later(degrees: float = 4.0) -> SimulatedEye:
    """Return the eye at a second visit: the scan lies elsewhere, the SLO is turned."""
    moved = replace(P, fovea_offset_mm=(-0.25, 0.2), slo_offset_mm=(0.05, 0.55))
    eye = simulate_eye(moved, 3)
    assert eye.scan.slo is not None
    slo, matrix = transformed(eye.scan.slo, degrees, 1.0, (6.0, -4.0))

    def place(p: tuple[float, float]) -> tuple[float, float]:
        row, col = matrix[:, :2] @ np.array(p) + matrix[:, 2]
        return float(row), float(col)

    positions = tuple(
        replace(line, start=place(line.start), end=place(line.end))
        for line in eye.scan.geometry.positions
    )
    geometry = replace(eye.scan.geometry, positions=positions)
    return replace(eye, scan=replace(eye.scan, slo=slo, geometry=geometry))


def test_the_same_tissue_is_measured_at_both_visits() -> None:
    second = later()
    found = follow_up(visit(EYE), visit(second, 2.0))
    assert found.registration is not None
    assert found.fovea is not None
    assert found.fovea.source is FoveaSource.OTHER_VISIT
    assert (found.fovea.b, found.fovea.x) == pytest.approx(second.fovea, abs=1.0)
    assert found.warnings == ()
    grown_um = 2 * P.spacing_mm[1] * 1000
    changes = {(c.structure, c.region, c.figure): c for c in found.changes}
    cst = changes["ILM..BM", "central", "CST"]
    assert cst.change == pytest.approx(grown_um, abs=1.5)
    assert cst.change == cst.second - cst.first
    assert changes["ILM..BM", "inner nasal", "mean thickness"].change == pytest.approx(
        grown_um, abs=2
    )
    assert changes["IRF", "whole scan", "volume"].change == 0
    assert not any(c.structure in ("fovea", "quality") for c in found.changes)
    grown = difference_map(visit(EYE), visit(second, 2.0), found.registration, half_mm=2.0)
    assert grown.shape == (200, 200)
    assert np.nanmedian(grown) == pytest.approx(grown_um, abs=1)
    assert np.nanpercentile(np.abs(grown - grown_um), 95) < 8


def test_a_refused_figure_has_no_change_and_says_why() -> None:
    first, second = visit(EYE), visit(later())
    second.annotated.surfaces.values[second.annotated.surfaces.index("BM")] = np.nan
    found = follow_up(first, second)
    cst = next(c for c in found.changes if c.figure == "CST" and c.structure == "ILM..BM")
    assert np.isnan(cst.change)
    assert np.isfinite(cst.first)
    assert cst.note == "Second visit: There is no BM in this annotation."


def test_without_places_each_visit_is_measured_about_its_own_fovea() -> None:
    second = later()
    found = follow_up(visit(EYE), visit(replace(second, scan=replace(second.scan, slo=None))))
    assert found.registration is None
    assert found.fovea is not None
    assert found.fovea.source is FoveaSource.THICKNESS
    assert any("about its own fovea" in w for w in found.warnings)


def test_what_differs_between_visits_is_said() -> None:
    scan = EYE.scan
    other = replace(
        scan,
        laterality=Laterality.UNKNOWN,
        acquisition=replace(scan.acquisition, device="Other"),
        spacing=Spacing.from_mm(0.1, scan.spacing.z.mm, 0.05),
    )
    found = follow_up(visit(EYE), replace(visit(EYE), scan=other))
    text = " ".join(found.warnings)
    for words in ("devices differ", "different sources", "same eye"):
        assert words in text
    mirrored = replace(scan, laterality=Laterality.OS)
    with pytest.raises(NotMeasuredError, match="left eye"):
        follow_up(visit(EYE), replace(visit(EYE), scan=mirrored))


def test_a_scale_that_the_vessels_contradict_is_said() -> None:
    assert EYE.scan.slo is not None
    slo, _ = transformed(EYE.scan.slo, 0.0, 1.12, (0.0, 0.0))
    found = follow_up(visit(EYE), replace(visit(EYE), scan=replace(EYE.scan, slo=slo)))
    assert any("+12 % otherwise than its file says" in w for w in found.warnings)


def test_scans_without_area_have_no_difference_map() -> None:
    scan = raster(5, 64, positions=False)
    assert EYE.scan.slo is not None
    same = register(EYE.scan.slo, EYE.scan.slo)
    one = Visit(scan, Annotation.empty(scan.shape))
    with pytest.raises(NotMeasuredError, match="not known where"):
        difference_map(one, one, same)
