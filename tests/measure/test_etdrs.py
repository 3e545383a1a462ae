"""The ETDRS grid against closed forms, in every orientation, and what it refuses."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirage_core.measure.etdrs import AREAS_MM2, SUBFIELDS, disc_regions, etdrs_regions, whole
from mirage_core.measure.plane import plane_of
from mirage_core.measure.tables import measure_scan
from mirage_core.scan import Laterality, Scan
from tests.measure.mapped import (
    annotated,
    middle,
    places,
    raster,
    star,
    typed,
    value_of,
)

A, B = 200.0, 60.0
UNEVEN = np.cumsum(np.random.default_rng(3).uniform(0.03, 0.11, 97))
UNEVEN_MM = UNEVEN - (UNEVEN[0] + UNEVEN[-1]) / 2

SCANS = {
    "inferior first": raster(),
    "superior first": raster(superior_first=True),
    "left eye": raster(laterality=Laterality.OS),
    "left eye, superior first": raster(laterality=Laterality.OS, superior_first=True),
    "few long B-scans": raster(61, 900, (6.4, 8.8)),
    "many short B-scans": raster(241, 200, (7.0, 6.4)),
    "unequal gaps": raster(places_mm=UNEVEN_MM),
    "turned": raster(field_mm=(9.4, 9.4), rotation=0.4),
    "upright B-scans": raster(rotation=np.pi / 2),
    "without positions": raster(positions=False),
    "spacing typed": typed(raster()),
    "radial": star(),
}


@pytest.mark.parametrize("name", SCANS)
def test_a_cone_has_the_subfields_and_volume_of_the_closed_form(name: str) -> None:
    scan = SCANS[name]
    figures = measure_scan(scan, annotated(scan, lambda x, y: A + B * np.hypot(x, y)), middle(scan))
    ring = {
        "central": A + B / 3,
        "inner": A + 2 * B / 3 * (1.5**3 - 0.5**3) / (1.5**2 - 0.5**2),
        "outer": A + 2 * B / 3 * (3**3 - 1.5**3) / (3**2 - 1.5**2),
    }
    assert [round(v) for v in ring.values()] == [220, 265, 340]
    for region in SUBFIELDS:
        value = value_of(figures, "ILM..BM", region, "mean thickness")
        assert value == pytest.approx(ring[region.split()[0]], abs=0.4), region
    volume = value_of(figures, "ILM..BM", "6 mm", "volume")
    assert volume == pytest.approx(9 * np.pi * (A + 2 * B) / 1000, rel=5e-4)
    assert volume == pytest.approx(9.048, rel=5e-4)
    for diameter in (1, 3):
        radius = diameter / 2
        value = value_of(figures, "ILM..BM", f"{diameter} mm", "volume")
        closed = np.pi * radius**2 * (A + 2 * B * radius / 3) / 1000
        assert value == pytest.approx(closed, rel=2e-3)
    assert value_of(figures, "ILM..BM", "central", "CST") == value_of(
        figures, "ILM..BM", "central", "mean thickness"
    )
    assert value_of(figures, "ILM..BM", "fovea", "centre point thickness") < A + 2.5


@pytest.mark.parametrize("name", SCANS)
def test_superior_is_up_and_nasal_is_towards_the_nose(name: str) -> None:
    scan = SCANS[name]
    nose = -1 if scan.laterality is Laterality.OS else 1
    figures = measure_scan(
        scan, annotated(scan, lambda x, y: 300 + 20 * nose * x + 7 * y), middle(scan)
    )
    got = {r: value_of(figures, "ILM..BM", r, "mean thickness") for r in SUBFIELDS}
    # The centroid of a sector of 90 degrees lies (4 sqrt 2 / 3 pi) (R^3 - r^3) / (R^2 - r^2) out.
    for name_, (r, big_r) in {"inner": (0.5, 1.5), "outer": (1.5, 3.0)}.items():
        out = 4 * np.sqrt(2) / (3 * np.pi) * (big_r**3 - r**3) / (big_r**2 - r**2)
        assert got[f"{name_} nasal"] == pytest.approx(300 + 20 * out, abs=0.2)
        assert got[f"{name_} temporal"] == pytest.approx(300 - 20 * out, abs=0.2)
        assert got[f"{name_} superior"] == pytest.approx(300 + 7 * out, abs=0.2)
        assert got[f"{name_} inferior"] == pytest.approx(300 - 7 * out, abs=0.2)


def test_a_left_eye_that_mirrors_a_right_one_has_the_same_nine_numbers() -> None:
    right, left = raster(), raster(laterality=Laterality.OS)
    rough = np.random.default_rng(0).uniform(250, 350, right.shape[::2])
    one = measure_scan(right, annotated(right, lambda _x, _y: rough), middle(right))
    other = measure_scan(left, annotated(left, lambda _x, _y: rough[:, ::-1]), middle(left))
    for region in SUBFIELDS:
        nine = [value_of(f, "ILM..BM", region, "mean thickness") for f in (one, other)]
        assert nine[0] == pytest.approx(nine[1], abs=1e-3)


def test_the_grid_follows_the_fovea() -> None:
    scan = raster(field_mm=(8.0, 8.0))
    plane = plane_of(scan)
    at = np.array([0.31, -0.22])
    cone = annotated(scan, lambda x, y: A + B * np.hypot(x - at[0], y - at[1]))
    fovea = middle(scan).moved(*plane.grid_place(plane.centre_mm + at))
    figures = measure_scan(scan, cone, fovea)
    assert value_of(figures, "ILM..BM", "central", "CST") == pytest.approx(A + B / 3, abs=0.3)
    aside = value_of(measure_scan(scan, cone, middle(scan)), "ILM..BM", "central", "CST")
    assert aside > A + B / 3 + 2


def test_a_place_and_its_grid_place_are_one() -> None:
    for name, scan in SCANS.items():
        plane = plane_of(scan)
        for b, x in ((0, 0.0), (7, 100.25), (plane.n_b_scans - 1, plane.width - 1.0)):
            again = plane.grid_place(plane.place_mm(b, x))
            assert again == pytest.approx((b, x), abs=1e-6), name
    plane = plane_of(SCANS["superior first"])
    assert plane.grid_place(plane.place_mm(4.3, 20.7)) == pytest.approx((4.3, 20.7))


def test_interleaved_b_scans_are_put_in_their_places() -> None:
    order = np.concatenate([np.arange(0, 97, 2), np.arange(1, 97, 2)])
    straight, mixed = raster(), raster(places_mm=((np.arange(97) - 48) * 6.6 / 96)[order])
    nine = []
    for scan in (straight, mixed):
        bowl = annotated(scan, lambda x, y: 300 + 9 * x - 4 * y**2)
        figures = measure_scan(scan, bowl, middle(scan))
        nine.append([value_of(figures, "ILM..BM", r, "mean thickness") for r in SUBFIELDS])
    np.testing.assert_allclose(nine[1], nine[0], atol=1e-3)


def test_a_region_beyond_the_scan_is_refused_with_its_coverage() -> None:
    scan = raster(field_mm=(4.2, 6.6))
    figures = measure_scan(scan, annotated(scan, lambda _x, _y: 300.0), middle(scan))
    rows = {r.region: r.measured for r in figures.rows if r.structure == "ILM..BM"}
    assert rows["inner superior"].value == pytest.approx(300)
    assert np.isnan(rows["outer superior"].value)
    assert 0.3 < rows["outer superior"].coverage < 0.7
    assert rows["outer superior"].reason.startswith("Known on ")
    assert rows["outer superior"].text == "–"
    assert np.isnan(rows["6 mm"].value)


def test_nothing_is_called_crt_and_every_layer_by_its_surfaces() -> None:
    scan = raster(33, 128)
    figures = measure_scan(scan, annotated(scan, lambda _x, _y: 300.0), middle(scan))
    assert not any("CRT" in (r.structure, r.region, r.figure) for r in figures.rows)
    layers = [r for r in figures.rows if r.measured.unit == "um" and r.measured.basis.surfaces]
    assert layers
    assert all(r.structure == "..".join(r.measured.basis.surfaces) for r in layers)


@pytest.mark.parametrize(("gone", "known"), [(0.03, True), (0.08, False)])
def test_undefined_a_scans_count_against_the_coverage(gone: float, known: bool) -> None:
    scan = raster()
    annotation = annotated(scan, lambda _x, _y: 300.0)
    holes = np.random.default_rng(1).random(scan.shape[::2]) < gone
    annotation.surfaces.values[annotation.surfaces.index("BM"), holes] = np.nan
    figures = measure_scan(scan, annotation, middle(scan))
    (cst,) = (r.measured for r in figures.rows if r.figure == "CST" and "BM" in r.structure)
    assert cst.coverage == pytest.approx(1 - gone, abs=0.01)
    assert (cst.value == pytest.approx(300)) if known else np.isnan(cst.value)


def test_a_missing_b_scan_takes_its_part_and_no_more() -> None:
    scan = raster(49)
    annotation = annotated(scan, lambda _x, _y: 300.0)
    annotation.surfaces.values[:, 24] = np.nan
    plane = plane_of(scan)
    regions = disc_regions(plane, plane.centre_mm, (1.0,))
    averages = regions.of(annotation.surfaces["BM"] - annotation.surfaces["ILM"])
    gap_mm = 6.6 / 48
    assert averages.coverage[0] == pytest.approx(1 - gap_mm / (np.pi / 4), abs=0.01)


def test_circles_are_made_of_their_subfields() -> None:
    scan = raster()
    plane = plane_of(scan)
    x, y = places(scan)
    rough = 300 + 10 * np.sin(3 * x) * np.cos(2 * y)
    subfields = etdrs_regions(plane, plane.centre_mm, Laterality.OD).of(rough)
    discs = disc_regions(plane, plane.centre_mm, (1.0, 3.0, 6.0)).of(rough)
    for i, diameter in enumerate((1.0, 3.0, 6.0)):
        assert whole(subfields, diameter).mean == pytest.approx(discs.mean[i], abs=1e-3)
    assert AREAS_MM2.sum() == pytest.approx(9 * np.pi)


def _figures(scan: Scan, depths: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    annotation = annotated(scan, lambda _x, _y: 300.0)
    for name, depth in depths.items():
        annotation.surfaces.values[annotation.surfaces.index(name)] = depth
    figures = measure_scan(scan, annotation, middle(scan))
    return {
        structure: np.array(
            [r.measured.value for r in figures.rows if r.structure == structure and r.region]
        )
        for structure in {r.structure for r in figures.rows if ".." in r.structure}
    }


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(-3, 3))
def test_adjacent_layers_add_up_and_depth_does_not_matter(seed: int, shift: float) -> None:
    scan = raster(33, 128)
    rng = np.random.default_rng(seed)
    shape = scan.shape[::2]
    tops = np.cumsum(rng.uniform(0, 6, (4, *shape)), axis=0) + rng.normal(0, 3, (1, *shape))
    holes = rng.random(shape) < 0.02
    tops[:, holes] = np.nan
    names = ("ILM", "IPL/INL", "RPE", "BM")
    found = _figures(scan, dict(zip(names, tops, strict=True)))
    parts = sum(found[f"{a}..{b}"][:9] for a, b in pairwise(names))
    np.testing.assert_allclose(parts, found["ILM..BM"][:9], atol=1e-3)
    moved = _figures(scan, dict(zip(names, tops + shift, strict=True)))
    for structure, values in found.items():
        np.testing.assert_allclose(moved[structure], values, atol=2e-3)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 4))
def test_a_volume_stays_when_b_scans_are_subdivided(seed: int, parts: int) -> None:
    coarse = raster(25, 96, (7.2, 6.6))
    fine = raster(24 * parts + 1, 96, (7.2, 6.6))
    rough = np.random.default_rng(seed).uniform(200, 400, coarse.shape[::2])
    b = np.arange(fine.n_b_scans) / parts
    between = np.stack([np.interp(b, np.arange(25), column) for column in rough.T], axis=1)
    volumes = [
        value_of(
            measure_scan(scan, annotated(scan, lambda _x, _y, m=m: m), middle(scan)),
            "ILM..BM",
            "6 mm",
            "volume",
        )
        for scan, m in ((coarse, rough), (fine, between))
    ]
    assert volumes[0] == pytest.approx(volumes[1], rel=1e-6)
