"""Volumes, heights and areas of fluid, drusen and lost ellipsoid zone against closed forms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirage_core.annotate import Annotation
from mirage_core.measure.fluid import en_face_um, sampling_error
from mirage_core.measure.lesion_columns import LesionColumns
from mirage_core.measure.tables import measure_scan
from mirage_core.scan import FLUID_SCHEME, Masks, Scan, State
from tests.measure.mapped import (
    DZ_MM,
    annotated,
    middle,
    places,
    raster,
    row_of,
    star,
    value_of,
)

IRF, SRF = 1, 2


def fluid_of(scan: Scan, labels: np.ndarray, state: State = State.EDITED) -> Annotation:
    """Return an annotation with these masks only."""
    annotation = Annotation.empty(scan.shape)
    annotation.masks.labels[:] = labels
    annotation.states[-1] = state
    return annotation


def box(scan: Scan, b: slice, z: slice, x: slice, value: int = IRF) -> np.ndarray:
    labels = np.zeros(scan.shape, np.uint8)
    labels[b, z, x] = value
    return labels


def test_a_box_has_the_volume_area_and_height_of_its_pixels() -> None:
    scan = raster()
    db, dz, dx = scan.spacing.require_mm("b", "z", "x")
    labels = box(scan, slice(40, 50), slice(10, 30), slice(200, 260))
    figures = measure_scan(scan, fluid_of(scan, labels), middle(scan))
    volume = 10 * 20 * 60 * db * dz * dx * 1000
    assert value_of(figures, "IRF", "whole scan", "volume") == pytest.approx(volume)
    assert value_of(figures, "IRF", "whole scan", "area") == pytest.approx(10 * 60 * db * dx)
    assert value_of(figures, "IRF", "whole scan", "height") == pytest.approx(20 * dz * 1000)
    figures = measure_scan(scan, fluid_of(scan, labels, State.APPROVED), middle(scan))
    assert value_of(figures, "SRF", "whole scan", "volume") == 0.0


def test_unequal_gaps_weigh_by_half_the_gap_on_either_side() -> None:
    up = np.array([-3.0, -2.8, -2.6, -2.4, -1.4, 0.0, 1.0, 3.0])
    scan = raster(width=256, places_mm=up)
    dz, dx = scan.spacing.require_mm("z", "x")
    labels = box(scan, slice(4, 6), slice(0, 10), slice(0, 100))
    figures = measure_scan(scan, fluid_of(scan, labels), middle(scan))
    volume = 10 * 100 * dz * dx * ((1.0 + 1.4) / 2 + (1.4 + 1.0) / 2) * 1000
    assert value_of(figures, "IRF", "whole scan", "volume") == pytest.approx(volume)


@pytest.mark.parametrize("superior_first", [False, True])
def test_a_cylinder_is_cut_by_the_circles_about_the_fovea(superior_first: bool) -> None:
    scan = raster(superior_first=superior_first)
    x, y = places(scan)
    height_px = 25
    labels = np.zeros(scan.shape, np.uint8)
    inside = np.hypot(x - 1.5, y) < 1.0
    labels[:, 5 : 5 + height_px] = (inside * SRF)[:, None]
    figures = measure_scan(scan, fluid_of(scan, labels), middle(scan))
    height_mm = height_px * DZ_MM
    total = value_of(figures, "SRF", "whole scan", "volume")
    assert total == pytest.approx(np.pi * height_mm * 1000, rel=0.01)
    assert value_of(figures, "SRF", "whole scan", "area") == pytest.approx(np.pi, rel=0.01)
    # The lens that two circles of radius 1.5 and 1, 1.5 mm apart, share.
    d, big, small = 1.5, 1.5, 1.0
    u = (d**2 + big**2 - small**2) / (2 * d)
    lens = (
        big**2 * np.arccos(u / big)
        + small**2 * np.arccos((d - u) / small)
        - d * np.sqrt(big**2 - u**2)
    )
    within = value_of(figures, "SRF", "3 mm", "volume")
    assert within == pytest.approx(lens * height_mm * 1000, rel=0.01)
    assert value_of(figures, "SRF", "1 mm", "volume") == pytest.approx(0.0, abs=0.5)
    assert value_of(figures, "SRF", "6 mm", "volume") == pytest.approx(total, rel=1e-9)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 3))
def test_fluid_keeps_its_volume_when_every_b_scan_is_taken_more_often(
    seed: int, times: int
) -> None:
    coarse = raster(12, 64, (6.0, 6.6))
    gap = 6.0 / 11
    labels = (np.random.default_rng(seed).random(coarse.shape) < 0.1).astype(np.uint8)
    up = (np.arange(12 * times) - (12 * times - 1) / 2) * gap / times
    fine = raster(width=64, places_mm=up)
    again = np.repeat(labels, times, axis=0)
    volumes = [
        value_of(measure_scan(s, fluid_of(s, m), middle(s)), "IRF", "whole scan", "volume")
        for s, m in ((coarse, labels), (fine, again))
    ]
    assert volumes[0] == pytest.approx(volumes[1], rel=1e-6)


def test_the_error_of_sampling_in_closed_form() -> None:
    # One section: 3 P^2 / 240, two equal ones: (3 * 2 - 4) P^2 / 240.
    assert sampling_error(np.array([0.0, 5.0, 0.0])) == pytest.approx(np.sqrt(3 / 240))
    assert sampling_error(np.array([5.0, 5.0])) == pytest.approx(np.sqrt(2 / 240) / 2)
    assert np.isnan(sampling_error(np.zeros(9)))


@settings(max_examples=20, deadline=None)
@given(st.floats(1.5, 4.0), st.floats(0, 1))
def test_the_volume_of_an_ellipsoid_is_off_by_no_more_than_is_said(
    half_width: float, phase: float
) -> None:
    sections = np.maximum(1 - ((np.arange(-7, 8) + phase) / half_width) ** 2, 0)
    off = sections.sum() / (4 / 3 * half_width) - 1
    assert abs(off) < 3 * sampling_error(sections)


def test_a_volume_says_how_far_it_depends_on_where_b_scans_lie() -> None:
    scan = raster(49, 128)
    labels = box(scan, slice(20, 23), slice(10, 30), slice(50, 60))
    figures = measure_scan(scan, fluid_of(scan, labels), middle(scan))
    note = row_of(figures, "IRF", "whole scan", "volume").measured.note
    assert note == "Standard error by the gap between B-scans: at least about 3 %."
    # B-scans taken out of turn are put in their places first.
    order = np.concatenate([np.arange(0, 49, 2), np.arange(1, 49, 2)])
    mixed = raster(49, 128, places_mm=((np.arange(49) - 24) * 6.6 / 48)[order])
    figures = measure_scan(mixed, fluid_of(mixed, labels[order]), middle(mixed))
    assert row_of(figures, "IRF", "whole scan", "volume").measured.note == note


@pytest.mark.parametrize(("n", "words"), [(0, ""), (1, "1 B-scan"), (2, "2 B-scans")])
def test_a_lesion_on_one_or_two_b_scans_is_uncertain_and_has_no_error_in_percent(
    n: int, words: str
) -> None:
    scan = raster(49, 128)
    labels = box(scan, slice(20, 20 + n), slice(10, 30), slice(50, 60))
    figures = measure_scan(scan, fluid_of(scan, labels), middle(scan))
    note = row_of(figures, "IRF", "whole scan", "volume").measured.note
    assert note == (f"Seen on {words} only: the volume is uncertain." if words else "")


def test_masks_that_nobody_looked_at_are_no_zero() -> None:
    scan = raster(49, 128)
    figures = measure_scan(scan, fluid_of(scan, np.zeros(scan.shape), State.UNSEEN), middle(scan))
    row = row_of(figures, "IRF", "whole scan", "volume").measured
    assert np.isnan(row.value)
    assert "Nobody has looked" in row.reason
    half = fluid_of(scan, np.zeros(scan.shape))
    half.states[-1, :20] = State.UNSEEN
    every = {"IRF": np.ones(49, bool)}
    figures = measure_scan(scan, half, middle(scan), looked_for=every)
    row = row_of(figures, "IRF", "whole scan", "volume").measured
    assert np.isnan(row.value)
    assert row.coverage == pytest.approx(29 / 49)


def test_a_star_of_b_scans_has_heights_but_no_volume() -> None:
    scan = star(12, 128)
    labels = box(scan, slice(3, 4), slice(5, 9), slice(10, 20))
    figures = measure_scan(scan, fluid_of(scan, labels))
    assert "radial" in row_of(figures, "IRF", "whole scan", "volume").measured.reason
    assert value_of(figures, "IRF", "whole scan", "height") == pytest.approx(4 * DZ_MM * 1000)


@settings(deadline=None)
@given(st.integers(1, 3), st.integers(1, 5), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_columns_count_as_a_plain_loop_does(n: int, z: int, x: int, seed: int) -> None:
    labels = np.random.default_rng(seed).integers(0, 3, (n, z, x)).astype(np.uint8)
    columns = LesionColumns.of(Masks(labels))
    for value in (1, 2, 3):
        assert (columns.counts(value) == (labels == value).sum(axis=1)).all()
        longest = 0
        for b in range(n):
            for column in range(x):
                run = 0
                for pixel in labels[b, :, column]:
                    run = run + 1 if pixel == value else 0
                    longest = max(longest, run)
        assert columns.longest_run(value) == longest
    assert en_face_um(columns, 1, 0.004).max() == pytest.approx(
        4.0 * (labels == 1).sum(axis=1).max()
    )


def test_a_paraboloid_druse_has_half_the_volume_of_its_cylinder() -> None:
    scan = raster(193)

    def gap_um(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return 20 + 120 * np.maximum(1 - np.hypot(x - 0.4, y + 0.3) ** 2 / 0.8**2, 0)

    annotation = annotated(scan, gap_um, upper="RPE")
    figures = measure_scan(scan, annotation, middle(scan))
    dome = np.pi * 0.8**2 * 120 / 2 / 1000
    for diameter in (3, 5):
        everything = dome + np.pi * diameter**2 / 4 * 20 / 1000
        region = f"{diameter} mm"
        assert value_of(figures, "drusen", region, "volume") == pytest.approx(everything, rel=2e-3)
        above = value_of(figures, "drusen", region, "volume above usual")
        assert above == pytest.approx(dome, rel=5e-3)
    note = row_of(figures, "drusen", "3 mm", "volume above usual").measured.note
    assert "over 20 µm" in note


def test_a_round_loss_of_the_ellipsoid_zone_has_its_area_and_root() -> None:
    scan = raster(193)
    x, y = places(scan)
    lost = np.hypot(x, y - 0.5) < 1.1
    annotation = annotated(scan, lambda _x, _y: 40.0, upper="EZ", lower="RPE")
    annotation.surfaces.values[annotation.surfaces.index("EZ"), lost] = 5.0 + 35 / 4
    figures = measure_scan(scan, annotation, middle(scan))
    for region in ("whole scan", "6 mm"):
        area = value_of(figures, "EZ loss", region, "area")
        assert area == pytest.approx(np.pi * 1.1**2, rel=0.01)
        root = value_of(figures, "EZ loss", region, "square root of area")
        assert root == pytest.approx(np.sqrt(area))


def test_an_ellipsoid_zone_that_is_not_drawn_is_not_lost() -> None:
    scan = raster(49, 128)
    annotation = annotated(scan, lambda _x, _y: 40.0, upper="EZ", lower="RPE")
    annotation.surfaces.values[annotation.surfaces.index("EZ"), :, :40] = np.nan
    area = row_of(
        measure_scan(scan, annotation, middle(scan)), "EZ loss", "whole scan", "area"
    ).measured
    assert np.isnan(area.value)
    assert area.coverage == pytest.approx(88 / 128)


def test_classes_are_those_of_the_scheme_of_the_masks() -> None:
    scan = raster(13, 64)
    annotation = fluid_of(scan, np.zeros(scan.shape))
    scheme = replace(FLUID_SCHEME, name="few", classes=FLUID_SCHEME.classes[:2])
    annotation.masks = Masks(annotation.masks.labels, scheme)
    figures = measure_scan(scan, annotation, middle(scan))
    assert {r.structure for r in figures.rows if r.measured.unit == "nL"} == {"IRF", "SRF"}
