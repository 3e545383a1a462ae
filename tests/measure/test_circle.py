"""Sectors and TSNIT profile of circle scans."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_core.annotate import Annotation
from mirage_core.io import open_scan
from mirage_core.measure.circle import SECTORS, sector_means, tsnit_degrees, tsnit_profile
from mirage_core.measure.tables import ScanFigures, measure_scan
from mirage_core.scan import (
    ArrayPixels,
    CirclePosition,
    Laterality,
    Scan,
    ScanGeometry,
    ScanPattern,
    Spacing,
    State,
)
from tests.measure.mapped import row_of, value_of
from tests.shared_data import shared_data

WIDTH, DZ_MM = 768, 0.004
RNFL = "ILM..RNFL/GCL"


def circle_scan(laterality: Laterality, start: float = 0.3, direction: int = 1) -> Scan:
    position = CirclePosition((300.0, 500.0), 150.0, start, direction)
    return Scan(
        ArrayPixels(np.zeros((1, 200, WIDTH), np.uint8)),
        Spacing.from_mm(None, DZ_MM, None),
        ScanGeometry(ScanPattern.CIRCLE, (position,), None, (0.0115, 0.0115)),
        laterality=laterality,
    )


def drawn(scan: Scan, thick_um: np.ndarray, state: State = State.PREDICTED) -> Annotation:
    annotation = Annotation.empty(scan.shape)
    rows = [annotation.surfaces.index(n) for n in ("ILM", "RNFL/GCL")]
    annotation.surfaces.values[rows[0]] = 20.0
    annotation.surfaces.values[rows[1]] = 20.0 + thick_um / (DZ_MM * 1000)
    annotation.states[rows] = state
    return annotation


def wave(scan: Scan) -> np.ndarray:
    """Return a thickness that is greatest nasally and differs from above to below, um."""
    points = scan.geometry.positions[0].points(WIDTH) - (300.0, 500.0)
    up, right = -points[:, 0] / 150, points[:, 1] / 150
    nasal = right if scan.laterality is Laterality.OD else -right
    return 100 + 30 * nasal + 12 * up


def mean_of_sector(first: float, last: float) -> float:
    """Return the mean of 100 - 30 cos + 12 sin over degrees from temporal."""
    a, b = np.radians([first, last])
    return 100 + (-30 * (np.sin(b) - np.sin(a)) - 12 * (np.cos(b) - np.cos(a))) / (b - a)


@pytest.mark.parametrize("eye", [Laterality.OD, Laterality.OS])
@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("start", [0.0, 2.0, -2.5])
def test_sectors_have_the_means_of_the_closed_form(
    eye: Laterality, direction: int, start: float
) -> None:
    scan = circle_scan(eye, start, direction)
    figures = measure_scan(scan, drawn(scan, wave(scan)))
    for name, first, last in SECTORS:
        expected = 100.0 if name == "global" else mean_of_sector(first, last)
        value = value_of(figures, RNFL, name, "mean thickness")
        assert value == pytest.approx(expected, abs=0.1), name
    profile = _profile(figures)
    assert profile[0] == pytest.approx(70, abs=0.1)  # temporal
    assert profile[90 // 5] == pytest.approx(112, abs=0.1)  # superior
    assert profile[180 // 5] == pytest.approx(130, abs=0.1)  # nasal
    assert profile[270 // 5] == pytest.approx(88, abs=0.1)  # inferior


def _profile(figures: ScanFigures) -> list[float]:
    return [r.measured.value for r in figures.rows if r.figure == "TSNIT profile"]


def test_the_six_sectors_go_round_once() -> None:
    assert sum(last - first for _, first, last in SECTORS[1:]) == 360


def test_a_sector_with_a_gap_is_refused_and_the_others_are_not() -> None:
    scan = circle_scan(Laterality.OD)
    thick = wave(scan)
    degrees = tsnit_degrees(scan.geometry.positions[0], WIDTH, Laterality.OD)
    thick[(degrees > 100) & (degrees < 120)] = np.nan
    figures = measure_scan(scan, drawn(scan, thick))
    gap = row_of(figures, RNFL, "nasal superior", "mean thickness").measured
    assert np.isnan(gap.value)
    assert gap.coverage == pytest.approx(25 / 45, abs=0.02)
    assert np.isfinite(value_of(figures, RNFL, "nasal", "mean thickness"))
    assert np.isnan(value_of(figures, RNFL, "global", "mean thickness"))
    assert np.isnan(value_of(figures, RNFL, "110°", "TSNIT profile"))


def test_an_unknown_eye_or_place_leaves_only_the_mean_all_round() -> None:
    eyeless = circle_scan(Laterality.UNKNOWN)
    placeless = Scan(
        eyeless.pixels,
        eyeless.spacing,
        ScanGeometry(ScanPattern.CIRCLE),
        laterality=Laterality.OD,
    )
    for scan, word in ((eyeless, "eye"), (placeless, "where the circle lies")):
        figures = measure_scan(scan, drawn(scan, np.full(WIDTH, 96.0)))
        assert value_of(figures, RNFL, "global", "mean thickness") == pytest.approx(96)
        assert word in row_of(figures, RNFL, "temporal", "mean thickness").measured.reason
        assert not _profile(figures)
    depthless = circle_scan(Laterality.OD).with_spacing(Spacing())
    figures = measure_scan(depthless, drawn(depthless, np.full(WIDTH, 96.0)))
    assert "depth scale" in row_of(figures, RNFL, "global", "mean thickness").measured.reason


def test_angles_follow_a_disc_that_is_not_in_the_middle() -> None:
    position = CirclePosition((300.0, 500.0), 150.0)
    centred = tsnit_degrees(position, WIDTH, Laterality.OD)
    moved = tsnit_degrees(position, WIDTH, Laterality.OD, disc=(300.0, 450.0))
    assert centred[WIDTH // 4] == pytest.approx(270)  # straight below the centre
    assert moved[WIDTH // 4] < 270  # and to the right of a disc that lies further left: nasal


def test_the_profile_closes_round_the_circle() -> None:
    degrees = np.arange(0, 360, 7.2) + 3.6
    profile = tsnit_profile(degrees, np.cos(np.radians(degrees)))
    assert profile.values[0] == pytest.approx(1, abs=0.01)
    np.testing.assert_allclose(profile.values, np.cos(np.radians(profile.degrees)), atol=0.01)
    (everything, *_) = sector_means(degrees, np.cos(np.radians(degrees)))
    assert everything.mean == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("name", ["circle.vol", "onh_circle.vol"])
def test_real_circles_show_the_double_hump(name: str) -> None:
    scan = open_scan(shared_data(f"spectralis_vol/{name}"))
    figures = measure_scan(scan, Annotation.for_scan(scan))
    sectors = {s: value_of(figures, RNFL, s, "mean thickness") for s, _, _ in SECTORS}
    assert 70 < sectors["global"] < 125
    for thick in ("temporal superior", "temporal inferior"):
        assert sectors[thick] > 1.2 * max(sectors["temporal"], sectors["nasal"])
