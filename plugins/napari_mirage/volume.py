"""VolumeArray: a scan's B-scans as an array that napari slices; no volume is ever built for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mirage_core.scan import Scan
from napari_mirage.notify import notify

U8 = NDArray[np.uint8]

_KEPT = 8
"""B-scans kept decoded."""


class VolumeArray:
    """The 8-bit volume ``[b, z, x]`` of `scan`, of which only what is asked for is read.

    A B-scan that cannot be read is black here, so that one damaged place does not take the
    viewer down; :attr:`problems` says why. Threads may read at once.

    Parameters
    ----------
    scan : Scan

    Attributes
    ----------
    problems : dict of int to Exception
        What the reader raised, by B-scan.
    """

    ndim = 3
    dtype = np.dtype(np.uint8)

    def __init__(self, scan: Scan) -> None:
        self.scan = scan
        self.problems: dict[int, Exception] = {}
        self._told: set[int] = set()
        self._by_itself = True
        self._read: Callable[[int], U8] = lru_cache(maxsize=_KEPT)(scan.b_scan)

    @property
    def shape(self) -> tuple[int, int, int]:
        """``(b, z, x)``."""
        return self.scan.shape

    @property
    def size(self) -> int:
        """Number of voxels."""
        n, height, width = self.shape
        return n * height * width

    @property
    def nbytes(self) -> int:
        """Bytes that the whole volume would take."""
        return self.size

    def read_through(self, read: Callable[[int], U8] | None) -> None:
        """Get B-scans from `read` from now on, a cache that looks ahead; None: from the scan."""
        self._by_itself = read is None
        self._read = read if read is not None else lru_cache(maxsize=_KEPT)(self.scan.b_scan)

    def b_scan(self, b: int) -> U8:
        """Return B-scan `b` ``[z, x]``, black if it cannot be read."""
        try:
            image = self._read(b)
        except Exception as error:
            # Any reader's failure costs this B-scan only; the others and the work stay.
            self.problems[b] = error
            self._tell(b, error)
            return np.zeros(self.shape[1:], np.uint8)
        self.problems.pop(b, None)
        return image

    def _tell(self, b: int, error: Exception) -> None:
        """Say once that B-scan `b` is black for want of data; the workbench says so itself."""
        if self._by_itself and b not in self._told:
            self._told.add(b)
            notify(f"B-scan {b + 1} cannot be read and is black. {_why(error)}")

    def __deepcopy__(self, memo: dict[int, Any]) -> VolumeArray:
        """Return another array of the same scan, as napari's Duplicate Layer asks for it."""
        return VolumeArray(self.scan)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> Any:
        """Return the part that `key` names, as numpy would of the whole volume."""
        first, rest = _split(key)
        where = np.arange(self.shape[0])[first]
        if where.ndim == 0:
            return self.b_scan(int(where))[rest]
        parts = [self.b_scan(b)[rest] for b in where.tolist()]
        if not parts:
            return np.zeros((0, *np.zeros(self.shape[1:], bool)[rest].shape), np.uint8)
        return np.stack(parts)

    def __array__(self, dtype: DTypeLike = None, copy: bool | None = None) -> NDArray[Any]:
        """Return the whole volume, as numpy asks for it."""
        if copy is False:
            raise ValueError("a volume that is read on demand cannot be had without copying")
        return np.asarray(self[:], dtype)


def _why(error: Exception) -> str:
    """Return the reason; the words of other errors can hold a file's name, and that a patient's."""
    what = getattr(error, "what", None)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}."
    return str(what) if what is not None else ""


def _split(key: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return what `key` says of the B-scans, and of rows and columns."""
    parts = key if isinstance(key, tuple) else (key,)
    if Ellipsis in [p for p in parts if not isinstance(p, np.ndarray)]:
        at = next(i for i, p in enumerate(parts) if p is Ellipsis)
        gap = (slice(None),) * (VolumeArray.ndim - len(parts) + 1)
        parts = (*parts[:at], *gap, *parts[at + 1 :])
    if len(parts) > VolumeArray.ndim:
        raise IndexError(f"too many indices for a volume: {len(parts)}")
    first = parts[0] if parts else slice(None)
    if not isinstance(first, slice | int | np.integer):
        first = np.asarray(first)
    return first, tuple(parts[1:])
