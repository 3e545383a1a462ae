"""Strong changes of a B-scan for few-shot teaching, the same for picture, surfaces and labels."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from mirage_core.training.finetune.labelled import UNLABELLED

_STRETCH_DOWN, _STRETCH_ALONG = (-0.12, 0.15), (-0.2, 0.2)
_SHIFT_DOWN, _SHIFT_ALONG = 0.12, 0.12
"""Shares of the square, to either side."""
_TILT = 0.08
_GAMMA, _GAIN, _OFFSET = 0.35, 0.2, 0.06
_GRAIN, _NOISE = 0.15, 0.05
_SHADOWS, _SHADOW_DEPTH = 3, (0.1, 0.7)
_BLURRED = 0.3


class Changed(NamedTuple):
    """Picture ``(1, 1, Z, X)``, curves and how sure they are ``(s, X)``, maps ``(m, Z, X)``."""

    image: Tensor
    curves: Tensor
    sure: Tensor
    maps: Tensor


def strongly_changed(
    image: Tensor, curves: Tensor, sure: Tensor, maps: Tensor, g: torch.Generator
) -> Changed:
    """Return a B-scan moved and in another light, drawn from `g`.

    Parameters
    ----------
    image : float tensor ``(1, 1, Z, X)``, 0..1
    curves : float tensor ``(s, X)``
        Px from the top; NaN where not known.
    sure : float tensor ``(s, X)``
    maps : uint8 tensor ``(m, Z, X)``
        What comes in from outside is UNLABELLED.
    g : torch.Generator
    """
    moved = _moved(image, curves, sure, maps, g)
    return moved._replace(image=_in_another_light(moved.image, g))


def _between(low: float, high: float, g: torch.Generator) -> float:
    return low + (high - low) * float(torch.rand((), generator=g))


def _moved(
    image: Tensor, curves: Tensor, sure: Tensor, maps: Tensor, g: torch.Generator
) -> Changed:
    """Stretch along both axes, shift, tilt, mirror: row z comes from an affine of z and x."""
    height, width = image.shape[2:]
    down = torch.tensor(_between(*_STRETCH_DOWN, g)).exp().item()
    along = torch.tensor(_between(*_STRETCH_ALONG, g)).exp().item()
    shift_z = _between(-_SHIFT_DOWN, _SHIFT_DOWN, g) * height
    shift_x = _between(-_SHIFT_ALONG, _SHIFT_ALONG, g) * width
    tilt = _between(-_TILT, _TILT, g)
    mirror = 1.0 if torch.rand((), generator=g) < 0.5 else -1.0
    middle_z, middle_x = (height - 1) / 2, (width - 1) / 2
    x = torch.arange(width) - middle_x
    source_x = middle_x + (x - shift_x) / along * mirror
    lowered = shift_z + tilt * x
    z = torch.arange(height) - middle_z
    source_z = (z[:, None] - lowered) / down + middle_z
    grid = torch.stack(
        [
            ((2 * source_x + 1) / width - 1).expand(height, width),
            (2 * source_z + 1) / height - 1,
        ],
        dim=-1,
    )[None]
    picture = functional.grid_sample(image, grid, align_corners=False)
    # One more, so that 0 is what comes in from outside.
    shown = functional.grid_sample(
        maps[None].float() + 1, grid, mode="nearest", align_corners=False
    )[0]
    outside = shown == 0
    labels = torch.where(outside, float(UNLABELLED), shown - 1).to(torch.uint8)
    at = source_x.round().clamp(0, width - 1).long()
    inside = (source_x >= 0) & (source_x <= width - 1)
    # Surfaces are distances from the top edge, pixel centres half a px more.
    taken = (curves[:, at] - 0.5 - middle_z) * down + middle_z + lowered + 0.5
    taken = torch.where(inside, taken, torch.nan)
    return Changed(picture, taken, sure[:, at] * inside, labels)


def _in_another_light(image: Tensor, g: torch.Generator) -> Tensor:
    gamma = torch.tensor(_between(-_GAMMA, _GAMMA, g)).exp().item()
    x = image.clamp(0, 1) ** gamma
    x = x * (1 + _between(-_GAIN, _GAIN, g)) + _between(-_OFFSET, _OFFSET, g)
    if torch.rand((), generator=g) < _BLURRED:
        weight = torch.tensor([1.0, 2.0, 1.0]) / 4
        padded = functional.pad(x, (1, 1, 1, 1), mode="replicate")
        x = functional.conv2d(padded, torch.outer(weight, weight)[None, None])
    x = x * (1 - _shadow(x.shape[3], g))
    grain = torch.randn(x.shape, generator=g)
    noise = torch.randn(x.shape, generator=g)
    x = x * (1 + grain * _between(0, _GRAIN, g)) + noise * _between(0, _NOISE, g)
    return x.clamp(0, 1)


def _shadow(width: int, g: torch.Generator) -> Tensor:
    """Return what columns lose to shadows of vessels, ``(X,)``, 0..1."""
    x = torch.arange(width)
    loss = torch.zeros(width)
    for _ in range(int(torch.randint(_SHADOWS + 1, (), generator=g))):
        middle = _between(0, width, g)
        half = width / 512 * torch.tensor(_between(1.0, 3.5, g)).exp().item()
        depth = _between(*_SHADOW_DEPTH, g)
        loss += depth * torch.exp(-(((x - middle) / half) ** 4))
    return loss.clamp(max=0.9)
