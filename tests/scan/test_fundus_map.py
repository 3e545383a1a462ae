"""Values of A-scans lie over the fundus where the A-scans do."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_core.scan import CirclePosition, LinePosition, ScanGeometry, ScanPattern
from mirage_core.scan.fundus_map import FundusMap

SIZE = (120, 100)


def raster(n: int = 5) -> ScanGeometry:
    rows = np.linspace(20, 100, n)
    lines = tuple(LinePosition((float(r), 10.0), (float(r), 89.0)) for r in rows)
    return ScanGeometry(ScanPattern.RASTER, lines)


def test_a_raster_fills_the_field_between_its_b_scans() -> None:
    values = np.arange(5)[:, None] * 100.0 + np.arange(80)
    painted = FundusMap(raster(), SIZE).painted(values)
    assert painted.shape == SIZE
    for b, row in enumerate((20, 40, 60, 80, 100)):
        assert painted[row, 50] == pytest.approx(b * 100 + 40, abs=1.5)
        assert painted[row, 12] == pytest.approx(b * 100 + 2, abs=1.5)
    assert np.isfinite(painted[20:101, 10:90]).all()
    assert np.isnan(painted[:2]).all()
    assert np.isnan(painted[118:]).all()


def test_a_line_is_a_line() -> None:
    painted = FundusMap(raster(1), SIZE).painted(np.ones((1, 80)))
    assert 1 <= np.isfinite(painted[:, 50]).sum() <= 4


def test_a_circle_is_a_ring() -> None:
    circle = CirclePosition((60.0, 50.0), 30.0, 0.0, 1)
    geometry = ScanGeometry(ScanPattern.CIRCLE, (circle,))
    painted = FundusMap(geometry, SIZE).painted(np.arange(360.0)[None])
    assert np.isnan(painted[60, 50])
    assert painted[90, 50] == pytest.approx(90, abs=4)
    assert painted[60, 20] == pytest.approx(180, abs=4)


def test_b_scans_that_cross_are_wide_where_they_lie_apart() -> None:
    angles = np.linspace(0, np.pi, 6, endpoint=False)
    centre, arm = np.array([60.0, 50.0]), 40.0
    ways = [arm * np.array([np.sin(a), np.cos(a)]) for a in angles]
    lines = tuple(LinePosition(tuple(centre - w), tuple(centre + w)) for w in ways)
    geometry = ScanGeometry(ScanPattern.RADIAL, lines)
    painted = FundusMap(geometry, SIZE).painted(np.ones((6, 64)))
    disc = np.hypot(*(np.indices(SIZE) - centre[:, None, None])) < 20
    assert np.isfinite(painted[disc]).all()


def test_a_large_image_is_mapped_coarsely() -> None:
    grid = FundusMap(raster(), (1536, 1024))
    assert max(grid.shape) == 256
    assert np.isnan(grid.painted(np.full((5, 80), np.nan))).all()


def test_without_positions_there_is_no_map() -> None:
    with pytest.raises(ValueError, match="where the B-scans lie"):
        FundusMap(ScanGeometry(), SIZE)
