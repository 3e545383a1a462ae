"""Surfaces are the truth for layers: their order, and the label map derived from them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirage_core.scan import (
    SURFACE_ORDER,
    Surfaces,
    anatomical_order,
    enforce_order,
    layer_map,
    order_violations,
    surfaces_from_layer_map,
)

HEIGHT = 24
depths = st.floats(-3, HEIGHT + 3, width=32)
gaps = st.just(float("nan"))


@st.composite
def curves(draw: st.DrawFn, *, ordered: bool, undefined: bool = True) -> np.ndarray:
    n, width = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    values = np.array(
        draw(st.lists(st.lists(depths, min_size=width, max_size=width), min_size=n, max_size=n)),
        np.float32,
    )
    if ordered:
        values.sort(axis=0)
    if undefined:
        hidden = draw(st.lists(st.booleans(), min_size=n * width, max_size=n * width))
        values[np.array(hidden).reshape(n, width)] = np.nan
    return values


@given(curves(ordered=True))
def test_a_row_belongs_to_a_layer_iff_it_lies_between_the_rounded_surfaces(
    s: np.ndarray,
) -> None:
    labels = layer_map(s, HEIGHT)
    for x in range(s.shape[1]):
        for z in range(HEIGHT):
            layers = [
                i + 1
                for i in range(len(s) - 1)
                if np.isfinite(s[i : i + 2, x]).all()
                and np.rint(s[i, x]) <= z < np.rint(s[i + 1, x])
            ]
            assert labels[z, x] == (layers[0] if layers else 0)


def test_half_a_pixel_rounds_to_the_even_row() -> None:
    labels = layer_map(np.array([[2.5], [4.5], [7.5]]), 10)[:, 0]
    assert labels.tolist() == [0, 0, 1, 1, 2, 2, 2, 2, 0, 0]


def test_a_layer_next_to_an_undefined_surface_is_left_blank() -> None:
    labels = layer_map(np.array([[2.0], [np.nan], [6.0], [8.0]]), 10)[:, 0]
    assert labels.tolist() == [0, 0, 0, 0, 0, 0, 3, 3, 0, 0]


@st.composite
def layer_maps(draw: st.DrawFn) -> tuple[np.ndarray, int]:
    """Draw maps in which each column holds its layers in order and without gaps."""
    n, width = draw(st.integers(2, 6)), draw(st.integers(1, 4))
    labels = np.zeros((HEIGHT, width), np.uint8)
    for x in range(width):
        edges = sorted(draw(st.lists(st.integers(0, HEIGHT), min_size=n, max_size=n)))
        for i in range(n - 1):
            labels[edges[i] : edges[i + 1], x] = i + 1
    return labels, n


@given(layer_maps())
def test_a_layer_map_survives_the_trip_through_surfaces(drawn: tuple[np.ndarray, int]) -> None:
    labels, n = drawn
    surfaces = surfaces_from_layer_map(labels, n)
    assert surfaces.shape == (n, labels.shape[1])
    assert not order_violations(surfaces).any()
    np.testing.assert_array_equal(layer_map(surfaces, HEIGHT), labels)
    np.testing.assert_array_equal(np.isnan(surfaces).all(axis=0), ~labels.any(axis=0))
    np.testing.assert_array_equal(np.isnan(surfaces).any(axis=0), ~labels.any(axis=0))


@given(curves(ordered=True, undefined=False))
def test_surfaces_within_the_image_come_back_rounded_where_layers_are_not_empty(
    s: np.ndarray,
) -> None:
    s = np.clip(s, 0, HEIGHT)
    back = surfaces_from_layer_map(layer_map(s, HEIGHT), len(s))
    rounded = np.rint(s)
    distinct = (np.diff(rounded, axis=0) > 0).all(axis=0) & (len(s) > 1)
    np.testing.assert_array_equal(back[:, distinct], rounded[:, distinct])


@given(curves(ordered=True))
def test_a_map_of_partly_undefined_surfaces_comes_back_where_it_has_no_gaps(
    s: np.ndarray,
) -> None:
    labels = layer_map(s, HEIGHT)
    again = layer_map(surfaces_from_layer_map(labels, len(s)), HEIGHT)
    held = labels > 0
    rows = np.arange(HEIGHT)[:, None]
    first = np.where(held, rows, HEIGHT).min(axis=0)
    last = np.where(held, rows, -1).max(axis=0)
    whole = held.sum(axis=0) == np.maximum(last - first + 1, 0)
    np.testing.assert_array_equal(again[:, whole], labels[:, whole])


@given(curves(ordered=False))
def test_enforcing_the_order_leaves_no_violation_and_touches_nothing_in_order(
    s: np.ndarray,
) -> None:
    fixed = enforce_order(s)
    assert fixed.dtype == np.float32
    assert not order_violations(fixed).any()
    np.testing.assert_array_equal(np.isnan(fixed), np.isnan(s))
    fine = ~order_violations(s)
    np.testing.assert_array_equal(fixed[fine], s[fine])
    np.testing.assert_array_equal(enforce_order(fixed), fixed)


def test_a_violation_is_found_across_an_undefined_surface() -> None:
    bad = order_violations(np.array([[5.0], [np.nan], [4.0], [4.5], [6.0]]))
    assert bad[:, 0].tolist() == [False, False, True, True, False]


def test_names_are_sorted_from_top_to_bottom_and_unknown_ones_come_last() -> None:
    names = ("BM", "mystery", "ILM", "RPE")
    assert [names[i] for i in anatomical_order(names)] == ["ILM", "RPE", "BM", "mystery"]


def test_surfaces_need_one_distinct_name_each() -> None:
    with pytest.raises(ValueError, match="one name each"):
        Surfaces(np.zeros((2, 1, 3), np.float32), ("ILM",))
    with pytest.raises(ValueError, match="distinct"):
        Surfaces(np.zeros((2, 1, 3), np.float32), ("ILM", "ILM"))


def test_a_surface_is_found_by_name_and_a_copy_shares_nothing() -> None:
    surfaces = Surfaces.empty(tuple(SURFACE_ORDER), 2, 5)
    surfaces["RPE"][1] = 7
    assert surfaces.values[surfaces.index("RPE"), 1].tolist() == [7] * 5
    copy = surfaces.copy()
    copy["RPE"][1] = 8
    assert (surfaces["RPE"][1] == 7).all()
    with pytest.raises(KeyError):
        surfaces["no such surface"]


def test_no_pixel_is_in_two_layers_where_surfaces_cross() -> None:
    crossing = np.array([[2.0], [12], [6], [16]])
    labels = layer_map(crossing, 20)[:, 0]
    assert labels.tolist() == [0] * 2 + [1] * 10 + [3] * 4 + [0] * 4
    assert np.array_equal(labels, layer_map(enforce_order(crossing), 20)[:, 0])
