"""Closed sideways: pockets end on the left and right, pieces of layers do not."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_core.annotate.tools.closed import closed_sideways

Z, X = np.mgrid[:60, :80]
EVERYWHERE = np.ones(Z.shape, bool)


def dark(region: np.ndarray) -> np.ndarray:
    """Return bright tissue in which `region` is dark."""
    return np.where(region, 20, 120).astype(np.float32)


def test_a_pocket_is_closed() -> None:
    pocket = np.hypot(Z - 30, X - 40) < 12
    assert closed_sideways(dark(pocket), pocket, EVERYWHERE) == 1


def test_a_piece_of_a_layer_is_open_and_its_end_half_open() -> None:
    layer = (Z > 20) & (Z < 40)
    piece = layer & (X > 25) & (X < 55)
    assert closed_sideways(dark(layer), piece, EVERYWHERE) == 0
    ends_here = layer & (X < 55)
    assert closed_sideways(dark(ends_here), piece, EVERYWHERE) == pytest.approx(0.5)


def test_the_edge_of_the_image_closes_nothing() -> None:
    cut = (Z > 20) & (Z < 40) & (X < 20)
    assert closed_sideways(dark(cut), cut, EVERYWHERE) == pytest.approx(0.5)


def test_rows_that_end_where_the_region_may_not_go_on_do_not_count() -> None:
    layer = (Z > 20) & (Z < 40) & (X < 55)
    piece = layer & (X >= 30)
    assert closed_sideways(dark(layer), piece, X >= 30) == 1
    assert closed_sideways(dark(layer), piece, piece) == 0


def test_a_bright_region_and_none_at_all_are_not_closed() -> None:
    spot = np.hypot(Z - 30, X - 40) < 12
    assert closed_sideways(140 - dark(spot), spot, EVERYWHERE) == 0
    assert closed_sideways(dark(spot), np.zeros(spot.shape, bool), EVERYWHERE) == 0
