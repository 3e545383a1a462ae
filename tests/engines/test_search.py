"""The searches agree with trying every possibility."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mirage_core.engines.graph.chain import _cone
from mirage_core.engines.graph.search import (
    along_columns,
    shortest_paths,
    shortest_paths_of_few,
    sub_pixel,
)

costs = hnp.arrays(np.float32, (4, 2, 5), elements=st.floats(-3, 3, width=16))


def cost_of(path, cost, step_cost):
    steps = np.abs(np.diff(path)).sum()
    return sum(cost[x, z] for x, z in enumerate(path)) + step_cost * steps


@pytest.mark.parametrize("search", [shortest_paths, shortest_paths_of_few])
@given(costs, st.sampled_from([0.0, 0.3, 1.5]), st.integers(1, 3))
def test_a_shortest_path_is_as_cheap_as_the_best_of_all_paths(search, cost, step_cost, max_step):
    paths = search(cost, step_cost, max_step)
    for i in range(2):
        allowed = (
            p for p in itertools.product(range(5), repeat=4) if np.abs(np.diff(p)).max() <= max_step
        )
        best = min(cost_of(p, cost[:, i], step_cost) for p in allowed)
        assert np.abs(np.diff(paths[i])).max() <= max_step
        assert cost_of(paths[i], cost[:, i], step_cost) <= best + 1e-3


@pytest.mark.parametrize("search", [shortest_paths, shortest_paths_of_few])
def test_each_problem_may_have_its_own_step_cost(search):
    cost = np.zeros((3, 2, 4), np.float32)
    cost[0, :, 0] = cost[1, :, 2] = cost[2, :, 0] = -1
    paths = search(cost, np.array([[0.0], [5.0]], np.float32), 3)
    assert paths[0].tolist() == [0, 2, 0]
    assert paths[1].tolist() == [0, 0, 0]


def test_few_problems_are_solved_as_many_are():
    cost = np.random.default_rng(3).normal(size=(90, 5, 17)).astype(np.float32)
    steps = np.linspace(0.05, 0.8, 5, dtype=np.float32)[:, None]
    np.testing.assert_array_equal(
        shortest_paths_of_few(cost, steps, 4), shortest_paths(cost, steps, 4)
    )


@given(st.floats(2.0, 5.0))
def test_sub_pixel_finds_the_vertex_of_a_parabola(vertex):
    cost = np.broadcast_to((np.arange(8) - vertex) ** 2, (3, 1, 8)).astype(np.float32)
    path = np.full((1, 3), round(vertex))
    np.testing.assert_allclose(sub_pixel(cost, path), vertex, atol=1e-3)


def test_sub_pixel_leaves_ends_and_flat_costs_alone():
    flat = np.zeros((2, 1, 6), np.float32)
    path = np.array([[0, 3]])
    assert sub_pixel(flat, path).tolist() == [[0.0, 3.0]]


def test_columns_come_first_and_lie_together():
    turned = along_columns(np.zeros((2, 7, 5), np.float32))
    assert turned.shape == (7, 2, 5)
    assert turned.flags.c_contiguous


@given(
    hnp.arrays(np.float32, (1, 1, 14), elements=st.floats(-3, 3, width=16)),
    st.integers(0, 4),
    st.integers(0, 4),
    st.sampled_from([0.0, 0.1, 0.7]),
    st.sampled_from([0.05, 0.2]),
)
def test_layer_price_equals_trying_every_thickness(cost, first, more, thin, thick):
    last = first + more
    limit = 0.8

    def price(t):
        return thin * (first - t) if t < first else min(thick * max(t - last, 0), limit)

    expected = [
        min(cost[0, 0, z - t] + price(t) for t in range(z + 1)) for z in range(cost.shape[2])
    ]
    per_a_scan = np.full((1, 1, 1), thin, np.float32)
    np.testing.assert_allclose(
        _cone(cost, first, last, per_a_scan, thick, limit)[0, 0], expected, atol=1e-3
    )
