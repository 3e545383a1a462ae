"""One process or several, started by torchrun, and the device each works on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from mirage_core.model.devices import choose_device
from mirage_core.training.pretrain.errors import PretrainError


@dataclass(frozen=True)
class Ranks:
    """One process among all.

    Attributes
    ----------
    rank, world : int
        Which it is, of how many; 0 of 1 without torchrun.
    device : torch.device
    """

    rank: int
    world: int
    device: torch.device

    @property
    def is_first(self) -> bool:
        """Whether this process writes and speaks for all."""
        return self.rank == 0

    def wrap(self, model: nn.Module) -> nn.Module:
        """Return `model`, so that its gradients are averaged over all processes."""
        if self.world == 1:
            return model
        devices = [self.device] if self.device.type == "cuda" else None
        return DistributedDataParallel(model, device_ids=devices)

    def add_up(self, values: Tensor) -> Tensor:
        """Return the sum of `values` over all processes."""
        if self.world > 1:
            distributed.all_reduce(values)
        return values


def own_gradients(model: nn.Module) -> AbstractContextManager[None]:
    """Return a context in which gradients stay in this process, to be accumulated."""
    if isinstance(model, DistributedDataParallel):
        return cast(AbstractContextManager[None], model.no_sync())
    return nullcontext()


@contextmanager
def joined(device: str = "auto") -> Iterator[Ranks]:
    """Join the processes that torchrun started, if it did; leave them at the end.

    Parameters
    ----------
    device : str
        As :func:`~mirage_core.model.devices.choose_device` takes it. Of several processes with
        ``auto`` or ``cuda`` each takes the GPU of its local rank.

    Raises
    ------
    DeviceError
        If that device is not there.
    PretrainError
        If it is not there once per process.
    """
    world, rank = (int(os.environ.get(name, n)) for name, n in (("WORLD_SIZE", 1), ("RANK", 0)))
    here = choose_device(device)
    if here.type == "cuda":
        here = here if world == 1 else _own_gpu(device)
        torch.cuda.set_device(here)
    elif here.type != "cpu" and world > 1:
        raise PretrainError(
            f"Several processes cannot share {here.type}.", "Start one, or use --device cpu."
        )
    if world == 1:
        yield Ranks(0, 1, here)
        return
    distributed.init_process_group("nccl" if here.type == "cuda" else "gloo")
    try:
        yield Ranks(rank, world, here)
    finally:
        distributed.destroy_process_group()


def _own_gpu(wanted: str) -> torch.device:
    if wanted not in ("auto", "cuda"):
        raise PretrainError(
            f"Several processes cannot share {wanted}.", "Use --device cuda: each takes its own."
        )
    local_rank, n = int(os.environ.get("LOCAL_RANK", 0)), torch.cuda.device_count()
    if local_rank >= n:
        raise PretrainError(
            f"Process {local_rank + 1} of this machine finds no GPU left; there are {n}.",
            f"Start {n} processes (--nproc-per-node {n}).",
        )
    return torch.device("cuda", local_rank)
