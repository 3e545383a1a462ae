"""Geometry: from B-scan and column to a place on the SLO, and back."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirage_core.scan import CirclePosition, LinePosition, ScanGeometry, ScanPattern

WIDTH = 64
RASTER = ScanGeometry(
    ScanPattern.RASTER,
    tuple(
        LinePosition((40.0 + 9 * b + 0.1 * b * b, 100.0), (42.0 + 9 * b, 500.0)) for b in range(20)
    ),
)
CIRCLE = ScanGeometry(ScanPattern.CIRCLE, (CirclePosition((300, 310), 120, 0.4, -1),))


def test_a_line_runs_from_its_first_to_its_last_a_scan() -> None:
    geometry = ScanGeometry(ScanPattern.LINE, (LinePosition((10, 20), (30, 120)),))
    assert geometry.slo_point(0, 0, 11) == (10, 20)
    assert geometry.slo_point(0, 10, 11) == (30, 120)
    assert geometry.slo_point(0, 2.5, 11) == (15, 45)


def test_a_circle_starts_at_its_angle_and_never_repeats_its_first_a_scan() -> None:
    circle = CirclePosition((50, 60), 10, start_angle=math.pi / 2)
    points = circle.points(4)
    np.testing.assert_allclose(points, [[60, 60], [50, 50], [40, 60], [50, 70]], atol=1e-12)
    back = CirclePosition((50, 60), 10, start_angle=math.pi / 2, direction=-1).points(4)
    np.testing.assert_allclose(back[1:], points[:0:-1], atol=1e-12)


@pytest.mark.parametrize("geometry", [RASTER, CIRCLE], ids=["raster", "circle"])
@given(data=st.data())
def test_the_nearest_a_scan_of_a_place_on_a_b_scan_is_that_a_scan(
    geometry: ScanGeometry, data: st.DataObject
) -> None:
    b = data.draw(st.integers(0, len(geometry.positions) - 1))
    x = data.draw(st.integers(0, WIDTH - 1))
    place = geometry.slo_point(b, x, WIDTH)
    assert place is not None
    assert geometry.nearest(*place, WIDTH) == (b, x)


@given(row=st.floats(-100, 800), col=st.floats(-100, 800))
def test_no_a_scan_lies_nearer_than_the_nearest(row: float, col: float) -> None:
    found = RASTER.nearest(row, col, WIDTH)
    assert found is not None
    place = RASTER.slo_point(found[0], found[1], WIDTH)
    assert place is not None
    every = np.concatenate([p.points(WIDTH) for p in RASTER.positions])
    best = np.hypot(*(every - (row, col)).T).min()
    assert math.dist(place, (row, col)) == pytest.approx(best)


def test_without_positions_there_is_no_place() -> None:
    geometry = ScanGeometry()
    assert geometry.slo_point(0, 3, WIDTH) is None
    assert geometry.nearest(10, 10, WIDTH) is None
    assert RASTER.slo_point(20, 0, WIDTH) is None
    assert RASTER.slo_point(-1, 0, WIDTH) is None


def test_a_used_geometry_travels_to_a_worker_without_its_cache() -> None:
    RASTER.nearest(10, 10, WIDTH)
    back = pickle.loads(pickle.dumps(RASTER))
    assert back == RASTER
    assert back.nearest(100, 200, WIDTH) == RASTER.nearest(100, 200, WIDTH)
    assert len(pickle.dumps(RASTER)) < 10_000
