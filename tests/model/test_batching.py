"""Whatever runs out of memory, each item is done once and in order, or the error is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from unittest.mock import patch

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mirage_core.model import batching
from mirage_core.model.batching import MAX_BATCH, RunCancelledError, fitting, run_batches
from mirage_core.model.out_of_memory import is_out_of_memory

CPU = torch.device("cpu")
CUDA = torch.device("cuda", 0)
GIB = 1024**3

CUDA_FULL = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")
ERRORS = [
    CUDA_FULL,
    RuntimeError("MPS backend out of memory (MPS allocated: 9.06 GB)"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory"),
    RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory: you tried to allocate"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    MemoryError(),
]


class Machine:
    """Stands in for a model: fits as many items as each device has room for."""

    def __init__(self, room: dict[str, int], error: Exception = CUDA_FULL) -> None:
        self.room = room
        self.error = error
        self.calls: list[tuple[int, str]] = []
        self.moved_to: list[str] = []

    def run(self, items: Sequence[int], device: torch.device) -> list[int]:
        self.calls.append((len(items), device.type))
        if len(items) > self.room[device.type]:
            raise self.error
        return list(items)

    def move(self, device: torch.device) -> None:
        self.moved_to.append(device.type)


@pytest.fixture
def card(monkeypatch) -> Callable[[int, int], None]:
    """Give the fake card so many bytes free, and each item so many that it takes."""

    def has(free: int, per_item: int) -> None:
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda *_: (free, free))
        monkeypatch.setattr(torch.cuda, "memory_reserved", lambda *_: 300)
        monkeypatch.setattr(torch.cuda, "memory_allocated", lambda *_: 100)
        monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda *_: None)
        monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda *_: 100 + per_item)

    return has


def flat(results: list[list[int]]) -> list[int]:
    return [i for batch in results for i in batch]


def test_with_room_enough_the_items_run_in_batches_of_the_size_given():
    machine = Machine({"cpu": 4})
    done = run_batches(range(10), machine.run, CPU, 4)
    assert done.results == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert (done.batch_size, done.device, done.remarks) == (4, CPU, ())


def test_items_are_those_given_whatever_their_numbers():
    assert run_batches([7, 3, 5], Machine({"cpu": 2}).run, CPU, 2).results == [[7, 3], [5]]


def test_no_items_give_no_results():
    assert run_batches([], Machine({}).run, CPU).results == []


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: str(e)[:20])
def test_the_batch_is_halved_until_it_fits(error):
    machine = Machine({"cuda": 3}, error)
    done = run_batches(range(7), machine.run, CUDA, 16)
    assert flat(done.results) == list(range(7))
    assert [size for size, _ in machine.calls] == [7, 3, 3, 1]
    assert (done.batch_size, done.device) == (3, CUDA)
    assert done.remarks == (
        "The graphics processor (cuda:0) ran out of memory with 7 B-scans at a time; "
        "the run went on with 3.",
    )
    assert machine.moved_to == []


def test_a_single_item_that_does_not_fit_sends_the_rest_to_the_cpu():
    machine = Machine({"cuda": 0, "cpu": 1})
    done = run_batches(range(3), machine.run, CUDA, 2, on_fallback=machine.move)
    assert flat(done.results) == [0, 1, 2]
    assert machine.moved_to == ["cpu"]
    assert (done.batch_size, done.device) == (1, CPU)
    assert len(done.remarks) == 2
    assert done.remarks[1].endswith("with a single B-scan; the rest ran on the CPU.")


def test_the_model_is_moved_before_the_next_item_runs_on_the_cpu():
    machine = Machine({"cuda": 0, "cpu": 1})
    seen = []
    run_batches(
        range(1), machine.run, CUDA, 1, on_fallback=lambda d: seen.append((d, list(machine.calls)))
    )
    assert seen == [(CPU, [(1, "cuda")])]


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: str(e)[:20])
def test_the_error_surfaces_if_not_even_the_cpu_has_room_for_one(error):
    machine = Machine({"cuda": 0, "cpu": 0}, error)
    with pytest.raises(type(error)):
        run_batches(range(3), machine.run, CUDA, 2, on_fallback=machine.move)
    assert machine.calls == [(2, "cuda"), (1, "cuda"), (1, "cpu")]


@pytest.mark.parametrize(
    "error", [RuntimeError("mat1 and mat2 shapes cannot be multiplied"), ValueError("memory")]
)
def test_any_other_error_surfaces_at_once(error):
    machine = Machine({"cuda": 0}, error)
    with pytest.raises(type(error)):
        run_batches(range(3), machine.run, CUDA, 2)
    assert len(machine.calls) == 1
    assert not is_out_of_memory(error)


@given(
    n=st.integers(0, 20),
    size=st.integers(1, 8),
    device=st.sampled_from([CPU, CUDA]),
    fails=st.lists(st.booleans(), max_size=30),
    error=st.sampled_from(ERRORS),
)
def test_each_item_is_done_once_and_in_order_or_the_error_surfaces(n, size, device, fails, error):
    script = iter(fails)
    calls: list[tuple[list[int], torch.device]] = []
    moved: list[torch.device] = []
    told: list[float] = []

    def run(items: Sequence[int], on: torch.device) -> list[int]:
        calls.append((list(items), on))
        if next(script, False):
            raise error
        return list(items)

    surfaced: list[Exception] = []
    with patch.object(batching, "release_cache"):  # it takes its time
        try:
            done = run_batches(range(n), run, device, size, told.append, on_fallback=moved.append)
        except (RuntimeError, MemoryError) as out:
            surfaced.append(out)
    if surfaced:
        assert surfaced == [error]
        assert len(calls[-1][0]) == 1
        assert calls[-1][1] == CPU
        return
    assert flat(done.results) == list(range(n))
    assert moved == ([CPU] if done.device != device else [])
    assert len(done.remarks) == len(calls) - len(done.results)
    assert told == sorted(told)
    assert told[-1:] == [1.0] * min(n, 1)


def test_what_failed_runs_held_is_let_go_before_the_next(monkeypatch):
    class Held:
        alive = 0

        def __init__(self) -> None:
            Held.alive += 1

        def __del__(self) -> None:
            Held.alive -= 1

    at_release: list[int] = []
    monkeypatch.setattr(batching, "release_cache", lambda _: at_release.append(Held.alive))

    def run(items: Sequence[int], device: torch.device) -> int:
        held = Held()
        if len(items) > 1:
            raise torch.OutOfMemoryError
        del held
        return 0

    run_batches(range(4), run, CUDA, 4)
    assert at_release == [0, 0]


def test_a_run_that_is_cancelled_has_no_result():
    machine = Machine({"cpu": 1})
    with pytest.raises(RunCancelledError):
        run_batches(range(5), machine.run, CPU, cancelled=lambda: len(machine.calls) == 2)
    assert len(machine.calls) == 2


def test_a_batch_of_none_is_refused():
    with pytest.raises(ValueError, match="batch_size is 0"):
        run_batches(range(2), Machine({"cpu": 1}).run, CPU, 0)


def test_on_the_cpu_items_run_one_at_a_time_by_default():
    machine = Machine({"cpu": 9})
    run_batches(range(3), machine.run, CPU)
    assert machine.calls == [(1, "cpu")] * 3


def test_on_a_card_the_first_item_alone_tells_how_many_fit(card):
    card(free=10 * GIB, per_item=GIB)
    machine = Machine({"cuda": 99})
    done = run_batches(range(20), machine.run, CUDA)
    assert [size for size, _ in machine.calls] == [1, 8, 8, 3]
    assert flat(done.results) == list(range(20))
    assert done.batch_size == 8


def test_a_guess_that_was_too_large_is_halved(card):
    card(free=10 * GIB, per_item=GIB)
    machine = Machine({"cuda": 5})
    done = run_batches(range(10), machine.run, CUDA)
    assert [size for size, _ in machine.calls] == [1, 8, 4, 4, 1]
    assert flat(done.results) == list(range(10))


def test_a_first_item_that_does_not_fit_goes_to_the_cpu(card):
    card(free=GIB, per_item=GIB)
    machine = Machine({"cuda": 0, "cpu": 1})
    done = run_batches(range(3), machine.run, CUDA, on_fallback=machine.move)
    assert machine.calls == [(1, "cuda")] + [(1, "cpu")] * 3
    assert (done.device, machine.moved_to) == (CPU, ["cpu"])


@given(per_item=st.integers(0, 40 * GIB), free=st.integers(0, 160 * GIB))
def test_what_fits_leaves_something_to_spare_and_is_never_nothing(per_item, free):
    n = fitting(per_item, free)
    assert 1 <= n <= MAX_BATCH
    assert n == 1 or n * per_item <= free * 0.8
    assert n == MAX_BATCH or (n + 1) * per_item > free * 0.8 - 1


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_on_a_real_card_too_large_a_batch_is_halved():
    free = torch.cuda.mem_get_info()[0]

    def run(items: Sequence[int], device: torch.device) -> list[int]:
        torch.empty(len(items) * free // 3, dtype=torch.uint8, device=device)
        return list(items)

    done = run_batches(range(9), run, CUDA, 8)
    assert flat(done.results) == list(range(9))
    assert done.batch_size == 2
    assert len(done.remarks) == 2
