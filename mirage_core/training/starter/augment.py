"""Augmentation of samples, the same for the image and for what is known of it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from mirage_core.training.starter.samples import SIDE


@dataclass(frozen=True, eq=False)
class Batch:
    """Samples as the network is given them.

    Attributes
    ----------
    images : float tensor ``(B, 1, SIDE, SIDE)``, 0..1
    surfaces : float tensor ``(B, S, SIDE)``
        Px from the top; NaN where not known.
    lesions : int64 tensor ``(B, SIDE, SIDE)``
    known : bool tensor ``(B, L + 1)``
    """

    images: Tensor
    surfaces: Tensor
    lesions: Tensor
    known: Tensor


def uniform(n: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    """Return `n` numbers between `low` and `high`."""
    return low + (high - low) * torch.rand(n, generator=generator)


def augmented(batch: Batch, generator: torch.Generator) -> Batch:
    """Return `batch` moved, stretched, mirrored, and in another light."""
    moved = _geometry(batch, generator)
    return Batch(_light(moved.images, generator), moved.surfaces, moved.lesions, moved.known)


def _geometry(batch: Batch, g: torch.Generator) -> Batch:
    """Stretch along each axis, shift, tilt and mirror: rows go to ``a z + b + tilt x``."""
    n = len(batch.images)
    down = torch.exp(uniform(n, -0.3, 0.35, g))
    along = torch.exp(uniform(n, -0.35, 0.35, g))
    shift_x = uniform(n, -0.12, 0.12, g) * SIDE
    tilt = uniform(n, -0.14, 0.14, g) * (torch.rand(n, generator=g) < 0.6)
    mirror = torch.where(torch.rand(n, generator=g) < 0.5, -1.0, 1.0)
    middle = (SIDE - 1) / 2
    centre = batch.surfaces.nanmean(dim=(1, 2)).nan_to_num(SIDE / 2)
    # The retina ends up somewhere in the image, at times cut off at its border.
    target = uniform(n, 0.28, 0.72, g) * SIDE
    x = torch.arange(SIDE) - middle
    source_x = middle + (x[None] + shift_x[:, None]) / along[:, None] * mirror[:, None]
    sheer = tilt[:, None] * x[None]
    z = torch.arange(SIDE, dtype=torch.float32)
    source_z = (z[None, :, None] - target[:, None, None] - sheer[:, None]) / down[
        :, None, None
    ] + centre[:, None, None]
    grid = torch.stack(
        [
            ((2 * source_x + 1) / SIDE - 1)[:, None].expand(n, SIDE, SIDE),
            (2 * source_z + 1) / SIDE - 1,
        ],
        dim=-1,
    )
    images = functional.grid_sample(batch.images, grid, align_corners=False)
    lesions = functional.grid_sample(
        batch.lesions[:, None].float(), grid, mode="nearest", align_corners=False
    )
    at = source_x.round().clamp(0, SIDE - 1).long()
    inside = (source_x >= 0) & (source_x <= SIDE - 1)
    surfaces = torch.gather(batch.surfaces, 2, at[:, None].expand(-1, batch.surfaces.shape[1], -1))
    # Edges are distances from the top, pixel centres half a px more.
    moved = (surfaces - 0.5 - centre[:, None, None]) * down[:, None, None]
    moved = moved + (target[:, None] + sheer)[:, None] + 0.5
    moved = torch.where(inside[:, None], moved, torch.nan)
    return Batch(images, moved, lesions[:, 0].long(), batch.known)


def _light(images: Tensor, g: torch.Generator) -> Tensor:
    n = len(images)

    def each(low: float, high: float, share: float = 1.0) -> Tensor:
        drawn = uniform(n, low, high, g) * (torch.rand(n, generator=g) < share)
        return drawn[:, None, None, None]

    x = images.clamp(0, 1) ** torch.exp(each(-0.5, 0.5))
    x = x * (1 + each(-0.3, 0.3)) + each(-0.1, 0.15)
    if torch.rand((), generator=g) < 0.4:
        weight = torch.tensor([1.0, 2.0, 1.0]) / 4
        kernel = torch.outer(weight, weight)[None, None]
        soft = functional.conv2d(functional.pad(x, (1, 1, 1, 1), mode="replicate"), kernel)
        x = torch.lerp(x, soft, each(0.0, 1.5))
    x = x + _shadows(n, g) * x
    grain = torch.randn(x.shape, generator=g)
    if torch.rand((), generator=g) < 0.5:
        grain = functional.avg_pool2d(grain, 3, stride=1, padding=1) * 2.0
    x = x * (1 + grain * each(0.0, 0.25, 0.7)) + torch.randn(x.shape, generator=g) * each(
        0.0, 0.1, 0.7
    )
    low, high = x.amin(dim=(2, 3), keepdim=True), x.amax(dim=(2, 3), keepdim=True)
    full = torch.quantile(x.flatten(1)[:, ::37], 0.998, dim=1)[:, None, None, None]
    top = torch.where(torch.rand(n, 1, 1, 1, generator=g) < 0.5, full, high)
    return ((x - low.clamp(min=-0.1)) / (top - low.clamp(min=-0.1)).clamp(min=0.05)).clamp(0, 1)


def _shadows(n: int, g: torch.Generator) -> Tensor:
    """Return what columns lose to shadows ``(n, 1, 1, SIDE)``, 0 or less."""
    x = torch.arange(SIDE, dtype=torch.float32)
    loss = torch.zeros(n, SIDE)
    for _ in range(4):
        at, half = uniform(n, 0, SIDE, g), torch.exp(uniform(n, 1.0, 4.0, g))
        depth = uniform(n, 0.1, 0.75, g) * (torch.rand(n, generator=g) < 0.4)
        loss -= depth[:, None] * torch.exp(-(((x[None] - at[:, None]) / half[:, None]) ** 4))
    return loss.clamp(min=-0.9)[:, None, None]
