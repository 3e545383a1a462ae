"""How much of the eye each B-scan stands for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mirage_core.measure.slabs import NoSlabsError, slab_halves_mm, slab_widths_mm
from mirage_core.scan import (
    LinePosition,
    Provenance,
    ScanGeometry,
    ScanPattern,
    Spacing,
    SpacingUnknownError,
)

FILE = Spacing.from_mm(0.2, None, None)


def lines(*rows: float, tilt: float = 0.0) -> ScanGeometry:
    """Return parallel lines at SLO rows, 0.1 mm a row and 0.2 mm a column."""
    positions = tuple(LinePosition((r, 10.0), (r + tilt, 20.0)) for r in rows)
    return ScanGeometry(ScanPattern.RASTER, positions, True, (0.1, 0.2))


def test_b_scans_without_positions_stand_for_the_gap_each() -> None:
    assert slab_widths_mm(FILE, ScanGeometry(), 3).tolist() == [0.2, 0.2, 0.2]


def test_unequal_gaps_are_halved_on_either_side() -> None:
    widths = slab_widths_mm(FILE, lines(0, 2, 4, 10), 4)
    np.testing.assert_allclose(widths, [0.2, 0.2, 0.4, 0.6])


def test_order_does_not_matter() -> None:
    down, up = (slab_widths_mm(FILE, lines(*rows), 4) for rows in ((0, 2, 4, 10), (10, 4, 2, 0)))
    np.testing.assert_allclose(up, down[::-1])


def test_gaps_are_taken_across_the_lines() -> None:
    # A line of 1 mm down and 2 mm along: gaps across it are 2 / sqrt(5) of those along rows.
    widths = slab_widths_mm(FILE, lines(0, 2, 4, 10, tilt=10.0), 4)
    np.testing.assert_allclose(widths, np.array([0.2, 0.2, 0.4, 0.6]) * 2 / np.sqrt(5))


def test_positions_that_are_only_rounded_leave_the_gap_as_it_is() -> None:
    assert slab_widths_mm(FILE, lines(0, 2, 4.1, 6), 4).tolist() == [0.2] * 4


def test_what_the_user_typed_counts_for_all() -> None:
    user = Spacing.from_mm(0.3, None, None, Provenance.USER)
    assert slab_widths_mm(user, lines(0, 2, 4, 10), 4).tolist() == [0.3] * 4


def test_nothing_is_measured_from_assumed_positions() -> None:
    assumed = replace(lines(0, 2, 4, 10), positions_assumed=True)
    assert slab_widths_mm(FILE, assumed, 4).tolist() == [0.2] * 4


def test_an_unknown_gap_and_a_pattern_without_one_are_refused() -> None:
    with pytest.raises(SpacingUnknownError):
        slab_widths_mm(Spacing(), ScanGeometry(), 3)
    for pattern in (ScanPattern.RADIAL, ScanPattern.CIRCLE):
        with pytest.raises(NoSlabsError, match="do not lie side by side"):
            slab_widths_mm(FILE, ScanGeometry(pattern), 3)


def test_b_scans_taken_out_of_turn_stand_for_their_gaps_all_the_same() -> None:
    widths = slab_widths_mm(FILE, lines(0, 4, 2, 10), 4)
    np.testing.assert_allclose(widths, [0.2, 0.4, 0.2, 0.6])


def test_slabs_meet_half_way_between_unequal_neighbours() -> None:
    halves = slab_halves_mm(FILE, lines(0, 2, 4, 10), 4)
    assert halves.shape == (4, 2)
    # From the third B-scan it is far to the fourth: its slab reaches further to that side.
    assert sorted(halves[2].tolist()) == pytest.approx([0.1, 0.3])
    assert halves.sum(axis=1) == pytest.approx(slab_widths_mm(FILE, lines(0, 2, 4, 10), 4))


def test_positions_count_where_they_tell_another_gap_than_the_file() -> None:
    assert slab_widths_mm(FILE, lines(0, 1, 2, 3), 4) == pytest.approx([0.1] * 4)
