"""Losses of masked pre-training: only pixels of masked patches count.

Each is a mean over a sample's masked pixels, then over the samples that have any; 0 when
nothing is masked.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from mirage_core.training.losses import UNLABELLED, at_least_float32, labelled_pixels

_VARIANCE_FLOOR = 1e-6


def masked_mse(
    prediction: Tensor,
    target: Tensor,
    mask: Tensor | None,
    *,
    patch: int,
    norm_pix: bool = False,
) -> Tensor:
    """Return the mean squared error over masked pixels.

    Parameters
    ----------
    prediction, target : float tensors ``[n, channel, z, x]``
    mask : tensor ``[n, token]`` or None
        Nonzero where the token of a patch was hidden from the encoder, tokens row by row.
        None: every pixel counts.
    patch : int
        Side of a patch in px.
    norm_pix : bool
        Compare with the target after every patch was brought to mean 0 and variance 1 (He et
        al., 2022).

    Raises
    ------
    ValueError
        If the shapes do not belong together.
    """
    if prediction.shape != target.shape:
        raise ValueError(
            f"prediction {tuple(prediction.shape)} and target {tuple(target.shape)} differ in shape"
        )
    if norm_pix:
        target = normalise_patches(target, patch)
    per_pixel = (at_least_float32(prediction) - target).square().mean(1)
    return _mean_over_masked(per_pixel, torch.ones_like(per_pixel), mask, patch)


def masked_cross_entropy(
    logits: Tensor,
    target: Tensor,
    mask: Tensor | None,
    *,
    patch: int,
    label_smoothing: float = 0.0,
    ignore_index: int = UNLABELLED,
) -> Tensor:
    """Return the cross-entropy over masked pixels that have a label.

    Parameters
    ----------
    logits : float tensor ``[n, class, z, x]``
    target : integer tensor ``[n, z, x]``
        Class indices, or `ignore_index`.
    mask : tensor ``[n, token]`` or None
        Nonzero where the token of a patch was hidden from the encoder, tokens row by row.
        None: every labelled pixel counts.
    patch : int
        Side of a patch in px.
    label_smoothing : float
        Share of the probability that is spread over all classes.
    ignore_index : int

    Raises
    ------
    ValueError
        If the shapes do not belong together or `target` holds an index that is no class.
    """
    known, index = labelled_pixels(logits, target, ignore_index)
    per_pixel = functional.cross_entropy(
        at_least_float32(logits), index, label_smoothing=label_smoothing, reduction="none"
    )
    return _mean_over_masked(per_pixel, known.to(per_pixel.dtype), mask, patch)


def normalise_patches(image: Tensor, patch: int) -> Tensor:
    """Return ``image[n, channel, z, x]`` with every patch at mean 0 and variance 1.

    Mean and (unbiased) variance are taken over all pixels and channels of a patch.
    """
    n, channels, height, width = image.shape
    rows, columns = _grid(height, width, patch)
    tiles = image.reshape(n, channels, rows, patch, columns, patch)
    over = (1, 3, 5)
    mean = tiles.mean(over, keepdim=True)
    variance = tiles.var(over, keepdim=True, unbiased=True)
    return ((tiles - mean) / (variance + _VARIANCE_FLOOR).sqrt()).reshape(image.shape)


def _mean_over_masked(per_pixel: Tensor, counts: Tensor, mask: Tensor | None, patch: int) -> Tensor:
    if mask is not None:
        counts = counts * _pixel_mask(mask, per_pixel, patch)
    n_counted = counts.flatten(1).sum(1)
    per_sample = (per_pixel * counts).flatten(1).sum(1) / n_counted.clamp(min=1)
    return per_sample.sum() / (n_counted > 0).sum().clamp(min=1)


def _pixel_mask(mask: Tensor, per_pixel: Tensor, patch: int) -> Tensor:
    """Return a mask of tokens as one of pixels ``[n, z, x]``, of the losses' type."""
    n, height, width = per_pixel.shape
    rows, columns = _grid(height, width, patch)
    if tuple(mask.shape) != (n, rows * columns):
        raise ValueError(
            f"a mask {tuple(mask.shape)} cannot belong to {n} pictures of {rows} x {columns} "
            f"patches of {patch} px"
        )
    tiles = (mask != 0).to(per_pixel.dtype).reshape(n, rows, 1, columns, 1)
    return tiles.expand(n, rows, patch, columns, patch).reshape(n, height, width)


def _grid(height: int, width: int, patch: int) -> tuple[int, int]:
    if height % patch or width % patch:
        raise ValueError(f"{height} x {width} px cannot be cut into patches of {patch} px")
    return height // patch, width // patch
