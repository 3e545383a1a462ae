"""The displacement of one small image against another."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from mirage_core.annotate.local_shift import local_shift

REACH = (8, 10)


def scene(seed: int = 1, shape: tuple[int, int] = (70, 110)) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=shape)
    return (ndimage.gaussian_filter(noise, 3) * 200).astype(np.float32)


@pytest.mark.parametrize("moved", [(3.0, -5.0), (-2.4, 6.3), (2.5, 0.25)])
def test_it_is_found_to_a_fraction_of_a_pixel(moved: tuple[float, float]) -> None:
    first = scene()
    second = ndimage.shift(first, moved, order=3, mode="nearest")
    found = local_shift(first, second, REACH)
    np.testing.assert_allclose(found, moved, atol=0.3)


def test_brightness_and_contrast_do_not_matter() -> None:
    first = scene()
    second = 0.5 * ndimage.shift(first, (2, 4), order=3, mode="nearest") + 60
    np.testing.assert_allclose(
        local_shift(first, second.astype(np.float32), REACH), (2, 4), atol=0.3
    )


@pytest.mark.parametrize("second", [scene(9), np.full((70, 110), 5, np.float32)])
def test_where_the_image_does_not_say_nothing_moves(second: np.ndarray) -> None:
    assert local_shift(scene(), second, REACH) == (0.0, 0.0)


def test_what_did_not_move_does_not() -> None:
    first = scene()
    noise = np.random.default_rng(4).normal(0, 3, first.shape)
    assert local_shift(first, (first + noise).astype(np.float32), REACH) == (0.0, 0.0)
