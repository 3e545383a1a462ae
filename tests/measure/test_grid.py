"""The nine figures over a map are those of the table, and refused for the same reasons."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mirage_core.annotate import Annotation
from mirage_core.measure.convolution import convolved
from mirage_core.measure.etdrs import SUBFIELDS
from mirage_core.measure.fovea import Fovea
from mirage_core.measure.grid import map_grid
from mirage_core.measure.ground import Ground
from mirage_core.measure.maps import fluid_maps, thickness_map
from mirage_core.measure.tables import measure_scan
from mirage_core.scan import Laterality, Spacing, State
from mirage_core.simulate import EyeParameters, simulate_eye

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
