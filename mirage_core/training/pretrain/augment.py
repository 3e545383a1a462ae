"""Random changes of a sample that keep its domains registered."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mirage_core.training.pretrain.config import AugmentConfig

_STREAM = 1
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
    shifts: Mapping[str, float] = field(default_factory=dict)
    angle_deg: float = 0.0
    translate: tuple[float, float] = (0.0, 0.0)
    scale: float = 1.0
    shear_deg: float = 0.0

    @property
    def of_en_face(self) -> Change:
        """What of the geometry applies to an image that shares only the x axis."""
        return Change(flip=self.flip, translate=(self.translate[0], 0.0), scale=self.scale)


def draw_change(
    config: AugmentConfig, images: Sequence[str], seed: int, epoch: int, sample: int
) -> Change:
    """Draw the change of a sample in an epoch.

    Parameters
    ----------
    config : AugmentConfig
    images : sequence of str
        The domains with grey values, whether a sample has them or not: so the draws do not
        depend on what it lacks.
    seed, epoch, sample : int
        What the draws follow from, and nothing else.
    """
    rng = np.random.default_rng((seed, _STREAM, epoch, sample))
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


def apply_changes(batch: Mapping[str, Tensor], changes: Sequence[Change]) -> dict[str, Tensor]:
    """Return `batch` changed: mirrored, shifted in grey, then moved; on the device it lies on.

    Parameters
    ----------
    batch : mapping of str to tensor
        Images float ``[n, 1, z, x]``, interpolated bilinearly; layer maps int64 ``[n, z, x]``,
        each pixel of which keeps a class it had. What comes in from outside is 0 in both.
    changes : sequence of Change
        One per sample.
    """
    out = {}
    for name, values in batch.items():
        x = values
        if x.is_floating_point():
            shifts = [c.shifts.get(name, 0.0) for c in changes]
            x = x + torch.tensor(shifts, dtype=x.dtype, device=x.device)[:, None, None, None]
        effective = [c.of_en_face for c in changes] if name in _EN_FACE else changes
        out[name] = _moved(x, effective)
    return out


def _moved(images: Tensor, changes: Sequence[Change]) -> Tensor:
    height, width = images.shape[-2:]
    theta = torch.stack([_inverse(c, height, width) for c in changes])
    theta = theta.to(images.device, torch.float32)
    grid = functional.affine_grid(theta, [len(changes), 1, height, width], align_corners=False)
    mode = "bilinear" if images.is_floating_point() else "nearest"
    flat = images.reshape(len(changes), 1, height, width).to(torch.float32)
    moved = functional.grid_sample(flat, grid, mode, "zeros", align_corners=False)
    return moved.reshape(images.shape).to(images.dtype)


def _inverse(change: Change, height: int, width: int) -> Tensor:
    """Return where each place of the result comes from, ``[2, 3]`` in -1..1 of both axes.

    Forward, about the centre and in px: mirror, shear along x, scale, rotate, then translate.
    """
    angle, shear = math.radians(change.angle_deg), math.tan(math.radians(change.shear_deg))
    cos, sin = math.cos(angle), math.sin(angle)
    sheared = np.array([[1.0, shear], [0.0, 1.0]]) @ np.diag([-1.0 if change.flip else 1.0, 1.0])
    forward = change.scale * np.array([[cos, -sin], [sin, cos]]) @ sheared
    half = np.diag([width / 2, height / 2])
    back = np.linalg.inv(half) @ np.linalg.inv(forward) @ half
    offset = -back @ (2 * np.array(change.translate))
    return torch.from_numpy(np.column_stack([back, offset]))
