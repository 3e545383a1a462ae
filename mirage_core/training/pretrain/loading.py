"""Batches read by processes of their own, which signals to all processes do not end."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker

from torch.utils.data import DataLoader

from mirage_core.training.pretrain.batches import Plan, PlanSampler
from mirage_core.training.pretrain.samples import Failure, Sample, Samples, bring_together

_ASK_TO_STOP = (signal.SIGINT, signal.SIGTERM)


class Batches:
    """One process's batches of all steps from one on, in their order; to be closed.

    A terminal's Ctrl-C and a cluster's SIGTERM reach all processes of a run. The loop needs those
    that read for the step it is in, so these leave signals alone and end with :meth:`close`.

    Parameters
    ----------
    samples : Samples
    plan : Plan
    first_step : int
    workers : int
        Reading processes; 0 reads when a batch is asked for.
    pin : bool
        Into memory that a CUDA device fetches from by itself.
    """

    def __init__(
        self, samples: Samples, plan: Plan, first_step: int, *, workers: int, pin: bool
    ) -> None:
        loader: DataLoader[Sample | Failure] = DataLoader(
            samples,
            batch_sampler=PlanSampler(plan, first_step),
            num_workers=workers,
            collate_fn=bring_together,
            # Forking a process that has threads, as torch has, may leave a lock held for ever.
            multiprocessing_context="spawn" if workers else None,
            worker_init_fn=_ignore_signals,
            pin_memory=pin,
        )
        self._batches: Iterator[Sample | Failure] | None = None
        if workers:
            with _signals_kept_from_children():
                self._batches = iter(loader)
        else:
            self._batches = iter(loader)

    def take(self) -> Sample:
        """Return the next batch.

        Raises
        ------
        ReadError
            If one of its samples cannot be read.
        """
        assert self._batches is not None, "closed"
        batch = next(self._batches)
        if isinstance(batch, Failure):
            raise batch.error
        return batch

    def close(self) -> None:
        """End the reading processes: letting go of the iterator tells them to."""
        self._batches = None


def _ignore_signals(_worker: int) -> None:
    for number in _ASK_TO_STOP:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def _signals_kept_from_children() -> Iterator[None]:
    """Start processes that no signal reaches from the first; this one gets it afterwards.

    One that is ended while it starts never takes what it is sent, and who sends it waits for
    ever.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    # Started together with the first child, it would let the signals through again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ASK_TO_STOP)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
