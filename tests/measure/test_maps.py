"""Maps of A-scans, over the fundus and on a grid in mm."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_core.measure.maps import (
    confidence_map,
    drusen_map,
    fluid_maps,
    sample_square,
    thickness_map,
)
from mirage_core.measure.plane import plane_of
from mirage_core.scan import Laterality, Spacing, SpacingUnknownError
from mirage_core.scan.fundus_map import FundusMap
from tests.measure.mapped import SLO_MIDDLE, SLO_MM, annotated, raster


@pytest.mark.parametrize("superior_first", [False, True])
@pytest.mark.parametrize("laterality", [Laterality.OD, Laterality.OS])
def test_maps_are_superior_up_and_as_the_image_runs(
    superior_first: bool, laterality: Laterality
) -> None:
    scan = raster(superior_first=superior_first, laterality=laterality)
    surfaces = annotated(scan, lambda x, y: 300 + 20 * x + 8 * y).surfaces
    made = thickness_map(surfaces, "ILM", "BM", scan.spacing)
    assert (made.unit, made.surfaces) == ("um", ("ILM", "BM"))
    plane = plane_of(scan)
    square = made.on_grid(plane, plane.centre_mm, 2.0, 0.1)
    assert square.shape == (40, 40)
    right = np.arange(40) * 0.1 - 1.95
    np.testing.assert_allclose(square, 300 + 20 * right[None] - 8 * right[:, None], atol=1e-2)
    fundus = made.over_fundus(FundusMap(scan.geometry, (800, 840)))
    step = 800 / fundus.shape[0]
    row, col = (round(v / step) for v in SLO_MIDDLE)
    away = round(1.5 / SLO_MM[0] / step)
    assert fundus[row - away, col] - fundus[row + away, col] == pytest.approx(24, abs=1.5)
    aside = round(1.5 / SLO_MM[1] / step)
    assert fundus[row, col + aside] - fundus[row, col - aside] == pytest.approx(60, abs=2)


def test_a_map_is_unknown_beyond_the_scan_and_where_a_surface_is() -> None:
    scan = raster(field_mm=(4.0, 4.0))
    surfaces = annotated(scan, lambda _x, _y: 300.0).surfaces
    surfaces.values[surfaces.index("BM"), :, :100] = np.nan
    made = thickness_map(surfaces, "ILM", "BM", scan.spacing)
    plane = plane_of(scan)
    square = made.on_grid(plane, plane.centre_mm)
    known = np.isfinite(square)
    right = (np.arange(300) + 0.5) * 0.02 - 3
    edge = -2 + 100 * 4 / 511
    assert not known[:, right < edge - 0.01].any()
    assert not known[np.abs(right) > 2.05].any()
    assert known[np.ix_(np.abs(right) < 1.95, (right > edge + 0.01) & (right < 1.99))].all()


def test_fluid_and_drusen_have_maps_in_um() -> None:
    scan = raster(9, 64)
    annotation = annotated(scan, lambda x, _y: 30 * x, upper="RPE")
    annotation.masks.labels[3, 10:20, 5] = 2
    srf = fluid_maps(annotation.masks, scan.spacing)[1]
    assert srf.title == "Subretinal fluid"
    assert srf.values[3, 5] == pytest.approx(40)
    assert np.count_nonzero(srf.values) == 1
    drusen = drusen_map(annotation.surfaces, scan.spacing)
    assert drusen.values.min() == 0
    assert drusen.values.max() == pytest.approx(99, abs=0.1)
    with pytest.raises(SpacingUnknownError):
        drusen_map(annotation.surfaces, Spacing())
    with pytest.raises(KeyError):
        thickness_map(annotation.surfaces, "ILM", "nowhere", scan.spacing)


def test_confidence_is_that_of_the_least_sure_surface() -> None:
    confidence = np.array([[[0.9, np.nan, np.nan]], [[0.4, 0.7, np.nan]]])
    made = confidence_map(confidence, ("ILM", "BM"))
    np.testing.assert_allclose(made.values, [[0.4, 0.7, np.nan]])
    assert confidence_map(confidence, ("ILM", "BM"), ["ILM"]).values[0, 0] == pytest.approx(0.9)


def test_a_square_of_a_bilinear_map_is_exact() -> None:
    scan = raster(41, 80, rotation=0.3)
    plane = plane_of(scan)
    b, x = np.mgrid[:41, :80]
    square = sample_square(plane, b * 2.0 + x * 0.5, plane.centre_mm, 1.0, 0.25)
    for i, y_mm in enumerate(-(np.arange(8) * 0.25 - 0.875)):
        for j, x_mm in enumerate(np.arange(8) * 0.25 - 0.875):
            at = plane.grid_place(plane.centre_mm + np.array([x_mm, y_mm]))
            assert square[i, j] == pytest.approx(2 * at[0] + 0.5 * at[1], abs=1e-3)
