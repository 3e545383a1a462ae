"""By how much one small image is displaced against another, to a fraction of a pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]

_ALIKE = 0.25
"""Correlation of the best displacement, at least."""
_BETTER = 0.02
"""By how much it must be better than none."""


def local_shift(first: F32, second: F32, reach_px: tuple[int, int]) -> tuple[float, float]:
    """Return how much further down and right `second` shows what `first` shows.

    The displacement with the highest correlation within reach, its fraction from a parabola
    through the values beside it. Pixels near the border count less. None, that is ``(0, 0)``,
    where the two are hardly alike or hardly more alike than without: the image does not say.

    Parameters
    ----------
    first, second : float32 array ``[z, x]``
        Of one size; grey with its noise taken out.
    reach_px : (int, int)
        How far down or up, and right or left, is looked.

    Returns
    -------
    (float, float)
        Rows and columns, px.
    """
    height, width = first.shape
    window = np.sqrt(np.outer(np.hanning(height + 2)[1:-1], np.hanning(width + 2)[1:-1]))
    a, b = ((image - image.mean()) * window for image in (first, second))
    size = float(np.sqrt((a**2).sum() * (b**2).sum()))
    if size < 1e-6:
        return 0.0, 0.0
    # Twice the size, so that nothing wraps around.
    whole = (2 * height, 2 * width)
    product = np.conj(np.fft.rfft2(a, whole)) * np.fft.rfft2(b, whole)
    alike = np.fft.irfft2(product, whole) / size
    reach_z, reach_x = min(reach_px[0], height - 1), min(reach_px[1], width - 1)
    near = alike[np.ix_(range(-reach_z, reach_z + 1), range(-reach_x, reach_x + 1))]
    z, x = (int(i) for i in np.unravel_index(int(near.argmax()), near.shape))
    if near[z, x] < _ALIKE or near[z, x] - near[reach_z, reach_x] < _BETTER:
        return 0.0, 0.0
    return _top(near[:, x], z) - reach_z, _top(near[z], x) - reach_x


def _top(values: NDArray[np.float64], at: int) -> float:
    """Return where the parabola through a peak and the values beside it is highest."""
    if not 0 < at < len(values) - 1:
        return float(at)
    before, here, after = values[at - 1 : at + 2]
    bend = before - 2 * here + after
    return at + float((before - after) / (2 * bend)) if bend < 0 else float(at)
