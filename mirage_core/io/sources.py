"""Pixel sources that read a file one B-scan at a time and raise only ReadError."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mirage_core.io.errors import ReadError, cut_short, kind_of, only_read_errors
from mirage_core.scan import to_display

U8 = NDArray[np.uint8]

# Largest B-scan and volume taken from a header; anything above is a damaged header.
MAX_B_SCAN_PX = 2**26
MAX_VOLUME_BYTES = 2**36
_RANGE_SAMPLES = 16


class FilePixels(ABC):
    """B-scans of one file or folder, axes ``[b, z, x]``, read on demand by path.

    Reads by offset rather than through a live memory map: a mapped file that shrinks (a
    network drive, a copy still running) kills the process with SIGBUS, a short read does not.
    No handle is kept open, so instances are picklable, safe to use from threads and do not
    lock the file on Windows.

    Values other than uint8 are shown scaled by one range per volume, taken from up to 16
    evenly chosen B-scans, so that B-scans stay comparable.

    Parameters
    ----------
    path : Path
    shape : (int, int, int)
        ``(b, z, x)``.
    """

    def __init__(self, path: Path, shape: tuple[int, int, int]) -> None:
        self._path = path
        self._shape = shape
        self._range: tuple[float, float] | None = None
        self._lock = Lock()

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        del state["_lock"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = Lock()

    @property
    def shape(self) -> tuple[int, int, int]:
        """``(b, z, x)``."""
        return self._shape

    @abstractmethod
    def _read(self, b: int) -> NDArray[np.generic]:
        """Return B-scan `b` as stored, axes ``[z, x]``."""

    def raw(self, b: int) -> NDArray[np.generic]:
        """Return B-scan `b` as stored, axes ``[z, x]``; invalid pixels of floats are NaN.

        Raises
        ------
        IndexError
            If there is no B-scan `b`.
        ReadError
            If the file was moved, cut or damaged since it was opened.
        """
        if not 0 <= b < self._shape[0]:
            raise IndexError(f"B-scan {b} of {self._shape[0]}")
        with only_read_errors(self._path):
            image = self._read(b)
            if image.shape != self._shape[1:]:
                raise ReadError(
                    self._path,
                    f"This {kind_of(self._path)} changed since it was opened.",
                    "Open it again.",
                )
            return image

    def display(self, b: int) -> U8:
        """Return B-scan `b` as 8-bit grey, axes ``[z, x]`` (errors as in :meth:`raw`)."""
        image = self.raw(b)
        if image.dtype == np.uint8:
            return np.ascontiguousarray(image, dtype=np.uint8)
        with only_read_errors(self._path):
            return to_display(image, *self._display_range())

    def _display_range(self) -> tuple[float, float]:
        """Return the values shown as black and as white."""
        if self._range is None:
            n = self._shape[0]
            chosen = np.unique(np.linspace(0, n - 1, min(n, _RANGE_SAMPLES)).astype(int))
            self._range = value_range([self.raw(int(b)) for b in chosen])
        return self._range


def value_range(images: list[NDArray[np.generic]]) -> tuple[float, float]:
    """Return the least and greatest finite value of `images`, (0, 1) when there is none."""
    lows, highs = [], []
    for image in images:
        finite = image[np.isfinite(image)] if image.dtype.kind == "f" else image.ravel()
        if finite.size:
            lows.append(float(finite.min()))
            highs.append(float(finite.max()))
    return (min(lows), max(highs)) if lows else (0.0, 1.0)


def read_exactly(path: Path, dtype: DTypeLike, count: int, offset: int) -> NDArray[Any]:
    """Return `count` values of `dtype` at byte `offset` of the file.

    Raises
    ------
    ReadError
        If the file ends before.
    """
    values = np.fromfile(path, dtype=dtype, count=count, offset=offset)
    if values.size != count:
        raise cut_short(path, f"This {kind_of(path)} ends in the middle of a B-scan.")
    return values


def checked_shape(path: Path, b: int, z: int, x: int, item_bytes: int) -> tuple[int, int, int]:
    """Return ``(b, z, x)`` if a scan may have that size, else raise ReadError."""
    if min(b, z, x) < 1:
        raise ReadError(
            path,
            f"This {kind_of(path)} holds no image ({b} × {z} × {x}).",
            "Export the scan again from the device.",
        )
    if z * x > MAX_B_SCAN_PX or b * z * x * item_bytes > MAX_VOLUME_BYTES:
        raise ReadError(
            path,
            f"The size in the header of this {kind_of(path)} ({b} × {z} × {x}) cannot be true.",
            "The header is damaged: export the scan again from the device.",
        )
    return b, z, x
