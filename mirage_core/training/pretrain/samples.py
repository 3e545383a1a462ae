"""Samples as the model takes them: prepared, changed at random, brought together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from mirage_core.io.errors import ReadError
from mirage_core.model.preprocessing import Normalisation, prepare_image, prepare_layer_map
from mirage_core.model.spec import DomainSpec
from mirage_core.training.pretrain.augment import apply_change, draw_change
from mirage_core.training.pretrain.config import AugmentConfig
from mirage_core.training.pretrain.data import U8, Triples

_AUGMENT_STREAM = 1


class Key(NamedTuple):
    """A sample in an epoch: all its randomness follows from these two and the seed."""

    epoch: int
    sample: int


@dataclass(frozen=True, eq=False)
class Failure:
    """A sample that could not be read, on its way from a reading process to the loop."""

    error: ReadError


Sample = dict[str, Tensor]


class Samples(Dataset[Sample | Failure]):
    """Every domain of a sample at the model's size, zeros for those it lacks.

    Images are float32 ``[1, H, W]``, grey / 255; layer maps int64 ``[h, w]``.

    Parameters
    ----------
    triples : Triples
    domains : sequence of DomainSpec
    augment : AugmentConfig or None
    seed : int
    """

    def __init__(
        self,
        triples: Triples,
        domains: Sequence[DomainSpec],
        augment: AugmentConfig | None,
        seed: int,
    ) -> None:
        self._triples = triples
        self._domains = tuple(domains)
        self._images = tuple(d.name for d in self._domains if d.n_classes is None)
        self._augment = augment
        self._seed = seed

    def __len__(self) -> int:
        return len(self._triples)

    def __getitem__(self, key: Key) -> Sample | Failure:
        try:
            loaded = self._triples.load(key.sample)
        except ReadError as error:
            # Raised in a reading process, it would lose its path and its hint on the way.
            return Failure(error)
        sample = {d.name: _prepare(loaded[d.name], d) for d in self._domains if d.name in loaded}
        if self._augment is not None:
            rng = np.random.default_rng((self._seed, _AUGMENT_STREAM, key.epoch, key.sample))
            sample = apply_change(sample, draw_change(self._augment, self._images, rng))
        return {d.name: sample[d.name] if d.name in sample else _nothing(d) for d in self._domains}


def bring_together(samples: Sequence[Sample | Failure]) -> Sample | Failure:
    """Return a batch, or the first failure among its samples."""
    good: list[Sample] = []
    for sample in samples:
        if isinstance(sample, Failure):
            return sample
        good.append(sample)
    return {name: torch.stack([s[name] for s in good]) for name in good[0]}


def _prepare(image: U8, domain: DomainSpec) -> Tensor:
    if domain.n_classes is not None:
        return torch.from_numpy(prepare_layer_map(image, domain.size))
    if image.shape == domain.size:
        return torch.from_numpy(image.astype(np.float32)[None] / np.float32(255))
    return torch.from_numpy(prepare_image(image, domain.size, Normalisation.WRAPPER))


def _nothing(domain: DomainSpec) -> Tensor:
    if domain.n_classes is not None:
        return torch.zeros(domain.size, dtype=torch.int64)
    return torch.zeros(1, *domain.size)
