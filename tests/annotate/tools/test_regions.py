"""Holes and rims of regions, wherever in the array the region lies."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import binary_erosion, binary_fill_holes

from mirage_core.annotate.tools.regions import filled, rim


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 1.0])
def test_holes_and_rims_are_those_of_the_whole_array(share: float) -> None:
    region = np.zeros((30, 40), bool)
    region[5:, 8:35] = np.random.default_rng(1).random((25, 27)) < share
    np.testing.assert_array_equal(filled(region), binary_fill_holes(region))
    np.testing.assert_array_equal(rim(region), region & ~binary_erosion(region))


def test_what_is_open_at_the_edge_of_the_array_is_no_hole() -> None:
    region = np.ones((9, 9), bool)
    region[0, 4] = region[5, 5] = False
    assert np.argwhere(filled(region) != region).tolist() == [[5, 5]]
    assert rim(region)[0, 3]
    assert not rim(region)[3, 3]
