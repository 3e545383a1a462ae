"""The nine figures over a map are those of the table, and refused for the same reasons."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mirage_core.annotate import Annotation
from mirage_core.measure.convolution import convolved
from mirage_core.measure.etdrs import STEP_MM, SUBFIELDS, etdrs_regions, etdrs_samples
from mirage_core.measure.fovea import Fovea
from mirage_core.measure.grid import map_grid
from mirage_core.measure.ground import Ground
from mirage_core.measure.maps import fluid_maps, thickness_map
from mirage_core.measure.plane import plane_of
from mirage_core.measure.tables import measure_scan
from mirage_core.scan import Laterality, Scan, Spacing, State
from mirage_core.simulate import EyeParameters, simulate_eye
from tests.measure.mapped import annotated, middle, raster, star

EYE = simulate_eye(EyeParameters(shape=(25, 120, 128), field_mm=(6.4, 1.92, 6.4)), 4)


@pytest.fixture
def work() -> Annotation:
    annotation = Annotation.empty(EYE.scan.shape)
    annotation.surfaces.values[:] = EYE.surfaces.values
    annotation.masks.labels[:] = EYE.masks.labels
    annotation.states[:] = State.PREDICTED
    annotation.states[:, :13] = State.APPROVED
    return annotation


@pytest.mark.parametrize("pair", [("ILM", "BM"), ("ILM", "RNFL/GCL")])
def test_they_are_the_figures_of_the_table(work: Annotation, pair: tuple[str, str]) -> None:
    figures = measure_scan(EYE.scan, work, Fovea(12.0, 60.0))
    ground = Ground.of(EYE.scan, work, figures.fovea)
    cells = map_grid(ground, thickness_map(work.surfaces, *pair, EYE.scan.spacing))
    rows = {
        r.region: r.measured
        for r in figures.rows
        if (r.structure, r.figure) == ("..".join(pair), "mean thickness")
    }
    assert len(cells) == len(SUBFIELDS)
    for region, cell in zip(SUBFIELDS, cells, strict=True):
        expected = rows[region]
        assert cell.value == pytest.approx(expected.value, nan_ok=True)
        assert cell.approved == pytest.approx(expected.approved, nan_ok=True)
        assert cell.reason == expected.reason


def test_of_an_unknown_eye_nasal_and_temporal_are_refused(work: Annotation) -> None:
    scan = replace(EYE.scan, laterality=Laterality.UNKNOWN)
    ground = Ground.of(scan, work, Fovea(12.0, 64.0))
    cells = map_grid(ground, thickness_map(work.surfaces, "ILM", "BM", scan.spacing))
    refused = {r for r, c in zip(SUBFIELDS, cells, strict=True) if "eye" in c.reason}
    assert refused == {r for r in SUBFIELDS if "nasal" in r or "temporal" in r}


def test_without_a_scale_there_is_none_of_them(work: Annotation) -> None:
    shown = thickness_map(work.surfaces, "ILM", "BM", EYE.scan.spacing)
    scan = EYE.scan.with_spacing(Spacing())
    cells = map_grid(Ground.of(scan, work), shown)
    assert {c.text for c in cells} == {"–"}
    assert all("spacing" in c.reason.lower() for c in cells)


def test_where_nobody_looked_a_map_of_fluid_is_not_known(work: Annotation) -> None:
    seen = np.ones(25, bool)
    seen[3] = False
    for one in fluid_maps(work.masks, EYE.scan.spacing, seen):
        assert np.isnan(one.values[3]).all()
        assert np.isfinite(one.values[seen]).all()


@pytest.mark.parametrize("kernel", [(3, 5), (4, 7)])
def test_the_convolution_is_that_of_scipy(kernel: tuple[int, int]) -> None:
    from scipy import signal

    rng = np.random.default_rng(1)
    values, weights = rng.normal(size=(20, 31)), rng.normal(size=kernel)
    expected = signal.fftconvolve(values, weights, mode="same")
    assert np.allclose(convolved(values, weights), expected)


@pytest.mark.parametrize("scan", [raster(33, 200), raster(33, 200, rotation=0.4), star(12, 200)])
@pytest.mark.parametrize("gone", [0.0, 0.05])
def test_looked_up_at_points_a_map_has_the_same_figures(scan: Scan, gone: float) -> None:
    rng = np.random.default_rng(2)
    values = rng.uniform(200, 400, scan.shape[::2])
    values[rng.random(values.shape) < gone] = np.nan
    plane = plane_of(scan)
    at = plane.centre_mm + np.array([0.21, -0.4])
    regions = etdrs_regions(plane, at, Laterality.OS)
    samples = etdrs_samples(plane, at, Laterality.OS)
    one, other = regions.of(values), samples.of(values)
    np.testing.assert_allclose(other.mean, one.mean, rtol=1e-9)
    np.testing.assert_allclose(other.coverage, one.coverage, rtol=1e-9)
    approved = rng.random(scan.n_b_scans) < 0.5
    np.testing.assert_allclose(samples.share_of(approved), regions.share_of(approved), rtol=1e-9)


def test_a_moved_fovea_has_the_ground_of_one_that_was_there_from_the_beginning() -> None:
    scan = raster(33, 128)
    flat = annotated(scan, lambda _x, _y: 300.0)  # no fovea is found in it
    lost, put = Ground.of(scan, flat), middle(scan)
    assert lost.no_grid
    moved, wanted = lost.about(put), Ground.of(scan, flat, put)
    for name in ("fovea", "no_fovea", "no_grid", "no_footprints", "no_volume", "no_depth"):
        assert getattr(moved, name) == getattr(wanted, name), name
    blind = scan.with_spacing(Spacing.from_mm(0.2, None, 0.05))
    assert Ground.of(blind, flat).about(put).no_grid == Ground.of(blind, flat, put).no_grid
    nowhere = scan.with_spacing(Spacing())
    assert Ground.of(nowhere, flat).about(put).no_grid == Ground.of(nowhere, flat, put).no_grid


def test_while_the_fovea_moves_a_coarser_grid_is_within_a_fifth_of_a_um(work: Annotation) -> None:
    ground = Ground.of(EYE.scan, work, Fovea(*EYE.fovea))
    en_face = thickness_map(work.surfaces, "ILM", "BM", EYE.scan.spacing)
    for exact, quick in zip(
        map_grid(ground, en_face), map_grid(ground, en_face, 2 * STEP_MM), strict=True
    ):
        assert quick.reason == exact.reason
        assert quick.value == pytest.approx(exact.value, abs=0.2, nan_ok=True)
        assert quick.coverage == pytest.approx(exact.coverage, abs=2e-3)
