"""From a band of a head's logits to probabilities on the B-scan's own grid."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def rows_within(first: int, n_rows: int, grid_height: int, height: int) -> slice:
    """Return the rows of a B-scan of `height` whose logits a band of the head's grid settles.

    Parameters
    ----------
    first, n_rows : int
        The band, in rows of the head's grid.
    grid_height : int
        Rows of the whole grid.
    height : int
    """
    scale = grid_height / height
    centers = (torch.arange(height, dtype=torch.float64) + 0.5) * scale - 0.5
    centers = centers.clamp(0, grid_height - 1)
    known = (centers >= first) & (centers <= first + n_rows - 1)
    rows = torch.nonzero(known).flatten()
    if len(rows) == 0:
        return slice(0, 0)
    return slice(int(rows[0]), int(rows[-1]) + 1)


def band_to_original(
    logits: Tensor, first: int, grid_height: int, size: tuple[int, int]
) -> tuple[Tensor, slice]:
    """Resize a band of logits bilinearly to a B-scan's grid (pixel centres, no aligned corners).

    Parameters
    ----------
    logits : float tensor ``(n, k, h, w)``
        Rows ``first .. first + h - 1`` of a grid of `grid_height` rows.
    first, grid_height : int
    size : (int, int)
        Height and width of the B-scans.

    Returns
    -------
    float tensor ``(n, k, rows, x)``
    slice
        The B-scan's rows these are; exactly what resizing the whole grid gives there.
    """
    height, width = size
    n_rows = logits.shape[2]
    rows = rows_within(first, n_rows, grid_height, height)
    wide = functional.interpolate(
        logits, size=(n_rows, width), mode="bilinear", align_corners=False
    )
    place = torch.arange(rows.start, rows.stop, dtype=torch.float64, device=logits.device)
    place = ((place + 0.5) * (grid_height / height) - 0.5).clamp(0, grid_height - 1) - first
    above = place.floor().long().clamp(0, n_rows - 1)
    below = (above + 1).clamp(max=n_rows - 1)
    weight = (place - above).to(logits.dtype)[:, None]
    return torch.lerp(wide[:, :, above], wide[:, :, below], weight), rows
