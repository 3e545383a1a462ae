"""Pooled features of B-scans by a frozen encoder: computed once, and kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mirage_core.model.classification import ClassificationModel, pooled
from mirage_core.model.devices import arithmetic, to_device
from mirage_core.model.spec import Pool
from mirage_core.training.classify.examples import Example
from mirage_core.training.classify.inputs import InputMaker, mirrored
from mirage_core.training.finetune.cache import FeatureCache, Features, cache_key

F32 = NDArray[np.float32]

_PATCHES, _GLOBAL = "patches", "global"


@dataclass(frozen=True, eq=False)
class FeatureMaker:
    """Features of B-scans.

    Attributes
    ----------
    model : ClassificationModel
        On `device`; its encoder and its norm are used.
    inputs : InputMaker
    device : torch.device
    cache : FeatureCache
    weights : str
        SHA-256 of the encoder's weights.
    """

    model: ClassificationModel
    inputs: InputMaker
    device: torch.device
    cache: FeatureCache
    weights: str

    def of(self, example: Example, b: int, mark: str, view: int) -> F32:
        """Return the features ``[w]`` of one B-scan.

        Parameters
        ----------
        example : Example
        b : int
        mark : str
            What :meth:`InputMaker.mark` says of it.
        view : int
            0: as it is; 1: mirrored.
        """
        key = cache_key(
            weights=self.weights, inputs=self.inputs.key, picture=mark, view=view, what="pooled"
        )
        return self._chosen(self.cache.get(key, lambda: self._made(example, b, view)))

    @torch.inference_mode()
    def _made(self, example: Example, b: int, view: int) -> Features:
        given = self.inputs.plain(example, b)
        moved = {
            n: to_device(x, self.device) for n, x in (mirrored(given) if view else given).items()
        }
        with arithmetic(self.device, fast=False):
            tokens = self.model.encode(moved)
            patches, of_global = pooled(self.model.norm(tokens.values), tokens.n_global)
        return {_PATCHES: patches[0].float().cpu(), _GLOBAL: of_global[0].float().cpu()}

    def _chosen(self, features: Features) -> F32:
        """Return what the head looks at; both are kept, so that another pool needs no encoder."""
        parts: dict[Pool, list[Tensor]] = {
            Pool.GLOBAL: [features[_PATCHES]],
            Pool.CLS: [features[_GLOBAL]],
            Pool.TOKEN_MIX: [features[_PATCHES], features[_GLOBAL]],
        }
        return torch.cat(parts[self.model.pool]).numpy()


@dataclass(frozen=True, eq=False)
class Bags:
    """Features of all examples.

    Attributes
    ----------
    views : tuple of tuples of float32 arrays ``[b_scan, w]``
        By view, by example.
    marks : tuple of tuples of str
        By example: what tells each B-scan's picture from others.
    """

    views: tuple[tuple[F32, ...], ...]
    marks: tuple[tuple[str, ...], ...]

    def mean(self, view: int = 0) -> F32:
        """Return the mean of each example's B-scans ``[example, w]``."""
        return np.stack([bag.mean(axis=0) for bag in self.views[view]])


def make_bags(
    examples: tuple[Example, ...],
    maker: FeatureMaker,
    n_views: int,
    most: int,
    done: Callable[[], None] = lambda: None,
) -> Bags:
    """Return the features of all examples; `done` is called after each view of a B-scan."""
    views: list[list[F32]] = [[] for _ in range(n_views)]
    marks = []
    for example in examples:
        chosen = example.chosen(most)
        own = [maker.inputs.mark(example, b) for b in chosen]
        for view in range(n_views):
            bag = []
            for b, mark in zip(chosen, own, strict=True):
                bag.append(maker.of(example, b, mark, view))
                done()
            views[view].append(np.stack(bag))
        marks.append(tuple(own))
    return Bags(tuple(tuple(v) for v in views), tuple(marks))
