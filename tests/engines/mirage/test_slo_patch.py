"""The part of the SLO that belongs to a B-scan."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_core.engines.mirage.slo_patch import SloPatch, slo_patch
from mirage_core.scan import CirclePosition, LinePosition


def ramp(height: int = 60, width: int = 80) -> np.ndarray:
    rows, columns = np.indices((height, width))
    return (rows + 2 * columns).astype(np.uint8)


def test_a_horizontal_b_scan_gives_the_upright_square_around_it() -> None:
    patch = slo_patch([LinePosition((30.0, 20.0), (30.0, 60.0))], (60, 80))
    assert patch.center == (30.0, 40.0)
    assert patch.side_px == pytest.approx(40.0)
    cut = patch.cut(ramp())
    assert cut.shape == (40, 40)
    # Half a pixel: 40 columns between pixel centres 20 and 60.
    assert int(cut[20, 0]) == pytest.approx(30.5 + 2 * 20.5, abs=1)
    assert int(cut[20, 39]) == pytest.approx(30.5 + 2 * 59.5, abs=1)


def test_columns_run_along_the_a_scans() -> None:
    upward = slo_patch([LinePosition((50.0, 40.0), (10.0, 40.0))], (60, 80))
    rows, columns = upward.places(8)
    assert rows[0, 0] > rows[0, -1]
    assert np.allclose(columns[:, 0], columns[:, -1])
    # Turned, not mirrored: a quarter turn to the left brings the left edge down.
    assert columns[0, 0] < columns[-1, 0]


def test_a_volume_of_parallel_b_scans_gives_one_square_over_all() -> None:
    lines = [LinePosition((r, 10.0), (r, 50.0)) for r in (20.0, 30.0, 40.0)]
    patch = slo_patch(lines, (60, 80))
    assert patch.center == (30.0, 30.0)
    assert patch.side_px == pytest.approx(40.0)


def test_a_circle_gives_the_upright_square_about_it() -> None:
    patch = slo_patch([CirclePosition((30.0, 40.0), 12.0)], (60, 80))
    assert patch.center == pytest.approx((30.0, 40.0), abs=0.1)
    assert patch.side_px == pytest.approx(24.0, abs=0.1)
    assert patch.along == (0.0, 1.0)


def test_without_positions_it_is_the_square_about_the_centre() -> None:
    assert slo_patch([], (60, 80)) == SloPatch((29.5, 39.5), 60.0)


def test_what_lies_beyond_the_border_is_black() -> None:
    cut = SloPatch((0.0, 0.0), 20.0).cut(np.full((60, 80), 200, np.uint8))
    assert (cut[:9, :9] == 0).all()
    assert (cut[11:, 11:] == 200).all()


def test_what_is_cut_goes_back_to_its_place() -> None:
    rows, columns = np.indices((60, 80))
    slo = (120 + 60 * np.sin(rows / 9) * np.cos(columns / 7)).astype(np.uint8)
    along = np.array([0.3, 1.0]) / np.hypot(0.3, 1.0)
    patch = SloPatch((30.0, 40.0), 30.0, (float(along[0]), float(along[1])))
    pasted, inside = patch.paste(patch.cut(slo), slo.shape)
    assert 850 < inside.sum() < 950
    assert np.abs(pasted[inside].astype(int) - slo[inside]).max() <= 4
    assert (pasted[~inside] == 0).all()
