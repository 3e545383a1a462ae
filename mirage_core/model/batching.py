"""Batches that shrink when memory runs out and go to the CPU when nothing else helps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import torch

from mirage_core.model.devices import free_bytes, measured_peak, release_cache
from mirage_core.model.freed_memory import give_back_freed
from mirage_core.model.out_of_memory import is_out_of_memory

MAX_BATCH = 32
"""Larger ones bring no speed, and make progress and cancelling coarse."""
_SHARE_OF_FREE = 0.8

T = TypeVar("T")

_CPU = torch.device("cpu")


class RunCancelledError(Exception):
    """`cancelled` answered True; nothing of the run is to be used."""


@dataclass(eq=False)
class BatchRun(Generic[T]):
    """What came of a run, and how it was done.

    Attributes
    ----------
    results : list of T
        One per batch, in the order of the items.
    device : torch.device
        Where it ended.
    batch_size : int
        Items at a time, after any fall-back.
    remarks : tuple of str
        Sentences for the user, one for each time memory ran out.
    """

    results: list[T] = field(default_factory=list)
    device: torch.device = _CPU
    batch_size: int = 1
    remarks: tuple[str, ...] = ()


def run_batches(
    items: Sequence[int],
    run: Callable[[Sequence[int], torch.device], T],
    device: torch.device,
    batch_size: int | None = None,
    report: Callable[[float], None] = lambda _fraction: None,
    cancelled: Callable[[], bool] = lambda: False,
    on_fallback: Callable[[torch.device], None] = lambda _device: None,
) -> BatchRun[T]:
    """Run `items` in batches; each of them succeeds once, in order, or the error surfaces.

    When memory runs out the cache is freed and the batch halved; when a single item does not
    fit, all that is left runs on the CPU, one at a time.

    Parameters
    ----------
    items : sequence of int
        Numbers of B-scans, say.
    run : callable
        Called with consecutive items and the device. After an error that says that memory ran
        out it is called again with fewer of the same items, so a call must leave nothing behind
        before it returns.
    device : torch.device
        Where the model is.
    batch_size : int or None
        Items at a time. None: on CUDA as many as fit, judged by what the first one takes alone;
        elsewhere 1.
    report : callable
        Told the fraction done after each batch.
    cancelled : callable
        Asked before each batch.
    on_fallback : callable
        Told the device to move the model to.

    Raises
    ------
    RunCancelledError
        If `cancelled` answered True.
    MemoryError, RuntimeError
        If a single item does not fit on the CPU either.
    """
    if batch_size is not None and batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}; give 1 or more, or None to let it be chosen")
    done = BatchRun[T](device=device, batch_size=batch_size or 1)
    measures = batch_size is None and device.type == "cuda"
    at = 0
    while at < len(items):
        if cancelled():
            raise RunCancelledError
        batch = items[at : at + done.batch_size]
        with measured_peak(done.device) if measures else nullcontext([0]) as peak:
            results = _attempt(run, batch, done.device)
        if results:
            done.results += results
            at += len(batch)
            give_back_freed()
            report(at / len(items))
            if measures:
                done.batch_size = fitting(peak[0], free_bytes(done.device))
        elif len(batch) > 1:
            _halve(done, len(batch))
        else:
            _fall_back(done, on_fallback)
        measures = False
    return done


def _attempt(
    run: Callable[[Sequence[int], torch.device], T], batch: Sequence[int], device: torch.device
) -> list[T]:
    """Return the result of `batch`, or nothing if memory ran out and less might do."""
    try:
        return [run(batch, device)]
    except (MemoryError, RuntimeError) as error:
        least = len(batch) == 1 and device.type == "cpu"
        if least or not is_out_of_memory(error):
            raise
        # Returning lets go of the error, and so of the tensors of the failed run.
        return []


def fitting(bytes_per_item: int, bytes_free: int) -> int:
    """Return how many items fit, 1 to :data:`MAX_BATCH`, with something left to spare."""
    return max(1, min(MAX_BATCH, int(bytes_free * _SHARE_OF_FREE) // max(1, bytes_per_item)))


def _halve(done: BatchRun[T], tried: int) -> None:
    release_cache(done.device)
    done.batch_size = tried // 2
    done.remarks += (
        f"{_owner(done.device)} ran out of memory with {tried} B-scans at a time; "
        f"the run went on with {done.batch_size}.",
    )


def _fall_back(done: BatchRun[T], on_fallback: Callable[[torch.device], None]) -> None:
    before = done.device
    on_fallback(_CPU)
    release_cache(before)
    done.device, done.batch_size = _CPU, 1
    done.remarks += (
        f"{_owner(before)} ran out of memory with a single B-scan; the rest ran on the CPU.",
    )


def _owner(device: torch.device) -> str:
    return "This computer" if device.type == "cpu" else f"The graphics processor ({device})"
