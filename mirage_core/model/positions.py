"""Tables of positions: two-dimensional sines and cosines, and their resizing."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def sincos_table(dim: int, grid: tuple[int, int]) -> Tensor:
    """Return the table of positions a model starts with, float32 ``(1, dim, gh, gw)``.

    With ``q = dim / 4`` and ``omega_j = 10000 ** (-j / q)`` the channels are the sines and
    cosines of ``u * omega`` and those of ``v * omega``. As published, ``u`` and ``v`` are quotient
    and remainder of the flat index by the *height* of the grid: rows and columns of a square
    grid; on others the table is scrambled, and checkpoints hold it so.

    Raises
    ------
    ValueError
        If `dim` is not a multiple of 4.
    """
    if dim % 4:
        raise ValueError(f"a table of positions needs a width that 4 divides, not {dim}")
    quarter = dim // 4
    omega = 10000.0 ** (-torch.arange(quarter, dtype=torch.float64) / quarter)
    flat = torch.arange(grid[0] * grid[1])
    u = (flat // grid[0]).to(torch.float64)[:, None] * omega
    v = (flat % grid[0]).to(torch.float64)[:, None] * omega
    table = torch.cat([u.sin(), u.cos(), v.sin(), v.cos()], dim=1)
    return table.T.reshape(1, dim, *grid).float()


def resize_table(table: Tensor, grid: tuple[int, int], mode: str) -> Tensor:
    """Return `table` ``(1, d, gh, gw)`` resized to `grid`; `mode` is ``bicubic`` or ``bilinear``.

    Pixel centres are aligned the way images are resized (no aligned corners, no antialias).
    """
    if tuple(table.shape[2:]) == tuple(grid):
        return table
    return functional.interpolate(table, size=grid, mode=mode, align_corners=False)
