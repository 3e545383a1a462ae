"""What a model is taught to get right, B-scan by B-scan.

A scheme of two parts learns every surface by a term of its own and lesions apart, as the starter
model did; one softmax over regions learns cross-entropy and generalised Dice, as published. The
loss of a batch is the mean over its B-scans, so that it is the same however the batch is cut up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from mirage_core.model.segmentation import resized
from mirage_core.model.store.scheme import LayerScheme
from mirage_core.training.finetune.labelled import UNLABELLED
from mirage_core.training.finetune.views import Sample
from mirage_core.training.losses import ce_generalised_dice, cross_entropy
from mirage_core.training.starter.targets import lesion_loss, surface_loss

_LAYERS_WEIGHT = 0.1
"""Surfaces are summed over rows; both parts then weigh about the same in what they share."""
_LESION_WEIGHT = 2.0
_SURELY_NONE = 20.0


class Objective(Protocol):
    """The loss of one B-scan."""

    def __call__(self, logits: Tensor, sample: Sample) -> Tensor:
        """Return the loss of logits ``(1, K, h, w)`` on the head's grid."""
        ...


@dataclass(frozen=True)
class PartedObjective:
    """Surfaces one by one, and lesions.

    Attributes
    ----------
    scheme : LayerScheme
        Of two parts.
    prior_weight : float
        Of lesions where only the base model's opinion is there; that of surfaces is in the sample.
    """

    scheme: LayerScheme
    prior_weight: float

    def __call__(self, logits: Tensor, sample: Sample) -> Tensor:
        """Return the loss of logits ``(1, K, h, w)``."""
        first = self.scheme.lesions_from
        assert first is not None
        side = sample.image.shape[2]
        along = side // logits.shape[3]
        curves = sample.curves.unflatten(1, (-1, along)).mean(dim=2)[None]
        sure = sample.sure.unflatten(1, (-1, along)).amin(dim=2)[None]
        loss = _LAYERS_WEIGHT * surface_loss(logits[:, :first], curves, sure, side)
        if logits.shape[1] > first + 1:
            loss = loss + self._lesions(logits[:, first:], sample)
        return loss

    def _lesions(self, logits: Tensor, sample: Sample) -> Tensor:
        looked = sample.looked
        if bool(looked[0]):
            return _lesion_loss(logits, sample.labels, looked)
        if not self.prior_weight:
            return logits.sum() * 0
        every = torch.ones_like(looked)
        return self.prior_weight * _lesion_loss(logits, sample.prior, every)


def _lesion_loss(logits: Tensor, labels: Tensor, looked: Tensor) -> Tensor:
    h, w = logits.shape[2:]
    n = logits.shape[1]
    known = labels != UNLABELLED
    one_hot = functional.one_hot(torch.where(known, labels, 0).long(), n)
    cell = (labels.shape[0] // h, labels.shape[1] // w)
    shares = functional.avg_pool2d(one_hot.permute(2, 0, 1)[None].float(), cell)
    # A place that is not wholly known counts as none, for the model as for the truth.
    unknown = functional.max_pool2d((~known)[None, None].float(), cell) > 0
    none = torch.zeros(1, n, 1, 1, device=logits.device)
    none[:, 0] = 1
    logits = torch.where(unknown, (2 * none - 1) * _SURELY_NONE, logits.float())
    shares = torch.where(unknown, none, shares)
    weight = torch.full((n,), _LESION_WEIGHT, device=logits.device)
    weight[0] = 1
    return lesion_loss(logits, shares, looked[None], weight)


@dataclass(frozen=True)
class RegionObjective:
    """Cross-entropy and generalised Dice of regions, at the network's size.

    Attributes
    ----------
    ce_weight : float
    prior_weight : float
        Of cross-entropy with the base model's opinion where nothing else is known.
    """

    ce_weight: float
    prior_weight: float

    def __call__(self, logits: Tensor, sample: Sample) -> Tensor:
        """Return the loss of logits ``(1, K, h, w)``."""
        labels = sample.labels[None]
        logits = resized(logits, (labels.shape[1], labels.shape[2]))
        loss = ce_generalised_dice(logits, labels, ce_weight=self.ce_weight)
        if self.prior_weight:
            unknown = labels == UNLABELLED
            prior = torch.where(unknown, sample.prior[None], UNLABELLED)
            loss = loss + self.prior_weight * cross_entropy(logits, prior)
        return loss


def make_objective(scheme: LayerScheme, ce_weight: float, prior_weight: float) -> Objective:
    """Return the objective that a scheme asks for."""
    if scheme.lesions_from is not None:
        return PartedObjective(scheme, prior_weight)
    return RegionObjective(ce_weight, prior_weight)
