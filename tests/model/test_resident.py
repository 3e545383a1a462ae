"""Loaded models are kept within a budget, the last used ones longest."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from mirage_core.model.resident import (
    forget,
    forget_all,
    module_bytes,
    resident,
    resident_models,
)


@pytest.fixture(autouse=True)
def _nothing_is_kept() -> Iterator[None]:
    forget_all()
    yield
    forget_all()


def model(n_bytes: int) -> nn.Module:
    made = nn.Module()
    made.register_buffer("weights", torch.zeros(n_bytes, dtype=torch.uint8))
    return made


class Loader:
    """Loads models of a size and counts."""

    def __init__(self) -> None:
        self.loaded: list[str] = []

    def __call__(self, key: str, n_bytes: int) -> Callable[[], nn.Module]:
        def load() -> nn.Module:
            self.loaded.append(key)
            return model(n_bytes)

        return load


@pytest.fixture
def loader() -> Loader:
    return Loader()


def test_a_model_is_loaded_once(loader: Loader) -> None:
    first = resident("a", loader("a", 10), 10, 100)
    assert resident("a", loader("a", 10), 10, 100) is first
    assert loader.loaded == ["a"]


def test_the_least_recently_used_is_dropped_beyond_the_budget(loader: Loader) -> None:
    for key in ("a", "b", "c"):
        resident(key, loader(key, 30), 30, 100)
    resident("a", loader("a", 30), 30, 100)
    resident("d", loader("d", 30), 30, 100)
    assert resident_models() == ("c", "a", "d")
    resident("b", loader("b", 30), 30, 100)
    assert loader.loaded == ["a", "b", "c", "d", "b"]


def test_a_dropped_model_is_let_go(loader: Loader) -> None:
    dropped = weakref.ref(resident("a", loader("a", 60), 60, 100))
    assert dropped() is not None
    resident("b", loader("b", 60), 60, 100)
    assert dropped() is None


def test_room_is_made_before_the_new_model_is_loaded(loader: Loader) -> None:
    resident("a", loader("a", 60), 60, 100)
    seen = []

    def load() -> nn.Module:
        seen.append(resident_models())
        return model(60)

    resident("b", load, 60, 100)
    assert seen == [()]


def test_the_weights_are_counted_where_their_size_was_not_known(loader: Loader) -> None:
    resident("a", loader("a", 60), 0, 100)
    resident("b", loader("b", 60), 0, 100)
    assert resident_models() == ("b",)


def test_a_model_over_the_budget_is_returned_but_neither_kept_nor_in_the_way_of_others(
    loader: Loader,
) -> None:
    resident("a", loader("a", 60), 60, 100)
    for known in (0, 200):
        assert module_bytes(resident("big", loader("big", 200), known, 100)) == 200
    assert loader.loaded == ["a", "big", "big"]
    assert resident_models() == ("a",)


def test_a_smaller_budget_counts_from_its_first_call_on(loader: Loader) -> None:
    for key in ("a", "b", "c"):
        resident(key, loader(key, 30), 30, 100)
    kept = resident("c", loader("c", 30), 30, 50)
    assert resident_models() == ("c",)
    assert resident("c", loader("c", 30), 30, 0) is kept
    assert resident_models() == ()


def test_nothing_is_kept_of_a_load_that_failed(loader: Loader) -> None:
    def fail() -> nn.Module:
        raise ValueError("damaged")

    with pytest.raises(ValueError, match="damaged"):
        resident("a", fail, 0, 100)
    resident("a", loader("a", 10), 0, 100)
    assert loader.loaded == ["a"]


def test_one_or_all_can_be_forgotten(loader: Loader) -> None:
    for key in ("a", "b", "c"):
        resident(key, loader(key, 10), 10, 100)
    forget("b")
    forget("never there")
    assert resident_models() == ("a", "c")
    forget_all()
    assert resident_models() == ()


def test_threads_that_ask_for_the_same_model_get_one() -> None:
    loads: list[int] = []
    together = threading.Barrier(8)
    found: list[nn.Module] = []

    def load() -> nn.Module:
        loads.append(1)
        threading.Event().wait(0.05)
        return model(10)

    def ask() -> None:
        together.wait()
        found.append(resident("a", load, 10, 100))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loads) == 1
    assert len(found) == 8
    assert len(set(map(id, found))) == 1


def test_shared_and_half_used_storage_is_counted_once_and_whole() -> None:
    made = nn.Module()
    made.first = nn.Linear(10, 10, bias=False)
    made.tied = nn.Linear(10, 10, bias=False)
    made.tied.weight = made.first.weight
    made.register_buffer("part", made.first.weight.detach()[:3])
    made.register_buffer("table", torch.zeros(1000, dtype=torch.int8)[:10])
    made.register_buffer("planned", torch.empty(50, device="meta"))
    assert module_bytes(made) == 400 + 1000


@given(
    budget=st.integers(0, 50),
    asked=st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=30),
)
def test_what_is_kept_is_always_the_most_recent_that_fit(
    budget: int, asked: list[tuple[int, bool]]
) -> None:
    forget_all()
    expected: list[int] = []
    for size_tens, known in asked:
        n = size_tens * 10
        resident(n, lambda n=n: model(n), n if known else 0, budget)
        if n <= budget:
            expected = [k for k in expected if k != n] + [n]
        while sum(expected) > budget:
            expected.pop(0)
        assert resident_models() == tuple(expected)
