"""Logits on a band of a head's grid, and the classes of an image's pixels from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mirage_core.model.inference.region import Region

SURE = 20.0
"""Logit of a class taken for granted; that of the others is its negative."""
_ROWS = 64  # pixel rows at a time: their logits of one class stay in the cache


@dataclass(frozen=True, eq=False)
class BandLogits:
    """Logits on consecutive rows of a head's grid.

    Attributes
    ----------
    values : float tensor ``(B, K, h, w)``
    first_row : int
        Where they begin on the grid.
    grid_height : int
        Rows of the whole grid.
    """

    values: Tensor
    first_row: int
    grid_height: int

    @property
    def rows(self) -> slice:
        """The rows of the grid that are there."""
        return slice(self.first_row, self.first_row + self.values.shape[2])

    def whole(self, background: tuple[int, int]) -> Tensor:
        """Return logits on the whole grid ``(B, K, grid_height, w)``.

        Parameters
        ----------
        background : (int, int)
            Classes taken for granted above and below the band.
        """
        n, k, _, w = self.values.shape
        region = Region.of_rows(self.rows, (self.grid_height, w))
        rest = taken_for_granted(k, region, background, self.values.device)
        full = rest.to(self.values.dtype).expand(n, -1, -1, -1).clone()
        full[:, :, self.rows] = self.values
        return full


def taken_for_granted(
    n_classes: int, region: Region, background: tuple[int, int], device: torch.device
) -> Tensor:
    """Return logits ``(K, *grid)`` sure of one class above the middle of `region`, one below."""
    middle = (region.top + region.bottom) // 2
    below = torch.from_numpy(np.arange(region.height)[:, None] >= middle).to(device)
    classes = torch.where(below, background[1], background[0])
    chosen = classes == torch.arange(n_classes, device=device)[:, None, None]
    return torch.where(chosen, SURE, -SURE)


def class_map(band: BandLogits, size: tuple[int, int], fill: tuple[int, int]) -> Tensor:
    """Return the likeliest class of every pixel without the resized logits of all classes.

    Parameters
    ----------
    band : BandLogits
    size : (int, int)
        Height and width of the image in px, whose rows the whole grid covers.
    fill : (int, int)
        Classes of the pixels above and below the band: those whose bilinear resizing would look
        at a row of the grid that is not there.

    Returns
    -------
    uint8 tensor ``(B, H, W)``
        Inside the band the argmax of the bilinearly resized logits, as of the whole grid.
    """
    height, width = size
    values, rows = band.values.float(), band.rows
    upper, weight = _neighbours(band.grid_height, height, values.device)
    lower = (upper + 1).clamp(max=band.grid_height - 1)
    inside = ((upper >= rows.start) & (lower < rows.stop)).nonzero()[:, 0]
    first, last = int(inside[0]), int(inside[-1]) + 1
    classes = values.new_empty((len(values), height, width), dtype=torch.uint8)
    classes[:, :first] = fill[0]
    classes[:, last:] = fill[1]
    for at in range(first, last, _ROWS):
        part = slice(at, min(at + _ROWS, last))
        above, below = upper[part] - rows.start, lower[part] - rows.start
        blended = torch.lerp(values[:, :, above], values[:, :, below], weight[part, None])
        classes[:, part] = _likeliest(blended, width)
    return classes


def _likeliest(rows: Tensor, width: int) -> Tensor:
    """Return the likeliest class ``(B, h, width)`` of ``(B, K, h, w)``; of equals the first."""
    n_classes, height = rows.shape[1], rows.shape[2]

    def resized(k: int) -> Tensor:
        one = rows[:, k : k + 1]
        wide = functional.interpolate(one, (height, width), mode="bilinear", align_corners=False)
        return wide[:, 0]

    best = resized(0)
    classes = torch.zeros_like(best, dtype=torch.uint8)
    for k in range(1, n_classes):
        challenger = resized(k)
        classes.masked_fill_(challenger > best, k)
        torch.maximum(best, challenger, out=best)
    return classes


def _neighbours(have: int, want: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return for each pixel wanted the row before its centre, and the weight of the next one."""
    centre = (torch.arange(want, device=device) + 0.5) * (have / want) - 0.5
    centre = centre.clamp(min=0)
    before = centre.long().clamp(max=have - 1)
    return before, centre - before
