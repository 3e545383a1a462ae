"""Random changes of a sample that keep its domains registered."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mirage_core.training.pretrain.config import AugmentConfig

_EN_FACE = frozenset({"slo"})
"""Domains that share only the x axis with the B-scan."""


@dataclass(frozen=True)
class Change:
    """What is done to one sample.

    Attributes
    ----------
    flip : bool
        Mirrored along x.
    shifts : mapping of str to float
        Added to the grey values of an image.
    angle_deg, shear_deg : float
    translate : (float, float)
        Along x and z, as a share of width and height.
    scale : float
    """

    flip: bool = False
    shifts: Mapping[str, float] | None = None
    angle_deg: float = 0.0
    translate: tuple[float, float] = (0.0, 0.0)
    scale: float = 1.0
    shear_deg: float = 0.0

    @property
    def of_en_face(self) -> Change:
        """What of the geometry applies to an image that shares only the x axis."""
        return Change(translate=(self.translate[0], 0.0), scale=self.scale)


def draw_change(config: AugmentConfig, images: tuple[str, ...], rng: np.random.Generator) -> Change:
    """Draw a change; `images` are the domains with grey values, whether a sample has them or not.

    So the draws do not depend on what a sample lacks.
    """
    low, high = config.scale
    return Change(
        flip=bool(rng.random() < config.hflip),
        shifts={name: float(rng.normal(0.0, config.intensity_std)) for name in images},
        angle_deg=float(rng.uniform(-1, 1)) * config.rotation_deg,
        translate=(
            float(rng.uniform(-1, 1)) * config.translate,
            float(rng.uniform(-1, 1)) * config.translate,
        ),
        scale=float(rng.uniform(low, high)),
        shear_deg=float(rng.uniform(-1, 1)) * config.shear_deg,
    )


def apply_change(sample: Mapping[str, Tensor], change: Change) -> dict[str, Tensor]:
    """Return `sample` changed: mirrored, shifted in grey, then moved.

    Parameters
    ----------
    sample : mapping of str to tensor
        Images float ``[1, z, x]``, interpolated bilinearly; layer maps int64 ``[z, x]``, each
        pixel of which keeps a class it had. What comes in from outside is 0 in both.
    change : Change
    """
    out = {}
    for name, values in sample.items():
        x = values.flip(-1) if change.flip else values
        if x.is_floating_point() and change.shifts is not None:
            x = x + change.shifts[name]
        out[name] = _moved(x, change.of_en_face if name in _EN_FACE else change)
    return out


def _moved(image: Tensor, change: Change) -> Tensor:
    height, width = image.shape[-2:]
    theta = _inverse(change, height, width)[None].to(torch.float32)
    batch = image.reshape(1, 1, height, width).to(torch.float32)
    grid = functional.affine_grid(theta, [1, 1, height, width], align_corners=False)
    mode = "bilinear" if image.is_floating_point() else "nearest"
    moved = functional.grid_sample(batch, grid, mode, "zeros", align_corners=False)
    return moved.reshape(image.shape).to(image.dtype)


def _inverse(change: Change, height: int, width: int) -> Tensor:
    """Return where each place of the result comes from, ``[2, 3]`` in -1..1 of both axes.

    Forward, about the centre and in px: shear along x, scale, rotate, then translate.
    """
    angle, shear = math.radians(change.angle_deg), math.tan(math.radians(change.shear_deg))
    cos, sin = math.cos(angle), math.sin(angle)
    rotate = torch.tensor([[cos, -sin], [sin, cos]], dtype=torch.float64)
    forward = change.scale * rotate @ torch.tensor([[1.0, shear], [0.0, 1.0]], dtype=torch.float64)
    half = torch.diag(torch.tensor([width / 2, height / 2], dtype=torch.float64))
    back = torch.linalg.inv(half) @ torch.linalg.inv(forward) @ half
    offset = back @ (2 * torch.tensor(change.translate, dtype=torch.float64))
    return torch.cat([back, -offset[:, None]], dim=1)
