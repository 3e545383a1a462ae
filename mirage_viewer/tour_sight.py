"""What the tour sees on a B-scan: where it is off, and how a pocket is outlined."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def worst_span(error: NDArray[np.floating], width: int) -> tuple[int, int]:
    """Return B-scan and first column of the `width` columns with the largest mean error."""
    filled = np.nan_to_num(error, nan=0.0)
    sums = np.cumsum(np.pad(filled, ((0, 0), (1, 0))), axis=1)
    means = (sums[:, width:] - sums[:, :-width]) / width
    b, x = np.unravel_index(int(means.argmax()), means.shape)
    return int(b), int(x)


def outline(mask: NDArray[np.bool_]) -> list[tuple[float, float]]:
    """Return places ``(z, x)`` around the largest region of `mask` ``[z, x]``."""
    from skimage.measure import find_contours

    contours = find_contours(np.pad(mask, 1).astype(float), 0.5)
    longest = max(contours, key=len) - 1.0
    step = max(1, len(longest) // 80)
    return [(float(z), float(x)) for z, x in longest[::step]]


def overlap(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """Return the Dice coefficient of two masks, 1 if both are empty."""
    total = int(a.sum() + b.sum())
    return 2.0 * int((a & b).sum()) / total if total else 1.0
