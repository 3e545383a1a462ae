"""Which views of which B-scans each step learns from; it follows from the seed alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mirage_core.training.finetune.config import FinetuneConfig


@dataclass(frozen=True)
class Batches:
    """The batches of a lesson.

    Attributes
    ----------
    rows : tuple of int
        B-scans to learn from, by their numbers in the data.
    config : FinetuneConfig
    rehearsed : tuple of int
        B-scans, numbered on after the data, of which one more takes part in every step.
    """

    rows: tuple[int, ...]
    config: FinetuneConfig
    rehearsed: tuple[int, ...] = ()

    @property
    def batch(self) -> int:
        """B-scans of a step that are taught."""
        return min(self.config.batch, len(self.rows))

    @property
    def per_epoch(self) -> int:
        """B-scans of an epoch."""
        n = len(self.rows)
        return n - n % self.batch if self.config.drop_last else n

    @property
    def steps_per_epoch(self) -> int:
        """Steps of an epoch, rounded up."""
        return math.ceil(self.per_epoch / self.batch)

    @property
    def n_steps(self) -> int:
        """Optimiser steps of the lesson."""
        config = self.config
        times = 1 if config.head == "keep" else config.new_head_times
        steps = max(round(times * config.epochs * self.per_epoch / self.batch), 1)
        if config.least_steps is not None:
            steps = max(steps, times * config.least_steps)
        if config.most_steps is not None:
            steps = min(steps, config.most_steps)
        return steps

    @property
    def warmup_steps(self) -> int:
        """Steps over which the learning rate rises."""
        wanted = self.config.warmup_steps
        return min(self.steps_per_epoch if wanted is None else wanted, self.n_steps - 1)

    @property
    def check_steps(self) -> int:
        """Steps from one check to the next."""
        return self.config.check_steps or self.steps_per_epoch

    def of(self, step: int) -> list[tuple[int, int]]:
        """Return the B-scans of a step, each with the number of its view."""
        first = step * self.batch
        taught = [self._item(place) for place in range(first, first + self.batch)]
        # As they are: a second view would cost the encoder once more and keep nothing else.
        again = [(self.rehearsed[step % len(self.rehearsed)], 0)] if self.rehearsed else []
        return taught + again

    def _item(self, place: int) -> tuple[int, int]:
        epoch, at = divmod(place, self.per_epoch)
        row = self.rows[_order(self.config.seed, epoch, len(self.rows))[at]]
        views = self.config.views
        return row, epoch if views is None else epoch % views


@lru_cache(maxsize=8)
def _order(seed: int, epoch: int, n: int) -> list[int]:
    return [int(i) for i in np.random.default_rng([seed, epoch]).permutation(n)]
