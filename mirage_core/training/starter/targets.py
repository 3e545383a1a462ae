"""Losses of the starter model: where surfaces run, to a part of a pixel, and what is a lesion.

A surface is learnt as the probability that a row of the head's grid lies below it, a logistic
function of the distance. Each surface has its own term, so that one that is not known says nothing
and the others still count.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

SOFTNESS_PX = 1.2
"""Scale of the logistic function, in px of the network's square."""
_LEAST = 1e-6
_POSITION_WEIGHT = 0.03
_HUBER_PX = 2.0
_DICE_SMOOTH = 20.0
_ENTROPY_WEIGHT = 10.0
"""Lesions fill about a hundredth of a B-scan."""


def below_probability(logits: Tensor) -> Tensor:
    """Return how likely each row lies below each surface ``(B, S, h, w)``, of ``S + 1`` strata."""
    shares = functional.softmax(logits.float(), dim=1)
    return shares.flip(1).cumsum(1).flip(1)[:, 1:]


def surface_loss(logits: Tensor, surfaces: Tensor, weight: Tensor, side: int) -> Tensor:
    """Return the loss of layers.

    Parameters
    ----------
    logits : float tensor ``(B, S + 1, h, w)``
        Of the strata.
    surfaces : float tensor ``(B, S, w)``
        Px of the square from its top, NaN where not known.
    weight : float tensor ``(B, S, w)``, or what broadcasts to it
    side : int
        Rows of the square.
    """
    below = below_probability(logits).clamp(_LEAST, 1 - _LEAST)
    h = below.shape[2]
    step = side / h
    centre = (torch.arange(h, device=below.device) + 0.5) * step
    known = surfaces.isfinite()
    truth = surfaces.nan_to_num(0.0)
    target = torch.sigmoid((centre[:, None] - truth[:, :, None]) / SOFTNESS_PX)
    # Over rows a sum, in px: each surface counts the same however large the image is.
    entropy = functional.binary_cross_entropy(below, target, reduction="none").sum(dim=2) * step
    found = (1 - below).sum(dim=2) * step
    inside = (truth > 0) & (truth < side)
    away = functional.huber_loss(found, truth.clamp(0, side), reduction="none", delta=_HUBER_PX)
    term = entropy + _POSITION_WEIGHT * away * inside
    counts = known * weight
    return (term * counts).sum() / counts.sum().clamp(min=1.0)


def lesion_loss(logits: Tensor, labels: Tensor, known: Tensor, class_weight: Tensor) -> Tensor:
    """Return cross-entropy plus Dice loss of lesions that were looked for.

    Parameters
    ----------
    logits : float tensor ``(B, L + 1, h, w)``
        None, then lesions.
    labels : float tensor ``(B, L + 1, h, w)``
        Share of each place that belongs to each.
    known : bool tensor ``(B, L + 1)``
        Lesions that were looked for; others count as none. None at all: no loss.
    class_weight : float tensor ``(L + 1,)``
    """
    merged = _only_known(functional.softmax(logits.float(), dim=1), known)
    labels = _only_known(labels, known)
    samples = known[:, 0]
    entropy = -(labels * merged.clamp(min=_LEAST).log() * class_weight[:, None, None]).sum(dim=1)
    entropy = (entropy.mean(dim=(1, 2)) * samples).sum() / samples.sum().clamp(min=1)
    counted = (known & samples[:, None])[:, 1:, None, None]
    overlap = (merged[:, 1:] * labels[:, 1:] * counted).sum(dim=(0, 2, 3))
    total = ((merged[:, 1:] + labels[:, 1:]) * counted).sum(dim=(0, 2, 3))
    present = (labels[:, 1:] * counted).sum(dim=(0, 2, 3)) > 0
    dice = (2 * overlap + _DICE_SMOOTH) / (total + _DICE_SMOOTH)
    missed = ((1 - dice) * present).sum() / present.sum().clamp(min=1)
    return _ENTROPY_WEIGHT * entropy + missed


def _only_known(shares: Tensor, known: Tensor) -> Tensor:
    """Return `shares` ``(B, L + 1, h, w)`` with those not looked for counted as none."""
    kept = shares * known[:, :, None, None]
    rest = shares.sum(dim=1) - kept.sum(dim=1)
    return torch.cat([kept[:, :1] + rest[:, None], kept[:, 1:]], dim=1)
