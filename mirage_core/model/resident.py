"""Loaded models that this process keeps for its next job, within a budget of memory."""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from torch import nn


@dataclass(eq=False, slots=True)
class _Kept:
    model: nn.Module
    n_bytes: int


_kept: OrderedDict[Hashable, _Kept] = OrderedDict()
"""Least recently used first."""
_lock = threading.RLock()


def resident(
    key: Hashable, load: Callable[[], nn.Module], nbytes: int, budget_bytes: int
) -> nn.Module:
    """Return the model of `key`: the one that is kept, or a newly loaded one.

    Where all would be over the budget those not used for longest are dropped. One that is over
    it by itself is returned and not kept. Threads that ask meanwhile wait.

    Parameters
    ----------
    key : hashable
        All that decides what `load` returns: the weights' SHA-256, the device, the mode. Who
        changes a kept model so that it fits its key no more (moves it, say) calls
        :func:`forget`.
    load : callable
        Called only if there is none. What it raises goes through.
    nbytes : int
        What the model takes at least, the size of its weights on disk say. Room for it is made
        before it is loaded, so that old and new do not stand side by side. 0 if not known.
    budget_bytes : int
        What all kept models may take together.
    """
    with _lock:
        kept = _kept.get(key)
        if kept is not None:
            _kept.move_to_end(key)
            _shrink(budget_bytes)
            return kept.model
        if nbytes <= budget_bytes:
            _shrink(budget_bytes - nbytes)
        model = load()
        taken = max(nbytes, module_bytes(model))
        if taken <= budget_bytes:
            _shrink(budget_bytes - taken)
            _kept[key] = _Kept(model, taken)
        return model


def module_bytes(model: nn.Module) -> int:
    """Return the memory of a model's parameters and buffers, each storage counted once."""
    sizes: dict[tuple[str, int], int] = {}
    for tensor in itertools.chain(model.parameters(), model.buffers()):
        storage = tensor.untyped_storage()
        if not tensor.is_meta:
            sizes[str(tensor.device), storage.data_ptr()] = storage.nbytes()
    return sum(sizes.values())


def resident_models() -> tuple[Hashable, ...]:
    """Return the keys of the models that are kept, the least recently used first."""
    with _lock:
        return tuple(_kept)


def forget(key: Hashable) -> None:
    """Keep the model of `key` no longer, if it is kept."""
    with _lock:
        _kept.pop(key, None)


def forget_all() -> None:
    """Keep no model any longer."""
    with _lock:
        _kept.clear()


def _shrink(budget_bytes: int) -> None:
    """Drop the least recently used models until the others are within `budget_bytes`."""
    total = sum(kept.n_bytes for kept in _kept.values())
    while total > budget_bytes and _kept:
        total -= _kept.popitem(last=False)[1].n_bytes
