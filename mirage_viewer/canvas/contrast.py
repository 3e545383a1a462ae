"""Contrast: the 256-entry table between stored grey and shown grey."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
U32 = NDArray[np.uint32]


def grey_table(low: int, high: int, gamma: float = 1.0) -> U32:
    """Return the RGB32 value ``0xffRRGGBB`` of each of 256 grey levels.

    Grey `low` and below is black, `high` and above white; between them ``t ** gamma``, so a
    gamma under 1 brightens.
    """
    span = max(high - low, 1)
    t = np.clip((np.arange(256) - low) / span, 0.0, 1.0) ** gamma
    level = np.rint(255 * t).astype(np.uint32)
    return np.uint32(0xFF000000) | level * np.uint32(0x010101)


def possible_levels(low: int, high: int) -> tuple[int, int]:
    """Return the grey levels nearest to `low` and `high` that can be shown black and white."""
    low = min(max(int(low), 0), 254)
    return low, min(max(int(high), low + 1), 255)


def auto_levels(image: U8, low_percent: float = 1.0, high_percent: float = 99.7) -> tuple[int, int]:
    """Return grey levels that spread `image` (any shape) well.

    Pure white is registration padding and burned-in graphics, pure black what lies outside the
    scan; neither counts.
    """
    counts = np.bincount(image.ravel(), minlength=256)
    counts[0] = counts[255] = 0
    total = counts.sum()
    if total == 0:
        return 0, 255
    share = np.cumsum(counts) * (100.0 / total)
    low = int(np.searchsorted(share, low_percent))
    high = int(np.searchsorted(share, high_percent))
    return (low, high) if high - low >= 8 else (max(0, low - 8), min(255, high + 8))
