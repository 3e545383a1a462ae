"""Learning rates as plain functions of the step or the epoch, one per use.

They say what an optimiser's base rate is; layer-wise scales come on top
(:func:`mirage_core.training.layer_decay.set_learning_rate`).
"""

from __future__ import annotations

import math


def segmentation_lr(
    step: int, *, steps: int, warmup_steps: int, lr: float = 1e-4, final_lr: float = 0.0
) -> float:
    """Return the rate of optimiser step `step` when training to segment.

    From 0 straight up to `lr`, which both the last step of warm-up and the first one after it
    have, then half a cosine towards `final_lr`, reached just after the last step.

    Parameters
    ----------
    step : int
        From 0.
    steps : int
        Steps of the whole training. The published one takes 200 epochs.
    warmup_steps : int
        How many of them warm up. The published training takes those of one epoch.
    lr, final_lr : float

    Raises
    ------
    ValueError
        If `step` is not one of the `steps`, or these do not outlast warm-up.
    """
    return _warmed_half_cosine(step, steps, warmup_steps, lr, final_lr)


def pretraining_lr(
    step: int,
    *,
    steps: int,
    warmup_steps: int,
    batch_size: int,
    lr: float = 1e-4,
    final_lr: float = 0.0,
) -> float:
    """Return the rate of optimiser step `step` of masked pre-training.

    As :func:`segmentation_lr`, to a peak in proportion to the batch: `lr` is for 256 samples.
    The published pre-training takes 1,600 epochs, 40 of them warm-up.

    Parameters
    ----------
    step : int
        From 0.
    steps, warmup_steps : int
        Steps of the whole pre-training, and how many of them warm up.
    batch_size : int
        Samples of a step, over all devices.
    lr, final_lr : float

    Raises
    ------
    ValueError
        If `step` is not one of the `steps`, or these do not outlast warm-up.
    """
    return _warmed_half_cosine(step, steps, warmup_steps, lr * batch_size / 256, final_lr)


def classification_lr(
    epoch: float,
    *,
    lr: float,
    epochs: int = 1000,
    warmup_epochs: float = 10,
    min_lr: float = 1e-8,
) -> float:
    """Return the rate at `epoch`, a whole one and a fraction, when training to classify.

    Straight up from 0 to `lr` at `warmup_epochs`, then half a cosine to `min_lr` at `epochs`.

    Parameters
    ----------
    epoch : float
        From 0: step over steps per epoch, so that every step has its own rate.
    lr : float
        Peak. The published one is 1e-3 for a linear probe and 1e-5 for a whole model.
    epochs, warmup_epochs : int, float
    min_lr : float

    Raises
    ------
    ValueError
        If `epoch` is not within the `epochs`, or these do not outlast warm-up.
    """
    if not warmup_epochs < epochs or not 0 <= epoch <= epochs:
        raise ValueError(f"epoch {epoch} of {epochs}, {warmup_epochs} of them warm-up")
    if epoch < warmup_epochs:
        return lr * epoch / warmup_epochs
    return _half_cosine((epoch - warmup_epochs) / (epochs - warmup_epochs), lr, min_lr)


def _warmed_half_cosine(step: int, steps: int, warmup_steps: int, lr: float, final: float) -> float:
    if not 0 <= warmup_steps < steps or not 0 <= step < steps:
        raise ValueError(f"step {step} of {steps}, {warmup_steps} of them warm-up")
    if step < warmup_steps:
        return lr * step / max(warmup_steps - 1, 1)
    return _half_cosine((step - warmup_steps) / (steps - warmup_steps), lr, final)


def _half_cosine(progress: float, lr: float, final: float) -> float:
    return final + (lr - final) * 0.5 * (1 + math.cos(math.pi * progress))
