"""From a network's grid back to the scan's: measurements are never taken in network pixels.

Both grids cover the same field, so pixel centres map as ``(i + 0.5) * scale - 0.5``.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor


def to_original(values: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize probabilities or logits bilinearly between pixel centres.

    Parameters
    ----------
    values : float tensor ``[n, k, h, w]``
        On the network's grid, or the coarser one of a head.
    size : (int, int)
        Height (z) and width (x) of the original B-scans in px.

    Returns
    -------
    float tensor ``[n, k, z, x]``
        Same device and type. Rows of probabilities still sum to 1.

    Raises
    ------
    ValueError
        If `values` holds whole numbers: labels must not be blended.
    """
    if values.ndim != 4 or not values.is_floating_point():
        raise ValueError(
            f"expected floating point [n, k, h, w], got {values.dtype} {tuple(values.shape)}; "
            "labels go through labels_to_original"
        )
    if values.shape[-2:] == size:
        return values
    return F.interpolate(values, size, mode="bilinear", align_corners=False)


def labels_to_original(labels: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize labels; each px takes the one at its own centre ("nearest-exact").

    Parameters
    ----------
    labels : tensor of any type ``[..., h, w]``
    size : (int, int)
        Height (z) and width (x) of the original B-scans in px.

    Returns
    -------
    tensor ``[..., z, x]``
        Same device and type.
    """
    rows, columns = (
        torch.div(
            (2 * torch.arange(want, device=labels.device) + 1) * have,
            2 * want,
            rounding_mode="floor",
        )
        for have, want in zip(labels.shape[-2:], size, strict=True)
    )
    return labels[..., rows[:, None], columns]
