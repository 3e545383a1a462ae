"""Surfaces keep their anatomical order while one is drawn."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mirage_core.annotate.ordering import Ordering, clamp_between, draw_surface, ordered_count
from mirage_core.scan import order_violations
from tests.annotate.eyes import HEIGHT, NAMES, WIDTH, flat, ordered_curves

RPE, BM, EZ = NAMES.index("RPE"), NAMES.index("BM"), NAMES.index("EZ")


def test_push_moves_the_neighbours_and_clamp_stops_at_them() -> None:
    pushed = flat({"EZ": 30, "RPE": 40, "BM": 50})
    draw_surface(pushed, RPE, 5, np.full(3, 55.0), Ordering.PUSH, HEIGHT)
    assert pushed[[EZ, RPE, BM], 6].tolist() == [30, 55, 55]
    clamped = flat({"EZ": 30, "RPE": 40, "BM": 50})
    draw_surface(clamped, RPE, 5, np.full(3, 55.0), Ordering.CLAMP, HEIGHT)
    assert clamped[[EZ, RPE, BM], 6].tolist() == [30, 50, 50]


def test_depths_stay_within_the_image() -> None:
    curves = flat({})
    draw_surface(curves, RPE, 0, np.array([-4.0, 200.0, np.nan]), Ordering.PUSH, HEIGHT)
    assert curves[RPE, :2].tolist() == [0, HEIGHT - 1]
    assert np.isnan(curves[RPE, 2])


@given(
    seed=st.integers(0, 1000),
    surface=st.integers(0, len(NAMES) - 1),
    start=st.integers(0, WIDTH - 1),
    depths=st.lists(st.floats(-20, 120) | st.just(float("nan")), min_size=1, max_size=20),
    policy=st.sampled_from(Ordering),
)
def test_drawing_never_breaks_the_order_nor_leaves_its_columns(
    seed: int, surface: int, start: int, depths: list[float], policy: Ordering
) -> None:
    curves = ordered_curves(seed)
    before = curves.copy()
    depths = depths[: WIDTH - start]
    draw_surface(curves, surface, start, np.array(depths), policy, HEIGHT)
    assert not order_violations(curves).any()
    outside = np.delete(np.arange(WIDTH), np.arange(start, start + len(depths)))
    np.testing.assert_array_equal(curves[:, outside], before[:, outside])
    if policy is Ordering.CLAMP:
        others = np.delete(np.arange(len(NAMES)), surface)
        np.testing.assert_array_equal(curves[others], before[others])


@given(seed=st.integers(0, 1000), moved=st.integers(0, 1000))
def test_clamping_between_fixed_surfaces_keeps_those_and_restores_the_order(
    seed: int, moved: int
) -> None:
    rng = np.random.default_rng(moved)
    curves = ordered_curves(seed)
    fixed = rng.random(curves.shape) < 0.3
    others = ordered_curves(moved)
    mixed = np.where(fixed, curves, others).astype(np.float32)
    clamped = clamp_between(mixed, fixed)
    np.testing.assert_array_equal(clamped[fixed], mixed[fixed])
    np.testing.assert_array_equal(np.isnan(clamped), np.isnan(mixed))
    assert not order_violations(clamped).any()


def test_only_leading_names_in_anatomical_order_count_as_ordered() -> None:
    assert ordered_count(NAMES) == len(NAMES)
    assert ordered_count((*NAMES, "VIT")) == len(NAMES)
    assert ordered_count(("ILM", "BM", "RPE")) == 2
    assert ordered_count(("PR1",)) == 0
