"""Circle scans: the last A-scan lies next to the first."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mirage_core.scan import ScanPattern

U8 = NDArray[np.uint8]
T = TypeVar("T", bound=np.generic)

_EDGE_PX = 6
_ALIKE = 0.9


def wrap_margin(b_scans: U8, pattern: ScanPattern) -> int:
    """Return how many A-scans to carry around each end of a circle scan, 0 for other scans.

    A single B-scan of unknown pattern counts as a circle when the depth profiles at its two ends
    are alike: then continuing it into its other end is right for a circle and harmless for a
    level line.
    """
    n, _, width = b_scans.shape
    if pattern is ScanPattern.CIRCLE:
        return int(width // 16)
    if pattern is not ScanPattern.UNKNOWN or n != 1 or width < 16 * _EDGE_PX:
        return 0
    left = b_scans[0, :, :_EDGE_PX].mean(axis=1)
    right = b_scans[0, :, -_EDGE_PX:].mean(axis=1)
    if left.std() == 0 or right.std() == 0:
        return 0
    alike = float(np.corrcoef(left, right)[0, 1]) > _ALIKE
    return width // 16 if alike else 0


def unwrap(array: NDArray[T], margin: int) -> NDArray[T]:
    """Return `array` ``[..., x]`` without the A-scans carried around its ends."""
    return array if margin == 0 else np.ascontiguousarray(array[..., margin:-margin])
