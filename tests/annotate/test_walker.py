"""The random walk: between what is known, edges part it, and pulls lean it."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_core.annotate.greys import evidence
from mirage_core.annotate.walker import walk

NOWHERE = np.float32(1e-4)


def sides(*known: tuple[int, int, int], shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    side = np.zeros(shape, np.float32)
    for z, x, value in known:
        side[z, x] = value
    return side != 0, side


def filled(value: float, shape: tuple[int, int]) -> np.ndarray:
    return np.full(shape, value, np.float32)


@pytest.mark.parametrize("shape", [(20, 31), (61, 90), (1, 40), (400, 401)])
def test_an_edge_parts_two_sides_however_far_from_the_middle(shape: tuple[int, int]) -> None:
    cut = shape[1] * 2 // 3
    image = np.where(np.arange(shape[1]) < cut, 50, 90).astype(np.float32)
    image = np.broadcast_to(image, shape).copy()
    known, side = np.zeros(shape, bool), filled(0, shape)
    known[:, [1, -2]] = True
    side[:, 1], side[:, -2] = 1, -1
    found = walk(image, known, side, filled(NOWHERE, shape), filled(0, shape))
    wrong = (found > 0) != (np.arange(shape[1]) < cut)
    assert wrong.mean() < 0.01
    assert found.min() >= -1.01
    assert found.max() <= 1.01


def test_without_an_edge_the_nearer_side_wins() -> None:
    shape = (40, 81)
    known, side = np.zeros(shape, bool), filled(0, shape)
    known[:, [0, 80]] = True
    side[:, 0], side[:, 80] = 1, -1
    found = walk(filled(70, shape), known, side, filled(NOWHERE, shape), filled(0, shape))
    np.testing.assert_allclose(found[20], np.linspace(1, -1, 81), atol=0.12)


def test_known_pixels_stay_and_pulls_decide_where_nothing_is_known() -> None:
    shape = (50, 60)
    known, side = sides((25, 30, -1), shape=shape)
    towards = np.where(np.arange(60) < 30, 0.8, -0.8).astype(np.float32) * np.ones((50, 1))
    found = walk(filled(10, shape), known, side, filled(5, shape), towards.astype(np.float32))
    assert found[25, 30] == -1
    assert (found[:, :25] > 0.5).all()
    assert (found[:, 35:] < -0.5).all()


def test_a_grey_speaks_for_the_side_it_was_sampled_on() -> None:
    rng = np.random.default_rng(0)
    dark, bright = rng.normal(60, 10, 500), rng.normal(140, 10, 2000)
    said = evidence(
        np.array([[55, 100, 145, 300, -5]], np.float32),
        dark.astype(np.float32),
        bright.astype(np.float32),
    )[0]
    assert said[0] > 0.9
    assert abs(said[1]) < 0.5
    assert said[2] < -0.9
    assert np.isfinite(said).all()


def test_without_samples_no_grey_says_anything() -> None:
    nothing = np.empty(0, np.float32)
    assert not evidence(np.array([[10, 200]], np.float32), nothing, nothing).any()
