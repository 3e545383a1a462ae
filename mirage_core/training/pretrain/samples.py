"""Samples at the sizes the model takes, and batches of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from mirage_core.io.errors import ReadError
from mirage_core.model.preprocessing import Normalisation, prepare_image, prepare_layer_map
from mirage_core.model.spec import DomainSpec
from mirage_core.training.pretrain.data import U8, Triples


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
    """

    def __init__(self, triples: Triples, domains: Sequence[DomainSpec]) -> None:
        self._triples = triples
        self._domains = tuple(domains)

    def __len__(self) -> int:
        return len(self._triples)

    def __getitem__(self, index: int) -> Sample | Failure:
        try:
            loaded = self._triples.load(index)
        except ReadError as error:
            # Raised in a reading process, it would lose its path and its hint on the way.
            return Failure(error)
        return {
            d.name: _prepare(loaded[d.name], d) if d.name in loaded else _nothing(d)
            for d in self._domains
        }


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
