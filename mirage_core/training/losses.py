"""Losses of segmentation: cross-entropy, generalised Dice, and their mean (CEGDice).

Pixels nobody labelled carry `ignore_index` and count nowhere: not in a sum, not in a mean, not
in a gradient. A batch without any labelled pixel has loss 0, so that a step on it does nothing.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

UNLABELLED = 255
"""Class index of pixels that have no label."""

_SMOOTH = 1e-5


def cross_entropy(
    logits: Tensor,
    target: Tensor,
    *,
    ignore_index: int = UNLABELLED,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Return the cross-entropy, its mean over the labelled pixels of the whole batch.

    Parameters
    ----------
    logits : float tensor ``[n, class, z, x]`` or ``[n, class]``
    target : integer tensor ``[n, z, x]`` or ``[n]``
        Class indices, or `ignore_index`.
    ignore_index : int
    label_smoothing : float
        Share of the probability that is spread over all classes.

    Raises
    ------
    ValueError
        If the shapes do not belong together or `target` holds an index that is no class.
    """
    known, index = labelled_pixels(logits, target, ignore_index)
    total = functional.cross_entropy(
        at_least_float32(logits),
        torch.where(known, index, ignore_index),
        ignore_index=ignore_index,
        label_smoothing=label_smoothing,
        reduction="sum",
    )
    return total / known.sum().clamp(min=1)


def generalised_dice(
    logits: Tensor,
    target: Tensor,
    *,
    include_background: bool = True,
    ignore_index: int = UNLABELLED,
) -> Tensor:
    """Return the generalised Dice loss, its mean over the samples that have labelled pixels.

    See :func:`generalised_dice_per_sample`.
    """
    known, index = labelled_pixels(logits, target, ignore_index)
    log_p = functional.log_softmax(at_least_float32(logits), dim=1)
    at_label = _at_label(log_p, index)
    per_sample = _generalised_dice(log_p, at_label, known, index, include_background)
    return _mean_over_labelled(per_sample, known)


def generalised_dice_per_sample(
    logits: Tensor,
    target: Tensor,
    *,
    include_background: bool = True,
    ignore_index: int = UNLABELLED,
) -> Tensor:
    """Return the generalised Dice loss (Sudre et al., 2017) of every sample, ``[n]``.

    With softmax ``p``, one-hot labels ``g`` and class sizes ``G``, classes weigh ``1 / G^2``
    and the loss is ``1 - (2 sum w g p + s) / (sum w (G + sum p) + s)`` with ``s = 1e-5``.
    A class absent from the sample weighs as much as the smallest that is present.

    Parameters
    ----------
    logits : float tensor ``[n, class, z, x]``
    target : integer tensor ``[n, z, x]``
        Class indices, or `ignore_index`.
    include_background : bool
        Whether class 0 counts. It takes part in the softmax either way.
    ignore_index : int

    Returns
    -------
    float tensor ``[n]``
        0 for a sample without labelled pixels.

    Raises
    ------
    ValueError
        If the shapes do not belong together or `target` holds an index that is no class.
    """
    known, index = labelled_pixels(logits, target, ignore_index)
    log_p = functional.log_softmax(at_least_float32(logits), dim=1)
    return _generalised_dice(log_p, _at_label(log_p, index), known, index, include_background)


def ce_generalised_dice(
    logits: Tensor,
    target: Tensor,
    *,
    ce_weight: float = 0.5,
    ignore_index: int = UNLABELLED,
) -> Tensor:
    """Return CEGDice: ``ce_weight`` of the cross-entropy, the rest of generalised Dice.

    Equal to weighing :func:`cross_entropy` and :func:`generalised_dice`, with one softmax.

    Parameters
    ----------
    logits : float tensor ``[n, class, z, x]``
    target : integer tensor ``[n, z, x]``
        Class indices, or `ignore_index`.
    ce_weight : float
    ignore_index : int

    Raises
    ------
    ValueError
        If the shapes do not belong together or `target` holds an index that is no class.
    """
    known, index = labelled_pixels(logits, target, ignore_index)
    log_p = functional.log_softmax(at_least_float32(logits), dim=1)
    at_label = _at_label(log_p, index)
    ce = -torch.where(known, at_label, 0).sum() / known.sum().clamp(min=1)
    per_sample = _generalised_dice(log_p, at_label, known, index, include_background=True)
    return ce_weight * ce + (1 - ce_weight) * _mean_over_labelled(per_sample, known)


def at_least_float32(logits: Tensor) -> Tensor:
    """Return half-precision logits as float32: sums over a million pixels overflow float16."""
    return logits if logits.dtype in (torch.float32, torch.float64) else logits.float()


def labelled_pixels(logits: Tensor, target: Tensor, ignore_index: int) -> tuple[Tensor, Tensor]:
    """Return which pixels are labelled, and class indices with 0 where they are not.

    Parameters
    ----------
    logits : float tensor ``[n, class, ...]``
    target : integer tensor ``[n, ...]``
        Class indices, or `ignore_index`.
    ignore_index : int

    Returns
    -------
    known : bool tensor ``[n, ...]``
    index : int64 tensor ``[n, ...]``

    Raises
    ------
    ValueError
        If the shapes do not belong together or `target` holds an index that is no class.
    """
    if (logits.shape[0], *logits.shape[2:]) != tuple(target.shape):
        raise ValueError(
            f"logits {tuple(logits.shape)} and target {tuple(target.shape)} do not belong "
            "together; bring the logits to the size of the labels first"
        )
    n_classes = logits.shape[1]
    target = target.long()
    known = target != ignore_index
    index = torch.where(known, target, 0)
    if index.numel() and not 0 <= int(index.min()) <= int(index.max()) < n_classes:
        raise ValueError(
            f"the target holds class {int(index.min())} to {int(index.max())}, the logits have "
            f"classes 0 to {n_classes - 1}; unlabelled pixels carry {ignore_index}"
        )
    return known, index


def _generalised_dice(
    log_p: Tensor, at_label: Tensor, known: Tensor, index: Tensor, include_background: bool
) -> Tensor:
    p = log_p.exp() if bool(known.all()) else log_p.exp() * known.unsqueeze(1)
    n_classes = log_p.shape[1]
    first = 0 if include_background else 1
    overlap = _sum_by_class(torch.where(known, at_label.exp(), 0), index, n_classes)[:, first:]
    size = _sum_by_class(known.to(log_p.dtype), index, n_classes)[:, first:]
    predicted = p.sum((2, 3))[:, first:]
    smallest = torch.where(size > 0, size, torch.inf).amin(1, keepdim=True)
    weight = torch.where(size > 0, size, smallest) ** -2.0
    above = 2 * (weight * overlap).sum(1) + _SMOOTH
    below = (weight * (size + predicted)).sum(1) + _SMOOTH
    return 1 - above / below


def _sum_by_class(values: Tensor, index: Tensor, n_classes: int) -> Tensor:
    """Return the sums ``[n, class]`` of ``values[n, z, x]`` over the pixels of every class."""
    # Row by row first: short sums keep float32 exact enough and do not contend on a GPU.
    rows = values.new_zeros((*values.shape[:2], n_classes))
    return rows.scatter_add(2, index, values).sum(1)


def _at_label(log_p: Tensor, index: Tensor) -> Tensor:
    return log_p.gather(1, index.unsqueeze(1)).squeeze(1)


def _mean_over_labelled(per_sample: Tensor, known: Tensor) -> Tensor:
    has_labels = known.flatten(1).any(1)
    return torch.where(has_labels, per_sample, 0).sum() / has_labels.sum().clamp(min=1)
