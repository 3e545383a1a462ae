"""A band of the head's grid gives exactly what the whole grid gives there."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from mirage_core.engines.mirage.grids import band_to_original, rows_within


@given(
    st.integers(4, 40),
    st.integers(1, 20),
    st.integers(5, 90),
    st.integers(3, 30),
    st.data(),
)
def test_a_band_equals_the_same_rows_of_the_whole(
    grid_height: int, width: int, z: int, x: int, data: st.DataObject
) -> None:
    first = data.draw(st.integers(0, grid_height - 1))
    last = data.draw(st.integers(first, grid_height - 1))
    logits = torch.rand(2, 3, grid_height, width, generator=torch.Generator().manual_seed(1))
    whole = functional.interpolate(logits, size=(z, x), mode="bilinear", align_corners=False)
    band, rows = band_to_original(logits[:, :, first : last + 1], first, grid_height, (z, x))
    assert band.shape == (2, 3, rows.stop - rows.start, x)
    assert torch.allclose(band, whole[:, :, rows], atol=1e-5)


def test_the_whole_grid_settles_every_row() -> None:
    assert rows_within(0, 16, 16, 100) == slice(0, 100)


def test_a_band_settles_only_rows_between_its_centres() -> None:
    # Four rows of 25 px each: their centres lie at 12, 37, 62 and 87.
    assert rows_within(1, 2, 4, 100) == slice(37, 63)
