"""What an engine is told about a scan's layout."""

from dataclasses import replace

import numpy as np
import pytest

from mirage_core.engines.graph.prior import neighbourhoods
from mirage_core.engines.graph.scale import working_scale
from mirage_core.engines.propose import engine_input
from mirage_core.scan import ArrayPixels, LinePosition, Scan, ScanGeometry, ScanPattern, Spacing


def scan_of(positions, pattern=ScanPattern.RASTER, **geometry) -> Scan:
    volume = np.zeros((max(len(positions), 3), 8, 16), np.uint8)
    options = {"slo_mm_per_px": (0.01, 0.01), **geometry}
    return Scan(
        pixels=ArrayPixels(volume),
        spacing=Spacing.from_mm(0.06, 0.004, 0.01),
        geometry=ScanGeometry(pattern=pattern, positions=tuple(positions), **options),
    )


def horizontal(*rows) -> list[LinePosition]:
    return [LinePosition((row, 10.0), (row, 90.0)) for row in rows]


def test_the_pattern_comes_from_the_geometry():
    source, _ = engine_input(scan_of([], ScanPattern.RADIAL))
    assert source.pattern is ScanPattern.RADIAL


def test_gaps_are_those_of_the_positions_and_of_the_b_scans_read():
    scan = scan_of(horizontal(50, 47, 40, 20))
    assert engine_input(scan)[0].gaps_mm == pytest.approx((0.03, 0.07, 0.2))
    source, wanted = engine_input(scan, (2,), context=1)
    assert wanted == (2,)
    assert source.wanted == (1,)
    assert source.gaps_mm == pytest.approx((0.07, 0.2))


def test_a_b_scan_shifted_along_itself_is_no_further_away():
    scan = scan_of([*horizontal(50, 47), LinePosition((44.0, 20.0), (44.0, 100.0))])
    assert engine_input(scan)[0].gaps_mm == pytest.approx((0.03, 0.03))


def test_crossing_b_scans_are_no_neighbours():
    cross = [*horizontal(50), LinePosition((10.0, 50.0), (90.0, 50.0)), *horizontal(50)]
    assert engine_input(scan_of(cross))[0].gaps_mm == (np.inf, np.inf)


@pytest.mark.parametrize("geometry", [{"positions_assumed": True}, {"slo_mm_per_px": None}])
def test_gaps_that_nothing_vouches_for_are_not_given(geometry):
    assert engine_input(scan_of(horizontal(50, 47, 44), **geometry))[0].gaps_mm is None


def informed(source) -> list[tuple[int, ...]]:
    scale = working_scale(source.spacing, source.b_scans.shape[2])
    return [tuple(near) for near in neighbourhoods(source, scale)]


def test_neighbours_are_those_within_reach_however_unequal_the_gaps():
    source, _ = engine_input(scan_of(horizontal(50, 47, 40, 20, 17)))
    assert informed(source) == [(0, 1, 2), (0, 1, 2), (0, 1, 2), (3, 4), (3, 4)]


def test_without_positions_the_usual_gap_counts_and_without_that_the_next_ones():
    source, _ = engine_input(scan_of([]))
    assert informed(source) == [(0, 1, 2)] * 3
    unknown = replace(source, spacing=Spacing())
    assert informed(unknown) == [(0, 1), (0, 1, 2), (1, 2)]
    far = replace(source, spacing=Spacing.from_mm(0.2, 0.004, 0.01))
    assert informed(far) == [(0,), (1,), (2,)]
    assert informed(replace(source, pattern=ScanPattern.RADIAL)) == [(0,), (1,), (2,)]
