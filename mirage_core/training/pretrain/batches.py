"""Who learns from which samples when: the same for any number of devices and any resumption.

Everything follows from the seed, the epoch and the step, so that nothing about random numbers has
to be stored, and one device draws what several draw together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Sampler

from mirage_core.training.pretrain.config import PretrainConfig
from mirage_core.training.pretrain.errors import PretrainError
from mirage_core.training.pretrain.sampling import generator_of, sample_masks

I64 = NDArray[np.int64]

_ORDER_STREAM, _MASK_STREAM = 2, 3


@dataclass(frozen=True, eq=False)
class Plan:
    """The steps of a run as one of several processes sees them.

    Attributes
    ----------
    config : PretrainConfig
    present : bool tensor ``[n, domain]``
        Which domains every sample has.
    rank, world : int
        Which process this is, of how many.
    """

    config: PretrainConfig
    present: Tensor
    rank: int = 0
    world: int = 1

    def __post_init__(self) -> None:
        batch, n = self.config.batch, len(self.present)
        if batch % self.world:
            raise PretrainError(
                f"A batch of {batch} cannot be shared evenly by {self.world} processes.",
                "Choose a multiple of their number (--batch).",
            )
        if n < batch:
            raise PretrainError(
                f"{n} samples do not fill one batch of {batch}.",
                "Add samples or choose a smaller batch (--batch).",
            )

    @property
    def steps_per_epoch(self) -> int:
        """Whole batches of an epoch; samples left over wait for another epoch's order."""
        return len(self.present) // self.config.batch

    @property
    def n_steps(self) -> int:
        """Steps of the whole run."""
        return self.config.epochs * self.steps_per_epoch

    def epoch_of(self, step: int) -> int:
        """Return the epoch of a step, both from 0."""
        return step // self.steps_per_epoch

    def samples(self, step: int) -> I64:
        """Return the samples of a step, over all processes."""
        epoch, place = divmod(step, self.steps_per_epoch)
        order = _order(self.config.seed, epoch, len(self.present))
        return order[place * self.config.batch : (place + 1) * self.config.batch]

    def masks(self, step: int) -> list[Tensor]:
        """Return the masks of :meth:`samples` per domain, uint8 ``[batch, token]``."""
        config = self.config
        return sample_masks(
            self.present[torch.from_numpy(self.samples(step))],
            [config.grid**2] * len(config.domains),
            config.visible_tokens,
            config.alpha,
            generator_of(config.seed, _MASK_STREAM, step),
        )

    def shares(self) -> list[slice]:
        """Return the parts of a batch this process takes one after the other."""
        share = self.config.batch // self.world
        first, size = self.rank * share, self.config.micro_batch or share
        return [
            slice(first + start, first + min(start + size, share))
            for start in range(0, share, size)
        ]


@lru_cache(maxsize=2)
def _order(seed: int, epoch: int, n: int) -> I64:
    order: I64 = np.random.default_rng((seed, _ORDER_STREAM, epoch)).permutation(n)
    return order


class PlanSampler(Sampler[list[int]]):
    """What one process takes of all steps from one on, across the ends of epochs."""

    def __init__(self, plan: Plan, first_step: int) -> None:
        self._plan = plan
        self._first_step = first_step

    def __iter__(self) -> Iterator[list[int]]:
        shares = self._plan.shares()
        for step in range(self._first_step, self._plan.n_steps):
            samples = self._plan.samples(step)
            for part in shares:
                yield samples[part].tolist()

    def __len__(self) -> int:
        return (self._plan.n_steps - self._first_step) * len(self._plan.shares())
