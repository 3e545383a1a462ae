"""Pixel sources: where a scan's B-scans come from, read one at a time."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]


@runtime_checkable
class PixelSource(Protocol):
    """B-scans of one scan, read on demand. Sources are picklable and safe to read from threads.

    A source that reads a file holds its path and opens it anew after unpickling.
    """

    @property
    def shape(self) -> tuple[int, int, int]:
        """``(b, z, x)``."""
        ...

    def display(self, b: int) -> U8:
        """Return B-scan `b` as 8-bit grey, axes ``[z, x]``, the way it is shown and segmented."""
        ...

    def raw(self, b: int) -> NDArray[np.generic]:
        """Return B-scan `b` as stored, axes ``[z, x]``; invalid pixels of floats are NaN."""
        ...


class ArrayPixels:
    """A volume held in memory (or in a numpy memory map), axes ``[b, z, x]``.

    Parameters
    ----------
    volume : array ``[b, z, x]``
        uint8 is shown as it is. Other types are scaled to 8 bit by ``low`` and ``high``.
    low, high : float, optional
        Values shown as black and white; by default the volume's minimum and maximum, taken
        once for the whole volume so that B-scans stay comparable.
    """

    def __init__(
        self, volume: NDArray[np.generic], low: float | None = None, high: float | None = None
    ) -> None:
        if volume.ndim != 3 or 0 in volume.shape:
            raise ValueError(f"a volume must be a non-empty [b, z, x] array, not {volume.shape}")
        self._volume = volume
        self._low = low
        self._high = high
        if volume.dtype != np.uint8 and (low is None or high is None):
            finite = volume[np.isfinite(volume)] if volume.dtype.kind == "f" else volume
            self._low = float(finite.min()) if finite.size else 0.0
            self._high = float(finite.max()) if finite.size else 1.0

    @property
    def shape(self) -> tuple[int, int, int]:
        """``(b, z, x)``."""
        b, z, x = self._volume.shape
        return b, z, x

    def raw(self, b: int) -> NDArray[np.generic]:
        """Return B-scan `b` as stored, axes ``[z, x]``."""
        return np.asarray(self._volume[b])

    def display(self, b: int) -> U8:
        """Return B-scan `b` as 8-bit grey, axes ``[z, x]``."""
        image = self.raw(b)
        if image.dtype == np.uint8:
            return np.ascontiguousarray(image)
        return to_display(image, self._low or 0.0, self._high if self._high is not None else 1.0)


def to_display(image: NDArray[np.generic], low: float, high: float) -> U8:
    """Scale `image` linearly so that `low` is 0 and `high` 255; NaN and infinities become 0."""
    span = max(float(high) - float(low), 1e-12)
    scaled = (image.astype(np.float32) - low) * np.float32(255.0 / span)
    scaled = np.nan_to_num(scaled, nan=0.0, posinf=0.0, neginf=0.0)
    out: U8 = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    return out
